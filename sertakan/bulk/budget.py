"""What a list under a decree costs against what the decree has left. The decree's row is the lock."""

from sertakan.accounts.models import Membership, OrganisationKind
from sertakan.bulk import rules
from sertakan.bulk.models import Upload
from sertakan.bulk.wording import bill_of
from sertakan.decrees import queries as decrees
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import Budget, DecreeState, check_need
from sertakan.kit.months import Month


def check_decree(actor: Membership, decree: Decree | None, first_month: Month, count: int) -> None:
    """A government body names people under a decree in force, for months inside it; nobody else has one.

    Refuses DecreeMissing, DecreeOver, OutsideDecree.
    """
    if actor.organisation.kind is not OrganisationKind.government:
        if decree is not None:
            raise rules.DecreeMissing(field="decree")
        return
    if decree is None or decree.organisation_id != actor.organisation_id:
        raise rules.DecreeMissing(field="decree")
    if decree.state is not DecreeState.in_force:
        raise rules.DecreeOver(field="decree")
    if first_month < decree.first_month or first_month + (count - 1) > decree.last_month:
        raise rules.OutsideDecree(field="first_month", first=decree.first_month, last=decree.last_month)


def check_ceiling(upload: Upload, locale: str) -> None:
    """The ready rows fit under the decree's ceiling. Refuses DecreeOver, OverCeiling.

    For an office that is handed over, what the one who leaves no longer costs is counted as left.
    """
    if upload.decree_id is None:
        return
    decree = decrees.get(upload.decree_id, lock=True)
    if decree.state is not DecreeState.in_force:
        raise rules.DecreeOver
    bill = bill_of(upload)
    if upload.replaces_id is None:
        check_need(decrees.budget_of(decree), bill.total_rupiah, bill.people, locale)


def left_of(upload: Upload) -> int | None:
    """Rupiah that the decree has left now, with its row locked; None without a decree."""
    if upload.decree_id is None:
        return None
    budget: Budget = decrees.budget_of(decrees.get(upload.decree_id, lock=True))
    return budget.left_rupiah
