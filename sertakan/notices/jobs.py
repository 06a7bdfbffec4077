"""Sending what is due. Each message is claimed, sent outside any transaction, and stamped, one by one.

A claim is a lease: it moves `next_try_at` ahead, so that two workers never send the same message, and a worker that dies in between
leaves the message to be tried again. The one place where a message could go out twice lies between the mail server's "250 OK" and
our stamp. A code, a receipt or a decision is sent again from there, under the same Message-ID (twice is better than never). A
reminder is stamped `handed_at` just before it is handed over, and one that is found so is given up with that reason: never twice.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import update

from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices import queries, rules
from sertakan.notices.email import BadAddress, Mail, NotSent, Postman, ServerAway, is_configured
from sertakan.notices.models import Notice, NoticeState
from sertakan.web.knock import knock

log = logging.getLogger("sertakan.notices")
FEW = 20
MANY = 200
Look = Callable[[Notice], str | None]


def _nothing_to_look_at(_notice: Notice) -> None:
    return None


def send_due(limit: int | None = None, look_again: Look = _nothing_to_look_at, seconds: float = math.inf) -> int:
    """Send messages whose time has come until none is left (or `limit` of them were looked at); returns how many went out.

    `look_again` is asked about each reminder inside the transaction that claims it: why it is no longer true, or None. Without a
    mail server nothing goes out: in the demo the messages count as sent and are read on its page, elsewhere they wait. A run
    stops when the server was away three times in a row: it is not asked about each of them. After `seconds` it lets the other jobs
    have their turn and knocks for the rest.
    """
    demo = bool(current_app.config["DEMO"])
    if not is_configured() and not demo:
        if due := queries.list_due(clock.now(), MANY):
            log.warning("%s messages wait: SMTP_URL is not set", f"{MANY} or more" if len(due) == MANY else len(due))
        return 0
    until, sent, away = time.monotonic() + seconds, 0, 0
    with Postman() as postman:
        for notice_id in _due(limit):
            mail = _claim(notice_id, look_again)
            if mail is not None:
                went = _deliver(postman, notice_id, mail)
                sent, away = sent + bool(went), away + 1 if went is None else 0
            if away == rules.MOST_FAILURES:
                break
            if time.monotonic() >= until:
                knock("notices")
                break
    return sent


def _due(limit: int | None) -> Iterator[int]:
    """Up to `limit` of them, asked for a few at a time: a code that comes while reminders go out is among the next few."""
    seen: set[int] = set()
    while limit is None or len(seen) < limit:
        wanted = FEW if limit is None else min(FEW, limit - len(seen))
        few = [row_id for row_id in queries.list_due(clock.now(), wanted) if row_id not in seen]
        if not few:
            return
        seen.update(few)
        yield from few


def _claim(notice_id: int, look_again: Look = _nothing_to_look_at) -> Mail | None:
    """Take one message for this worker, by compare-and-set; None when it is not (or no longer) to be sent."""
    with transaction() as session:
        now = clock.now()
        row = session.get(Notice, notice_id)
        if row is None or row.state is not NoticeState.queued or row.next_try_at > now:
            return None
        if reason := _why_never(row, now, look_again):
            _finish(notice_id, state=NoticeState.skipped, reason=reason)
            return None
        allowed_at = rules.after_quiet(row.kind, now)
        if allowed_at > now:
            _finish(notice_id, next_try_at=allowed_at)
            return None
        seen = row.next_try_at
        claim = update(Notice).where(Notice.id == notice_id, Notice.state == NoticeState.queued, Notice.next_try_at == seen)
        result: Any = session.execute(claim.values(next_try_at=now + rules.LEASE, attempts=Notice.attempts + 1))
        return Mail(row.ref, row.to, row.title, row.body, row.locale, row.stop_url) if result.rowcount == 1 else None


def _why_never(row: Notice, now: datetime, look_again: Look) -> str | None:
    if row.handed_at is not None:
        return rules.INTERRUPTED
    if row.stale_at is not None and row.stale_at <= now:
        return rules.STALE
    return look_again(row) if row.kind in rules.REMINDERS else None


def _deliver(postman: Postman, notice_id: int, mail: Mail) -> bool | None:
    """Whether the message went out; None when there was no server to give it to."""
    try:
        if is_configured():
            if mail.stop_url:
                postman.ready()
                with transaction():
                    _finish(notice_id, handed_at=clock.now())
            postman.send(mail)
    except BadAddress as error:
        log.warning("notice %s: the address is refused (%s)", mail.ref, error)
        with transaction():
            _finish(notice_id, state=NoticeState.failed, reason=rules.BAD_ADDRESS)
        return False
    except NotSent as error:
        log.warning("notice %s: not sent (%s)", mail.ref, error)
        _try_later(notice_id)
        return None if isinstance(error, ServerAway) else False
    with transaction():
        _finish(notice_id, state=NoticeState.sent, sent_at=clock.now(), reason=None)
    return True


def _try_later(notice_id: int) -> None:
    """The server said no, or was not there: the message did not go out."""
    with transaction() as session:
        attempts = session.get_one(Notice, notice_id).attempts
        if attempts >= rules.MOST_TRIES:
            _finish(notice_id, state=NoticeState.failed, reason=rules.TOO_MANY)
        else:
            _finish(notice_id, next_try_at=clock.now() + rules.wait_after(attempts), handed_at=None)


def _finish(notice_id: int, **values: Any) -> None:
    """Stamp a message that still waits; one that was sent or dropped meanwhile stays as it is."""
    db.session.execute(update(Notice).where(Notice.id == notice_id, Notice.state == NoticeState.queued).values(**values))
