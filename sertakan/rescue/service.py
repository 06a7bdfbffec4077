"""The verbs of a rescue. Run inside `transaction()`; lock order: sponsorship, worker, months."""

from collections.abc import Sequence
from typing import Any

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
from sertakan.sponsorships.prices import Offer
from sertakan.tariff.rules import PayerKind


def ask_for_help(
    *, actor: str, sponsorship: Sponsorship, days: int = rules.LINK_DAYS, detail: dict[str, Any] | None = None
) -> str:
    """A link to pass on to anybody; returns its raw token, stored nowhere. Refuses NothingToRescue."""
    if not queries.owed(sponsorship, clock.today()):
        raise rules.NothingToRescue
    record(actor=actor, action="rescue.link", subject=sponsorships.subject(sponsorship))
    return links.make_link(sponsorship=sponsorship, purpose=Help.rescue.value, days=days, detail=detail)


def rescue(*, sponsor: Person, rescued: Sponsorship, count: int, shown: str) -> tuple[Sponsorship, list[CoverageMonth]]:
    """The first `count` months in arrears, promised by somebody else. Refuses NothingToRescue and what `choose`, `promise` refuse."""
    offers = queries.offers(rescued, clock.today())
    if not offers:
        raise rules.NothingToRescue
    return promise(sponsor=sponsor, helped=rescued, kind=Help.rescue, offer=choose(offers, count, shown))


def choose(offers: Sequence[Offer], count: int, shown: str) -> Offer:
    """The offer of this length, as the page said it (`shown`: first month and total). Refuses MonthsMissing, PriceChanged."""
    offer = next((one for one in offers if one.count == count), None)
    if offer is None:
        raise refusals.MonthsMissing(field="count")
    if shown != rules.said(offer.first, offer.total_rupiah):
        raise refusals.PriceChanged
    return offer


def promise(*, sponsor: Person, helped: Sponsorship, kind: Help, offer: Offer) -> tuple[Sponsorship, list[CoverageMonth]]:
    """The months of an offer in a sponsorship of the helper's own; the other one stays as it is.

    Refuses WorkerUnavailable, SavingsRequired, and MonthTaken when a renewal came first.
    """
    sponsorships.check_worker(helped.worker)
    steps.check_savings(helped.package, helped.worker.employs_others)
    new = sponsorships.new_sponsorship(sponsor, helped.worker, offer.quote, helped.package, PayerKind.private)
    new.risk_version, new.chosen_from_list, new.remind = sponsorship_rules.RISK_VERSION, True, kind is Help.relay
    db.session.add(new)
    db.session.flush()
    db.session.add(Rescue(sponsorship_id=new.id, rescued_id=helped.id, kind=kind, created_at=clock.now()))
    months = sponsorships.reserve(actor=sponsor.ref, sponsorship=new, quote=offer.quote)
    sponsorships.refresh_fingerprint(new)
    facts = sponsorships.facts_of(new, offer.quote) | {"rescues": helped.ref}
    record(actor=sponsor.ref, action=f"sponsorship.{kind.value}", subject=sponsorships.subject(new), after=facts)
    return new, months
