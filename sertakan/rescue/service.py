"""The verbs of a rescue. Run inside `transaction()`; lock order: sponsorship, worker, months."""

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.kit import clock
from sertakan.rescue import queries, rules
from sertakan.rescue.models import Rescue
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import links, refusals
from sertakan.sponsorships import rules as sponsorship_rules
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff.rules import PayerKind


def ask_for_help(*, actor: str, sponsorship: Sponsorship) -> str:
    """A link to pass on to anybody; returns its raw token, stored nowhere. Refuses NothingToRescue."""
    if not queries.owed(sponsorship, clock.today()):
        raise rules.NothingToRescue
    record(actor=actor, action="rescue.link", subject=sponsorships.subject(sponsorship))
    return links.make_link(sponsorship=sponsorship, purpose=rules.RESCUE, days=rules.LINK_DAYS)


def rescue(*, sponsor: Person, rescued: Sponsorship, count: int, shown_total: str) -> tuple[Sponsorship, list[CoverageMonth]]:
    """The oldest `count` months of the arrears, promised by somebody else, in a sponsorship of her own.

    The rescued one stays as it is. Refuses NothingToRescue, MonthsMissing, PriceChanged, WorkerUnavailable, SavingsRequired, and
    MonthTaken when a renewal came first.
    """
    sponsorships.check_worker(rescued.worker)
    steps.check_savings(rescued.package, rescued.worker.employs_others)
    offers = queries.offers(rescued, clock.today())
    if not offers:
        raise rules.NothingToRescue
    offer = next((one for one in offers if one.count == count), None)
    if offer is None:
        raise refusals.MonthsMissing(field="count")
    if shown_total != str(offer.total_rupiah):
        raise refusals.PriceChanged
    new = sponsorships.new_sponsorship(sponsor, rescued.worker, offer.quote, rescued.package, PayerKind.private)
    new.risk_version, new.chosen_from_list, new.remind = sponsorship_rules.RISK_VERSION, True, False
    db.session.add(new)
    db.session.flush()
    db.session.add(Rescue(sponsorship_id=new.id, rescued_id=rescued.id, created_at=clock.now()))
    months = sponsorships.reserve(actor=sponsor.ref, sponsorship=new, quote=offer.quote)
    sponsorships.refresh_fingerprint(new)
    facts = sponsorships.facts_of(new, offer.quote) | {"rescues": rescued.ref}
    record(actor=sponsor.ref, action="sponsorship.rescue", subject=sponsorships.subject(new), after=facts)
    return new, months
