"""Writing a message into the outbox, inside the transaction that it tells of. Sending is the job's work."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from sertakan.batch import insert_all
from sertakan.db import db, in_transaction, keyring, new_ref
from sertakan.kit import clock
from sertakan.kit.text import many_lines
from sertakan.notices import queries, rules
from sertakan.notices.email import reaches_phones
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
    return _add(Notice(**_write(Letter(key, kind, subject, person, context, locale, to, not_before, stale_at, skip))))


@dataclass(frozen=True)
class Letter:
    """One message before it is written; the words of `queue`."""

    key: str
    kind: str
    subject: str
    person: Recipient | None
    context: Mapping[str, Any]
    locale: str | None = None
    to: str | None = None
    not_before: datetime | None = None
    stale_at: datetime | None = None
    skip: str | None = None


def queue_many(letters: Sequence[Letter]) -> list[int]:
    """Write many messages with two statements; their ids in the order given. A key that is known fails the whole transaction."""
    assert in_transaction(), "a message is written with the change that it tells of"
    for letter in letters:
        rules.check_words(letter.kind, frozenset(letter.context))
    if not letters:
        return []
    written = [_write(letter) for letter in letters]
    insert_all(Notice, written)
    refs = [row["ref"] for row in written]
    ids = {ref: found for found, ref in db.session.execute(select(Notice.id, Notice.ref).where(Notice.ref.in_(refs)))}
    return [ids[ref] for ref in refs]


def _write(letter: Letter) -> dict[str, Any]:
    """The row of a message, with its text and its seals."""
    person, kind = letter.person, letter.kind
    locale = letter.locale or (person.locale if person else "id")
    address, channel = _address(person, letter.to)
    stop_url = mute_link(person.ref, locale) if person and rules.may_be_muted(kind) else None
    title, body = _render(kind, locale, person, {**letter.context, "mute_url": stop_url})
    if channel == "sms":
        body = _short(kind, locale, title, letter.context)
    now, ref, seal = clock.now(), new_ref(), keyring().seal
    reason = letter.skip or _reason_not_to_send(kind, person, address, channel)
    return {
        "ref": ref,
        "key": letter.key,
        "kind": kind,
        "subject": letter.subject,
        "person_id": person.id if person else None,
        "channel": channel,
        "locale": locale,
        "to_sealed": seal(address, f"notice:{ref}:to_sealed"),
        "title": title,
        "body_sealed": seal(body, f"notice:{ref}:body_sealed"),
        "state": NoticeState.skipped if reason else NoticeState.queued,
        "reason": reason,
        "attempts": 0,
        "created_at": now,
        "next_try_at": rules.after_quiet(kind, letter.not_before or now),
        "stale_at": letter.stale_at,
        "stop_url": stop_url,
    }


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
    return address, "sms" if rules.is_mobile(address) else "email"


def _reason_not_to_send(kind: str, person: Recipient | None, address: str, channel: str) -> str | None:
    if not address:
        return NO_CONTACT
    if person is not None and person.disabled_at is not None:
        return DISABLED
    if person is not None and person.muted_at is not None and rules.may_be_muted(kind):
        return MUTED
    return NO_SMS if channel == "sms" and not reaches_phones() else None


def _render(kind: str, locale: str, person: Recipient | None, context: Mapping[str, Any]) -> tuple[str, str]:
    """Title (the text's first line, free of personal data) and body."""
    facts = {
        "reader": {"name": person.name} if person else None,
        "home": f"{current_app.config['SETTINGS'].base_url}{'/en' if locale == 'en' else ''}/",
    }
    with force_locale(locale):
        # a message knows no request, so none of what a page knows of it is put together
        text = current_app.jinja_env.get_template(f"notices/{kind}.txt").render(**facts, **words_of(context, locale))
    title, _newline, body = many_lines(text).partition("\n")
    return title[:160], body.strip() + "\n"


def _short(kind: str, locale: str, title: str, context: Mapping[str, Any]) -> str:
    """The text message: a code, or what it is about and where to read it; no name, and one or two segments long."""
    where = next((context[name] for name in ("url", "receipt_url", "link") if context.get(name)), None)
    with force_locale(locale):
        code = context["code"] if kind in rules.CODES else None
        return render_template("notices/sms.txt", title=title, code=code, url=where).strip() + "\n"


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


def take_back(*, notice_id: int, reason: str) -> bool:
    """One message that waits is not sent; its key is free for another. False when it went out or was given up before."""
    assert in_transaction()
    waits = (Notice.id == notice_id, Notice.state == NoticeState.queued, Notice.handed_at.is_(None))
    freed = Notice.key + "~" + Notice.ref
    result = db.session.execute(update(Notice).where(*waits).values(state=NoticeState.skipped, reason=reason, key=freed))
    return int(getattr(result, "rowcount", 0)) == 1
