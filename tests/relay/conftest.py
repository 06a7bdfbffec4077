"""The till, and the tariff read once."""

import pytest

from sertakan.tariff import queries as tariff
from tests.payments.conftest import _one_sandbox, agrees, sandbox, till

__all__ = ["_one_sandbox", "agrees", "sandbox", "till"]


@pytest.fixture(autouse=True)
def _tariff_is_read(request: pytest.FixtureRequest) -> None:
    if "app" in request.fixturenames or "till" in request.fixturenames:
        request.getfixturevalue("app")
        tariff.tariff_book()
