"""Sending what is due. Each message is claimed, sent outside any transaction, and stamped, one by one.

A claim is a lease: it moves `next_try_at` ahead, so that two workers never send the same message, and a worker that dies in between
leaves the message to be tried again.
"""

import logging
from typing import Any

from flask import current_app
from sqlalchemy import update

from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices import queries, rules
from sertakan.notices.email import BadAddress, Mail, NotSent, Postman, is_configured
from sertakan.notices.models import Notice, NoticeState

log = logging.getLogger("sertakan.notices")


def send_due(limit: int = 200) -> int:
    """Send up to `limit` messages whose time has come; returns how many went out.

    Without a mail server nothing goes out: in the demo the messages count as sent and are read on its page, elsewhere they wait.
    """
    demo = bool(current_app.config["DEMO"])
    due = queries.list_due(clock.now(), limit)
    if due and not is_configured() and not demo:
        log.warning("%s messages wait: SMTP_URL is not set", len(due))
        return 0
    sent = 0
    with Postman() as postman:
        for notice_id in due:
            mail = _claim(notice_id)
            if mail is not None:
                sent += _deliver(postman, notice_id, mail)
    return sent


def _claim(notice_id: int) -> Mail | None:
    """Take one message for this worker, by compare-and-set; None when it is not (or no longer) to be sent."""
    with transaction() as session:
        now = clock.now()
        row = session.get(Notice, notice_id)
        if row is None or row.state is not NoticeState.queued or row.next_try_at > now:
            return None
        if row.stale_at is not None and row.stale_at <= now:
            _finish(notice_id, state=NoticeState.skipped, reason=rules.STALE)
            return None
        allowed_at = rules.after_quiet(row.kind, now)
        if allowed_at > now:
            _finish(notice_id, next_try_at=allowed_at)
            return None
        seen = row.next_try_at
        claim = update(Notice).where(Notice.id == notice_id, Notice.state == NoticeState.queued, Notice.next_try_at == seen)
        result: Any = session.execute(claim.values(next_try_at=now + rules.LEASE, attempts=Notice.attempts + 1))
        return Mail(row.ref, row.to, row.title, row.body, row.locale) if result.rowcount == 1 else None


def _deliver(postman: Postman, notice_id: int, mail: Mail) -> int:
    """1 when the message went out, 0 when it waits for another try or was given up."""
    try:
        if is_configured():
            postman.send(mail)
    except BadAddress as error:
        log.warning("notice %s: the address is refused (%s)", mail.ref, error)
        with transaction():
            _finish(notice_id, state=NoticeState.failed, reason=rules.BAD_ADDRESS)
        return 0
    except NotSent as error:
        log.warning("notice %s: not sent (%s)", mail.ref, error)
        _try_later(notice_id)
        return 0
    with transaction():
        _finish(notice_id, state=NoticeState.sent, sent_at=clock.now(), reason=None)
    return 1


def _try_later(notice_id: int) -> None:
    with transaction() as session:
        attempts = session.get_one(Notice, notice_id).attempts
        if attempts >= rules.MOST_TRIES:
            _finish(notice_id, state=NoticeState.failed, reason=rules.TOO_MANY)
        else:
            _finish(notice_id, next_try_at=clock.now() + rules.wait_after(attempts))


def _finish(notice_id: int, **values: Any) -> None:
    """Stamp a message that still waits; one that was sent or dropped meanwhile stays as it is."""
    db.session.execute(update(Notice).where(Notice.id == notice_id, Notice.state == NoticeState.queued).values(**values))
