"""What is due becomes messages: all lines of one person in one message, at most one a day, looked at again before it goes out.

Several hundred people share a transaction and its few statements; when one of them fails, each has a transaction of her own (I18).
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import span
from sertakan.notices import rules as notice_rules
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.notices.models import Notice
from sertakan.notices.service import Letter
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import calendar, links, officers, queries, reminders, rules, truth
from sertakan.sponsorships.models import Reminder, Sponsorship
from sertakan.sponsorships.rules import ReminderState
from sertakan.sponsorships.truth import Facts
from sertakan.tariff import queries as tariff_queries
from sertakan.tariff.rules import Quote

log = logging.getLogger("sertakan.sponsorships")
CHUNK = 200


def write_letters() -> dict[str, int]:
    """Every due line is written into its reader's message, or skipped with a reason, or waits for tomorrow's message."""
    done: Counter[str] = Counter({"letters": 0, "lines": 0, "skipped": 0, "waiting": 0, "failed": 0, "officers": 0})
    for recipients in _chunks():
        try:
            with transaction():
                found = _write(recipients)
        except Exception:
            log.exception("letters: a batch failed, now one by one")
            found = _one_by_one(recipients)
        done.update(found)
    done["officers"] = officers.tell_officers()
    return dict(done)


def _chunks() -> Iterator[Sequence[str]]:
    """Who has something due, a few hundred at a time."""
    last = ""
    while True:
        due = select(Reminder.recipient).where(Reminder.state == ReminderState.due, Reminder.recipient > last)
        found = db.session.scalars(due.distinct().order_by(Reminder.recipient).limit(CHUNK)).all()
        if not found:
            return
        last = found[-1]
        yield found


def _one_by_one(recipients: Iterable[str]) -> Counter[str]:
    done: Counter[str] = Counter()
    for recipient in recipients:
        try:
            with transaction():
                found = _write([recipient])
        except Exception:
            log.exception("letters: the message to %s failed", recipient)
            done["failed"] += 1
        else:
            done.update(found)
    return done


def _write(recipients: Sequence[str]) -> Counter[str]:
    due = select(Reminder).where(Reminder.state == ReminderState.due, Reminder.recipient.in_(recipients))
    rows = db.session.scalars(due.order_by(Reminder.recipient, Reminder.id).with_for_update(skip_locked=True)).all()
    facts = truth.read(rows)
    living, done = _still_true(rows, facts)
    told_today = queries.written_keys([_key(row, facts) for row in living])
    telling = [row for row in living if _key(row, facts) not in told_today]
    groups = [list(of_one) for _recipient, of_one in groupby(telling, key=lambda row: row.recipient)]
    tokens = links.make_links([[row.sponsorship_id for row in mine] for mine in groups], rules.RENEW)
    ids = notices.queue_many([_letter(mine, facts, token) for mine, token in zip(groups, tokens, strict=True)])
    for notice_id, mine in zip(ids, groups, strict=True):
        for row in mine:
            reminders.move(row, ReminderState.queued, notice_id=notice_id)
    return done + Counter(letters=len(groups), lines=len(telling), waiting=len(living) - len(telling))


def _still_true(rows: Sequence[Reminder], facts: Facts) -> tuple[list[Reminder], Counter[str]]:
    """Those to be told now; what is no longer true is skipped with its reason, what waits is left."""
    living, done = [], Counter[str]()
    for row in rows:
        if reason := truth.why_not(row, facts):
            reminders.move(row, ReminderState.skipped, reason)
            done["skipped"] += 1
        elif truth.waits(row, facts):
            done["waiting"] += 1
        else:
            living.append(row)
    return living, done


def _key(row: Reminder, facts: Facts) -> str:
    """One message a day: the unique key of the outbox holds it, also against another process."""
    return f"reminders:{facts.sponsorships[row.sponsorship_id].sponsor.ref}:{_sending_day(facts)}"


def _sending_day(facts: Facts) -> date:
    return clock.local(notice_rules.after_quiet("reminders", facts.now)).date()


# ---- the words -----------------------------------------------------------------------------------------------------------------


def _letter(rows: Sequence[Reminder], facts: Facts, token: str) -> Letter:
    """One worker: the text of her own stage; several: a list, the most urgent first."""
    ordered = sorted(rows, key=lambda row: (row.covered_until, row.id))
    first = facts.sponsorships[ordered[0].sponsorship_id]
    locale = first.sponsor.locale
    where = {
        "url": absolute("payments.renew_by_link", locale, token=token),
        "calendar_url": absolute("sponsorships.calendar_feed", locale, token=calendar.token_of(first.sponsor.ref)),
    }
    with force_locale(locale):
        items = [_item(row, facts) for row in ordered]
    alone = len(items) == 1
    return Letter(
        key=_key(ordered[0], facts),
        kind=ordered[0].kind.notice if alone else "reminders",
        subject=f"sponsorship:{first.ref}" if alone else f"person:{first.sponsor.ref}",
        person=first.sponsor,
        context=where | (items[0] if alone else {"items": items}),
        stale_at=min(row.stale_at for row in ordered),
    )


def _item(row: Reminder, facts: Facts) -> dict[str, Any]:
    """What a line says: who, until when, and which months at which price each."""
    sponsorship = facts.sponsorships[row.sponsorship_id]
    quote = _offer(sponsorship, facts)
    return {
        "code": sponsorship.code,
        "worker": queries.display_name(sponsorship),
        "stage": row.kind.notice,
        "covered_until": row.covered_until,
        "since": row.covered_until + timedelta(days=1),
        "days": abs((row.covered_until - facts.today).days),
        "lines": [(line.month, line.total_rupiah) for line in quote.lines],
        "total": quote.total_rupiah,
    }


def _offer(sponsorship: Sponsorship, facts: Facts) -> Quote:
    """What going on would cost, month by month, at the months' own prices (opencollective #2138: never the old one).

    The same for all of one batch with the same work, payer and package.
    """
    first, work = facts.next_start(sponsorship), sponsorship.worker.occupation_code
    asked = (first, work, sponsorship.payer_kind, sponsorship.package)
    if asked not in facts.quotes:
        facts.quotes[asked] = tariff_queries.quote_for(span(first, steps.DEFAULT_MONTHS), *asked[1:])
    return facts.quotes[asked]


# ---- before it goes out --------------------------------------------------------------------------------------------------------


def look_again(notice: Notice) -> str | None:
    """Asked in the transaction that claims a reminder for sending: why it is not sent, or None when all of it is still true.

    What is no longer true is skipped; the other lines are due again and stand in the next message.
    """
    queued = select(Reminder).where(Reminder.notice_id == notice.id, Reminder.state == ReminderState.queued)
    rows = db.session.scalars(queued.with_for_update()).all()
    facts = truth.read(rows)
    untrue = {row.id: reason for row in rows if (reason := truth.why_not(row, facts))}
    if not untrue and not any(truth.waits(row, facts) for row in rows):
        return None
    why = next(iter(untrue.values())) if len(untrue) == len(rows) else notice_rules.CHANGED
    notices.take_back(notice_id=notice.id, reason=why)
    for row in rows:
        if row.id in untrue:
            reminders.move(row, ReminderState.skipped, untrue[row.id])
        else:
            reminders.move(row, ReminderState.due)
    return why
