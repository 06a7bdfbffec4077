"""The verbs of a rescue. Run inside `transaction()`; lock order: sponsorship, worker, months."""

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.kit import clock
from sertakan.rescue import queries, rules
from sertakan.rescue.models import Rescue
from sertakan.rescue.rules import Help
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import links, refusals
from sertakan.sponsorships import rules as sponsorship_rules
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff.rules import PayerKind


def ask_for_help(*, actor: str, sponsorship: Sponsorship, kind: Help = Help.rescue) -> str:
    """A link to pass on to anybody; returns its raw token, stored nowhere. Refuses NothingToRescue."""
    if not queries.offers(sponsorship, kind, clock.today()):
        raise rules.NothingToRescue
    record(actor=actor, action=f"{kind.value}.link", subject=sponsorships.subject(sponsorship))
    return links.make_link(sponsorship=sponsorship, purpose=kind.value, days=rules.LINK_DAYS)


def rescue(
    *, sponsor: Person, rescued: Sponsorship, kind: Help, count: int, shown: str
) -> tuple[Sponsorship, list[CoverageMonth]]:
    """The first `count` months of what is offered, promised by somebody else, in a sponsorship of her own.

    The other one stays as it is. `shown` is `Offer` as the page said it, first month and total. Refuses NothingToRescue,
    MonthsMissing, PriceChanged, WorkerUnavailable, SavingsRequired, and MonthTaken when a renewal came first.
    """
    sponsorships.check_worker(rescued.worker)
    steps.check_savings(rescued.package, rescued.worker.employs_others)
    offers = queries.offers(rescued, kind, clock.today())
    if not offers:
        raise rules.NothingToRescue
    offer = next((one for one in offers if one.count == count), None)
    if offer is None:
        raise refusals.MonthsMissing(field="count")
    if shown != rules.said(offer.first, offer.total_rupiah):
        raise refusals.PriceChanged
    new = sponsorships.new_sponsorship(sponsor, rescued.worker, offer.quote, rescued.package, PayerKind.private)
    new.risk_version, new.chosen_from_list, new.remind = sponsorship_rules.RISK_VERSION, True, kind is Help.relay
    db.session.add(new)
    db.session.flush()
    db.session.add(Rescue(sponsorship_id=new.id, rescued_id=rescued.id, kind=kind, created_at=clock.now()))
    months = sponsorships.reserve(actor=sponsor.ref, sponsorship=new, quote=offer.quote)
    sponsorships.refresh_fingerprint(new)
    facts = sponsorships.facts_of(new, offer.quote) | {"rescues": rescued.ref}
    record(actor=sponsor.ref, action=f"sponsorship.{kind.value}", subject=sponsorships.subject(new), after=facts)
    return new, months
