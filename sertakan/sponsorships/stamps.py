"""The four stamps of a month (PRODUCT idea 26): dana diterima, disetor, aktif, diketahui.

The fourth is when the news that the month is active was sent to the sponsor, who passes it on: workers are reached through her, since
many have no phone of their own. A message that could not be sent stamps nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _

from sertakan.coverage import queries as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState, is_late, waits_since
from sertakan.notices import queries as notices
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState


def told(sponsorship: Sponsorship, months: Sequence[CoverageMonth]) -> dict[int, datetime]:
    """When the news of each posted month went out, by the month's id; one statement."""
    if not any(month.posted_at for month in months):
        return {}
    news = [row for row in notices.list_about(f"sponsorship:{sponsorship.ref}") if row.kind == "posted" and row.sent_at]
    found = {}
    for month in months:
        sent = [row.sent_at for row in news if month.posted_at and row.sent_at and row.created_at >= month.posted_at]
        if sent:
            found[month.id] = min(sent)
    return found


def late_words(sponsorship: Sponsorship, months: Sequence[CoverageMonth], now: datetime) -> str | None:
    """A sentence when a month stands longer than its limit; None when all is as it should be."""
    limits = coverage.stamp_limits()
    approved_at = sponsorship.decided_at if sponsorship.review_state is ReviewState.approved else None
    for month in months:
        if month.paid_at and is_late(waits_since(month.state, month.month, month.paid_at, approved_at), now, limits.sent):
            return str(
                _("Bulan ini menunggu disetor lebih lama dari seharusnya. Petugas keuangan sudah melihatnya; dana Anda aman.")
            )
    if any(month.state is MonthState.remitted and is_late(month.remitted_at, now, limits.posted) for month in months):
        return str(
            _("BPJS Ketenagakerjaan belum menjawab lebih lama dari biasanya. Petugas keuangan sudah melihatnya; dana Anda aman.")
        )
    return None
