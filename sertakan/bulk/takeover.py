"""Public money comes before private money: somebody named in a decree whom a resident or a company pays for already.

Their months that have not set out for BPJS become free when the decree's list is applied, their money waits for them, and they are
asked what next (PRODUCT idea 24). Months at BPJS stay theirs; then the worker is passed over like anybody who is covered.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select

from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rules import RowState
from sertakan.coverage.models import IS_LIVE, CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.kit.months import Month, span
from sertakan.payments import giving_way
from sertakan.sponsorships import queries as promises
from sertakan.tariff.rules import PayerKind
from sertakan.workers.models import Worker

PRIVATE = (PayerKind.private, PayerKind.company)


def gives_way() -> ColumnElement[bool]:
    """A private sponsor's month that is promised, or paid and not yet on its way to BPJS."""
    here = or_(
        CoverageMonth.state == MonthState.reserved,
        and_(CoverageMonth.state == MonthState.paid, CoverageMonth.sending_at.is_(None)),
    )
    return and_(CoverageMonth.source == MonthSource.sponsorship, CoverageMonth.payer_kind.in_(PRIVATE), here)


def count_crossing(upload: Upload) -> int:
    """How many people of the ready rows a private sponsor pays for in these months; never who."""
    months = span(upload.first_month, upload.count)
    statement = (
        select(func.count(func.distinct(Worker.id)))
        .join(UploadRow, UploadRow.nik_hash == Worker.nik_hash)
        .join(CoverageMonth, CoverageMonth.worker_id == Worker.id)
        .where(UploadRow.upload_id == upload.id, UploadRow.state == RowState.ready)
        .where(IS_LIVE, CoverageMonth.month.in_(months), gives_way())
    )
    return db.session.scalar(statement) or 0


def free(*, actor: str, worker_ids: Iterable[int], months: Sequence[Month]) -> int:
    """These months of these workers are free now, whoever private held them. Returns how many promises gave way."""
    rows = db.session.execute(
        select(CoverageMonth.sponsorship_id)
        .where(CoverageMonth.worker_id.in_(list(worker_ids)), CoverageMonth.month.in_(months), IS_LIVE, gives_way())
        .distinct()
    )
    ids = sorted(row[0] for row in rows if row[0] is not None)
    for one in ids:
        giving_way.give_way(actor=actor, sponsorship=promises.get(one, lock=True), months=set(months))
    return len(ids)
