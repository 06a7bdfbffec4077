"""Writing a message into the outbox, inside the transaction that it tells of. Sending is the job's work."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from sertakan.db import db, in_transaction
from sertakan.kit import clock
from sertakan.kit.text import many_lines
from sertakan.notices import queries, rules
from sertakan.notices.links import mute_link
from sertakan.notices.models import Notice, NoticeState
from sertakan.notices.rules import DISABLED, MUTED, NO_CONTACT, NO_SMS
from sertakan.notices.wording import words_of

log = logging.getLogger("sertakan.notices")


class Recipient(Protocol):
    """What a message must know of a person; accounts.models.Person fits."""

    id: Any
    ref: Any
    name: Any
    email: Any
    phone: Any
    locale: Any
    muted_at: Any
    disabled_at: Any


def queue(
    *,
    key: str,
    kind: str,
    subject: str,
    person: Recipient | None,
    context: Mapping[str, Any],
    locale: str | None = None,
    to: str | None = None,
    not_before: datetime | None = None,
    stale_at: datetime | None = None,
    skip: str | None = None,
) -> Notice:
    """Write one message in its reader's language. The same `key` again changes nothing and returns the first one.

    `subject` is `kind:ref` of what it tells about; `to` replaces the person's own address. A message that cannot or should not
    be sent (no address, muted, closed account, or the caller's `skip`) is kept as skipped with its reason. From `stale_at` on it
    is not sent any more. Raises MissingWords for a kind without its words.
    """
    assert in_transaction(), "a message is written with the change that it tells of"
    rules.check_words(kind, frozenset(context))
    known = queries.find_by_key(key)
    if known is not None:
        return known
    locale = locale or (person.locale if person else "id")
    address, channel = _address(person, to)
    title, body = _render(kind, locale, person, context)
    now = clock.now()
    reason = skip or _reason_not_to_send(kind, person, address, channel)
    notice = Notice(
        key=key,
        kind=kind,
        subject=subject,
        person_id=person.id if person else None,
        channel=channel,
        locale=locale,
        title=title,
        state=NoticeState.skipped if reason else NoticeState.queued,
        reason=reason,
        attempts=0,
        created_at=now,
        next_try_at=rules.after_quiet(kind, not_before or now),
        stale_at=stale_at,
    )
    notice.to, notice.body = address, body
    return _add(notice)


def _add(notice: Notice) -> Notice:
    """Insert, or return the one that another process wrote under the same key at the same moment."""
    try:
        with db.session.begin_nested():
            db.session.add(notice)
    except IntegrityError:
        known = queries.find_by_key(notice.key)
        if known is None:
            raise
        return known
    if notice.reason:
        log.info("notice %s (%s) is not sent: %s", notice.ref, notice.kind, notice.reason)
    return notice


def _address(person: Recipient | None, to: str | None) -> tuple[str, str]:
    """The address and its channel: e-mail first (UX: messages go by e-mail first)."""
    address = to or (person and (person.email or person.phone)) or ""
    return address, "sms" if address.startswith("+") else "email"


def _reason_not_to_send(kind: str, person: Recipient | None, address: str, channel: str) -> str | None:
    if not address:
        return NO_CONTACT
    if person is not None and person.disabled_at is not None:
        return DISABLED
    if person is not None and person.muted_at is not None and rules.may_be_muted(kind):
        return MUTED
    return NO_SMS if channel == "sms" else None


def _render(kind: str, locale: str, person: Recipient | None, context: Mapping[str, Any]) -> tuple[str, str]:
    """Title (the text's first line, free of personal data) and body."""
    facts = {
        "reader": {"name": person.name} if person else None,
        "home": f"{current_app.config['SETTINGS'].base_url}{'/en' if locale == 'en' else ''}/",
        "mute_url": mute_link(person.ref, locale) if person and rules.may_be_muted(kind) else None,
    }
    with force_locale(locale):
        text = render_template(f"notices/{kind}.txt", **facts, **words_of(context, locale))
    title, _newline, body = many_lines(text).partition("\n")
    return title[:160], body.strip() + "\n"


def skip_waiting(*, person_id: int, reason: str, kinds: Collection[str] | None = None) -> int:
    """Unsent messages of one person are not sent any more, all or of some kinds; returns how many."""
    assert in_transaction()
    statement = update(Notice).where(Notice.person_id == person_id, Notice.state == NoticeState.queued)
    if kinds is not None:
        statement = statement.where(Notice.kind.in_(kinds))
    result = db.session.execute(statement.values(state=NoticeState.skipped, reason=reason))
    return int(getattr(result, "rowcount", 0))


def skip_waiting_about(*, subject: str, reason: str, kinds: Collection[str] | None = None) -> int:
    """Unsent messages about one thing are not sent any more (a worker died, a sponsorship was renewed); returns how many."""
    assert in_transaction()
    statement = update(Notice).where(Notice.subject == subject, Notice.state == NoticeState.queued)
    if kinds is not None:
        statement = statement.where(Notice.kind.in_(kinds))
    result = db.session.execute(statement.values(state=NoticeState.skipped, reason=reason))
    return int(getattr(result, "rowcount", 0))
