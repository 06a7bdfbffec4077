"""Promises of an organisation for workers whom it knows by their card alone. Run inside `transaction()`; lock order: worker, months.

The officers see everything; the organisation sees the coarse words of the public list, in its list and on every paper.
"""

from sertakan.accounts.models import Organisation, Person
from sertakan.audit.service import record
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.sponsorships import rules, service
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff.rules import Package, PayerKind, Quote
from sertakan.workers.models import Worker


def promise(
    *, actor: Person, organisation: Organisation, worker: Worker, quote: Quote
) -> tuple[Sponsorship, list[CoverageMonth]]:
    """The quote's months (of `PayerKind.company`), reserved at its prices in the name of `actor` for the organisation.

    Officers decide it like a resident's. Refuses WorkerUnavailable, and MonthTaken when anybody funds one of the months; then
    nothing has changed.
    """
    service.check_worker(worker)
    new = service.new_sponsorship(actor, worker, quote, Package.jkk_jkm, PayerKind.company)
    new.organisation_id, new.chosen_from_list = organisation.id, True
    new.risk_version = rules.RISK_VERSION
    with db.session.begin_nested():
        db.session.add(new)
        db.session.flush()
        months = service.reserve(actor=actor.ref, sponsorship=new, quote=quote)
    service.refresh_fingerprint(new)
    record(actor=actor.ref, action="sponsorship.submit", subject=service.subject(new), after=service.facts_of(new, quote))
    return new, months
