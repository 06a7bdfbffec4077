"""Renewals that a rule may approve, and those that wait for a person."""

from datetime import timedelta

import pytest

from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.review import jobs, queries
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.models import Attestation, Consent, ConsentGiver, ConsentKind, WorkerState
from tests import factories
from tests.cast import Cast


def _renewal(cast: Cast, *, attested_days_ago: int = 30, same_sponsor: bool = True, state: MonthState = MonthState.paid) -> int:
    worker = factories.worker(state=WorkerState.identity_checked)
    seen = clock.today() - timedelta(days=attested_days_ago)
    with transaction() as session:
        session.add(
            Attestation(
                worker_id=worker.id,
                by_id=cast.hasan.id,
                occupation_code=worker.occupation_code,
                seen_on=seen,
                created_at=clock.now(),
            )
        )
        session.add(
            Consent(
                worker_id=worker.id,
                kind=ConsentKind.registered,
                giver=ConsentGiver.worker,
                text_version="2026-11",
                given_on=seen,
                created_at=clock.now(),
            )
        )
    old = factories.sponsorship(
        cast.sari, worker, first="2026-03", state=MonthState.posted, review=ReviewState.approved, term=TermState.ended
    )
    new = factories.sponsorship(cast.sari if same_sponsor else cast.tono, worker, first="2026-12", state=state, renews_id=old.id)
    new_id = new.id
    with transaction():
        sponsorships.refresh_fingerprint(db.session.get_one(Sponsorship, new_id))
    return new_id


def test_a_paid_renewal_with_nothing_to_look_at_is_approved_by_rule(cast: Cast) -> None:
    renewal = _renewal(cast)
    assert jobs.approve_renewals() == 1
    row = db.session.get_one(Sponsorship, renewal)
    assert (row.review_state, row.term_state) == (ReviewState.approved, TermState.running)
    decision, officer = queries.list_decisions(renewal)[0]
    assert officer is None and decision.fingerprint == row.fingerprint
    assert jobs.approve_renewals() == 0


@pytest.mark.parametrize(
    "why",
    [{"attested_days_ago": 400}, {"same_sponsor": False}, {"state": MonthState.reserved}],
    ids=["old word", "other sponsor", "unpaid"],
)
def test_anything_else_waits_for_a_person(cast: Cast, why: dict[str, object]) -> None:
    renewal = _renewal(cast, **why)  # type: ignore[arg-type]
    assert jobs.approve_renewals() == 0
    assert db.session.get_one(Sponsorship, renewal).review_state is ReviewState.submitted
