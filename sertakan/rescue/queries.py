"""Reading what may be rescued, and by whom it was."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import exists, select

from sertakan.coverage import queries as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, Standing, standing
from sertakan.db import db
from sertakan.kit.months import Month, span
from sertakan.rescue.models import Rescue
from sertakan.rescue.rules import Help
from sertakan.sponsorships.answers import PRESETS
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.prices import Offer
from sertakan.sponsorships.rules import ReviewState, next_start
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import PayerKind
from sertakan.workers.rules import GONE

RUNNING = frozenset({Standing.future, Standing.covered, Standing.ending})


def owed(sponsorship: Sponsorship, today: date) -> list[Month]:
    """The months that somebody may pay now for this worker, oldest first."""
    if sponsorship.review_state is not ReviewState.approved or sponsorship.worker.state in GONE:
        return []
    return coverage.owed(sponsorship.worker_id, today)


def next_month(sponsorship: Sponsorship, today: date) -> Month | None:
    """The month with which somebody else may go on: after all that is promised; None in arrears (rescue comes first) or lapsed."""
    if sponsorship.review_state is not ReviewState.approved or sponsorship.worker.state in GONE:
        return None
    states = coverage.held(sponsorship.worker_id)
    return next_start(states, today) if standing(states, today).standing in RUNNING else None


def offers(sponsorship: Sponsorship, kind: Help, today: date) -> list[Offer]:
    """What may be paid, each month at its own price for a resident, the longest last.

    Rescue: one month, two, or all that are owed. Relay: the usual lengths from the next free month.
    """
    if kind is Help.rescue:
        months = owed(sponsorship, today)
        runs = [months[:count] for count in range(1, len(months) + 1)]
    else:
        first = next_month(sponsorship, today)
        runs = [span(first, count) for count in PRESETS] if first else []
    work, package = sponsorship.worker.occupation_code, sponsorship.package
    return [Offer(len(run), tariff.quote_for(run, work, PayerKind.private, package)) for run in runs]


def find_rescued(sponsorship_id: int) -> int | None:
    """The id of the sponsorship that this one came to help; None when it is no rescue."""
    return db.session.scalar(select(Rescue.rescued_id).where(Rescue.sponsorship_id == sponsorship_id))


def list_untold(limit: int) -> Sequence[int]:
    """Ids of rescues that are paid and of which the helped sponsor does not know yet."""
    paid = exists().where(CoverageMonth.sponsorship_id == Rescue.sponsorship_id, CoverageMonth.state.in_(FUNDED))
    return db.session.scalars(select(Rescue.id).where(Rescue.told_at.is_(None), paid).order_by(Rescue.id).limit(limit)).all()
