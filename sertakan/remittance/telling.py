"""Telling sponsors what BPJS answered: one message per promise and answer for residents, one in all for an organisation.

A message is written in the transaction that marks its lines as told, so a crash tells nobody twice. Nothing goes out about a worker
who died or left.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from flask_babel import force_locale
from sqlalchemy import select, update

from sertakan.accounts.models import Person
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db, transaction
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.remittance.models import Line
from sertakan.remittance.rules import REASONS, LineState
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.workers.models import Worker
from sertakan.workers.rules import GONE

WORKER_GONE = "pekerja sudah tidak aktif"
CHUNK = 100  # promises in one transaction


class Answered(NamedTuple):
    """A line that its sponsor does not know about yet."""

    line: Line
    month: CoverageMonth
    sponsorship: Sponsorship


def tell() -> int:
    """Write the messages for some promises; returns how many lines are told now, 0 when nothing is left."""
    with transaction():
        rows = _untold()
        for _who, group in groupby(rows, key=_owner):
            told = list(group)
            if told[0].sponsorship.organisation_id:
                _tell_organisation(told)
            else:
                _tell_resident(told)
        ids = [row.line.id for row in rows]
        db.session.execute(update(Line).where(Line.id.in_(ids)).values(told=True).execution_options(synchronize_session=False))
    return len(ids)


def _untold() -> list[Answered]:
    waiting = (
        select(CoverageMonth.sponsorship_id)
        .join(Line, Line.coverage_month_id == CoverageMonth.id)
        .where(Line.told.is_(False))
        .distinct()
        .limit(CHUNK)
    )
    promises = db.session.scalars(waiting).all()
    statement = (
        select(Line, CoverageMonth, Sponsorship)
        .join(CoverageMonth, CoverageMonth.id == Line.coverage_month_id)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(CoverageMonth.sponsorship_id.in_(promises), Line.told.is_(False))
        .order_by(Sponsorship.organisation_id, Sponsorship.sponsor_id, Sponsorship.id, Line.state, CoverageMonth.month)
        .with_for_update(of=Line)
    )
    rows = [Answered(*row) for row in db.session.execute(statement)]
    _load({row.sponsorship.worker_id for row in rows}, {row.sponsorship.sponsor_id for row in rows})
    return rows


def _load(workers: set[int], people: set[int]) -> None:
    """Two statements, so that the rows below find them in the session."""
    db.session.scalars(select(Worker).where(Worker.id.in_(workers))).all()
    db.session.scalars(select(Person).where(Person.id.in_(people))).all()


def _owner(row: Answered) -> tuple[int, int, str]:
    """Who gets one message for these lines."""
    promise = row.sponsorship
    if promise.organisation_id:
        return promise.organisation_id, promise.sponsor_id, ""
    return 0, promise.id, row.line.state.value


def _tell_resident(rows: Sequence[Answered]) -> None:
    promise, line = rows[0].sponsorship, rows[0].line
    locale = promise.sponsor.locale
    with force_locale(locale):
        worker = sponsorship_queries.display_name(promise)
    facts = {
        "code": promise.code,
        "worker": worker,
        "months": [row.month.month for row in rows],
        "url": absolute("sponsorships.detail", locale, code=promise.code),
    }
    if line.state is LineState.refused:
        assert line.reason is not None
        facts["reason"] = REASONS[line.reason]
    notices.queue(
        key=f"answer:{rows[0].month.ref}:{line.batch_id}",
        kind="posted" if line.state is LineState.posted else "bounced",
        subject=sponsorship_service.subject(promise),
        person=promise.sponsor,
        context=facts,
        skip=WORKER_GONE if promise.worker.state in GONE else None,
    )


def _tell_organisation(rows: Sequence[Answered]) -> None:
    sponsor = rows[0].sponsorship.sponsor
    bounced = sum(row.line.state is LineState.refused for row in rows)
    notices.queue(
        key=f"answers:{rows[0].month.ref}:{rows[0].line.batch_id}",
        kind="answers",
        subject=f"organisation:{rows[0].sponsorship.organisation_id}",
        person=sponsor,
        context={
            "posted": len(rows) - bounced,
            "bounced": bounced,
            "url": absolute("sponsorships.index", sponsor.locale),
        },
    )
