"""Reading the SQL twin of `coverage.rules.standing` as the rule's own answers."""

from collections.abc import Collection
from datetime import date

from sertakan.coverage.queries import standing_select
from sertakan.coverage.rules import Standing, StandingOn
from sertakan.db import db


def standings(worker_ids: Collection[int], today: date) -> dict[int, StandingOn]:
    """Many workers' standings in one statement."""
    found = {}
    for row in db.session.execute(standing_select(today, worker_ids)):
        until = row.covered_month.last_day if row.covered_month else None
        found[row.worker_id] = StandingOn(Standing(row.standing), until, row.unpaid_months, bool(row.protected))
    return found
