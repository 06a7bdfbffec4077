"""An office changes hands under a decree (mutasi): one leaves after a month, another begins with the next, and nothing is lost.

The new holder comes as a list of one row, on the same rules as a file: checked, submitted by one member, confirmed by another. When it
is applied, the one who leaves ends, and the money in her later months fills those of the new holder.
"""

from sqlalchemy import select

from sertakan.accounts.models import Membership
from sertakan.bulk import queries, rules, service
from sertakan.bulk.models import Upload
from sertakan.bulk.rows import COLUMNS, KEYS, OFFICE_COLUMNS, OFFICE_KEYS
from sertakan.coverage import queries as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import split_post
from sertakan.kit import clock, sheet
from sertakan.kit.months import Month
from sertakan.payments import filling, refunds
from sertakan.payments import queries as payments
from sertakan.payments.models import Payment
from sertakan.payments.rules import RefundReason
from sertakan.sponsorships import leaving
from sertakan.sponsorships import queries as promises
from sertakan.sponsorships.models import Sponsorship


def list_last_months(promise: Sponsorship, this: Month) -> list[Month]:
    """The months that may be the last of who leaves: from last month on, while a later one is still hers to hand over."""
    free = [row.month for row in coverage.months_of_sponsorship(promise.id) if leaving.may_be_freed(row) and row.month >= this]
    return [month + -1 for month in sorted(free)]


def start(*, actor: Membership, decree: Decree, leaves: Sponsorship, last: Month, cells: dict[str, str], name: str) -> Upload:
    """A list of one who takes over after `last`, to the end of who leaves. `cells`: nik, name and phone of the
    one who comes; office and occupation are those of the one who leaves.

    Refuses NothingToHandOver, UnpaidHandOver, and what `service.start` refuses.
    """
    if last not in list_last_months(leaves, clock.this_month()):
        raise rules.NothingToHandOver(field="last_month")
    later = [one for one in coverage.months_of_sponsorship(leaves.id) if one.month > last]
    if any(one.state is MonthState.reserved for one in later):
        raise rules.UnpaidHandOver(field="last_month")
    position, rt_rw, kelurahan = split_post(leaves.post or "")
    row = dict.fromkeys((*KEYS, *OFFICE_KEYS), "") | cells
    row |= {"occupation": leaves.worker.occupation_code, "position": position, "rt_rw": rt_rw, "kelurahan": kelurahan}
    columns = (*COLUMNS, *OFFICE_COLUMNS)
    # who leaves and when stands in the titles, or the same person in another office were the same file
    titles = [*(column.titles[0] for column in columns), f"{leaves.code} {last}"]
    data = b"".join(sheet.csv_lines(titles, [[*(row[column.key] for column in columns), ""]]))
    count = leaves.last_month - last
    return service.start(actor=actor, name=name, data=data, first_month=last + 1, count=count, decree=decree, replaces=leaves)


def hand_over(*, actor: str, upload: Upload) -> None:
    """Who leaves ends before the list's first month; her months' money waits for `fill`. Twice changes nothing."""
    if upload.replaces_id is not None:
        leaves = promises.get(upload.replaces_id, lock=True)
        leaving.end_after(actor=actor, sponsorship=leaves, month=upload.first_month + -1, reason="office handed over")


def fill(*, actor: str, upload: Upload) -> None:
    """The money in the months that became free fills the new holder's, month by month; what does not fit is parked (I21)."""
    if upload.replaces_id is None:
        return
    freed = select(CoverageMonth.id).where(
        CoverageMonth.sponsorship_id == upload.replaces_id,
        CoverageMonth.state == MonthState.released,
        CoverageMonth.month >= upload.first_month,
    )
    allocations = payments.live_allocations(list(db.session.scalars(freed)))
    refunds.free(allocations)
    waiting = queries.promised_months(upload.id)
    left: dict[int, int] = {}
    for allocation in allocations:
        left[allocation.payment_id] = left.get(allocation.payment_id, 0) + allocation.amount_rupiah
    for month in waiting:
        payment_id = next((one for one, amount in left.items() if amount >= month.price_rupiah), None)
        if payment_id is None:
            break
        left[payment_id] -= month.price_rupiah
        filling.allocate(db.session.get_one(Payment, payment_id), month, actor)
    for payment_id, amount in left.items():
        if amount:
            refunds.park(db.session.get_one(Payment, payment_id), amount, RefundReason.cancelled)
