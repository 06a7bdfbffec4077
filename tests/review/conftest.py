"""The officers' desk: requests that were really paid, with the worker's papers."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff
from sertakan.workers import service as workers
from sertakan.workers.models import ConsentGiver, ConsentKind, Worker
from tests import factories
from tests.cast import Cast
from tests.payments.conftest import Till, _one_sandbox, sandbox, till

__all__ = ["_one_sandbox", "sandbox", "till"]


def attest(cast: Cast, worker_id: int, *, days_ago: int = 10) -> None:
    """Pak Hasan says that she works."""
    with transaction():
        worker = db.session.get_one(Worker, worker_id)
        seen_on = clock.today() - timedelta(days=days_ago)
        workers.attest(actor=cast.hasan, worker=worker, occupation_code=worker.occupation_code, since_month=None, seen_on=seen_on)


def consent(cast: Cast, worker_id: int) -> None:
    """She agrees herself to be registered."""
    with transaction():
        workers.record_consent(
            actor=cast.hasan,
            worker=db.session.get_one(Worker, worker_id),
            kind=ConsentKind.registered,
            giver=ConsentGiver.worker,
            text_version="2026-11",
        )


def asked_for(cast: Cast, who: str = "sari", **more: object) -> str:
    """The code of a request straight from the factory, unpaid unless said otherwise, with consent and attestation."""
    row = factories.sponsorship(getattr(cast, who), more.pop("worker", None), **more)  # type: ignore[arg-type]
    code, worker_id = row.code, row.worker_id
    consent(cast, worker_id)
    attest(cast, worker_id)
    return code


def read(code: str) -> Sponsorship:
    """The row as it stands now."""
    db.session.rollback()
    db.session.expire_all()
    return sponsorships.get_by_code(code)


@pytest.fixture(autouse=True)
def _tariff_is_read(request: pytest.FixtureRequest) -> None:
    """Whoever comes first reads it for everybody; what a page costs is counted without that."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        tariff.tariff_book()


@pytest.fixture
def paid(till: Till, cast: Cast) -> Callable[..., str]:
    """`paid()`: a request of six months for which Sari has paid Rp92.400; `paid(attested=False)` without anybody's word."""

    def make(*, attested: bool = True, sponsor: str = "sari") -> str:
        row = till.sponsorship(till.paid(sponsor))
        code, worker_id = row.code, row.worker_id
        if attested:
            attest(cast, worker_id)
        return code

    return make
