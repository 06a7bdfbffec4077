"""What the clock and knocks start. The rows are the truth: every run finds what is due by itself."""

from datetime import timedelta

from sertakan.autopay import charging, queries, service
from sertakan.autopay.rules import ConsentState
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments.reconcile import each
from sertakan.sponsorships import queries as sponsorships


def work() -> str:
    """Cards that were saved, announcements, charges whose day has come, cards to give back."""
    today = clock.today()
    begun = each(queries.list_asking(), service.learn_setup, "saved card")
    looked = each(queries.list_living(_soon()), _announce, "announcement")
    charged = each(queries.list_due(today), charging.charge_one, "automatic renewal")
    given = each(queries.list_attached(), service.detach, "detaching")
    return f"setup {begun}, announced {looked}, charged {charged}, detached {given}"


def _soon() -> Month:
    """Promises that end within thirty days end by this month; one more, since some are closed earlier than they end."""
    return Month.of(clock.today() + timedelta(days=31)) + 1


def _announce(consent_id: int) -> None:
    with transaction():
        promise = sponsorships.get(queries.get(consent_id).sponsorship_id, lock=True)
        consent = queries.get(consent_id, lock=True)
        if consent.state is ConsentState.living:
            charging.announce(consent=consent, promise=promise, today=clock.today())
