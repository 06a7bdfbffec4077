"""Reading what may be rescued, and by whom it was."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import exists, select

from sertakan.coverage import queries as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED
from sertakan.db import db
from sertakan.kit.months import Month
from sertakan.rescue.models import Rescue
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.prices import Offer
from sertakan.sponsorships.rules import ReviewState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import PayerKind
from sertakan.workers.rules import GONE


def owed(sponsorship: Sponsorship, today: date) -> list[Month]:
    """The months that somebody may pay now for this worker, oldest first."""
    if sponsorship.review_state is not ReviewState.approved or sponsorship.worker.state in GONE:
        return []
    return coverage.owed(sponsorship.worker_id, today)


def offers(sponsorship: Sponsorship, today: date) -> list[Offer]:
    """One month in arrears, two, or all that are owed, the longest last."""
    months = owed(sponsorship, today)
    return price(sponsorship, [months[:count] for count in range(1, len(months) + 1)])


def price(sponsorship: Sponsorship, runs: Iterable[list[Month]]) -> list[Offer]:
    """Each of these runs of months for this worker, each month at its own price for a resident."""
    work, package = sponsorship.worker.occupation_code, sponsorship.package
    return [Offer(len(run), tariff.quote_for(run, work, PayerKind.private, package)) for run in runs]


def find_rescued(sponsorship_id: int) -> int | None:
    """The id of the sponsorship that this one came to help; None when it is no rescue."""
    return db.session.scalar(select(Rescue.rescued_id).where(Rescue.sponsorship_id == sponsorship_id))


def list_untold(limit: int) -> Sequence[int]:
    """Ids of rescues that are paid and of which the helped sponsor does not know yet."""
    paid = exists().where(CoverageMonth.sponsorship_id == Rescue.sponsorship_id, CoverageMonth.state.in_(FUNDED))
    return db.session.scalars(select(Rescue.id).where(Rescue.told_at.is_(None), paid).order_by(Rescue.id).limit(limit)).all()
