"""Telling the sponsor who was helped: months were paid by somebody. Never by whom."""

from flask_babel import force_locale

from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import FUNDED
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices import service as notices
from sertakan.rescue import queries
from sertakan.rescue.models import Rescue
from sertakan.rescue.rules import Help
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as sponsorship_service

BATCH = 200


def tell() -> int:
    """Each in its own transaction; a rescue is told once. Returns how many were told now."""
    return sum(_tell(rescue_id) for rescue_id in queries.list_untold(BATCH))


def _tell(rescue_id: int) -> bool:
    with transaction():
        rescue = db.session.get_one(Rescue, rescue_id, with_for_update=True)
        if rescue.told_at is not None:
            return False
        rescue.told_at = clock.now()
        helped = sponsorships.get(rescue.rescued_id)
        months = [row.month for row in coverage.months_of_sponsorship(rescue.sponsorship_id) if row.state in FUNDED]
        with force_locale(helped.sponsor.locale):
            worker = sponsorships.display_name(helped)
        notices.queue(
            key=f"rescued:{rescue.ref}",
            kind="rescued" if rescue.kind is Help.rescue else "continued",
            subject=sponsorship_service.subject(helped),
            person=helped.sponsor,
            context={"code": helped.code, "worker": worker, "months": months},
        )
        return True
