"""A test's tariff rows are thrown away, so what the process remembers of them must be too."""

from collections.abc import Iterator

import pytest
from flask import Flask

from sertakan.tariff import service


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest) -> Iterator[None]:
    if "app" not in request.fixturenames:
        yield
        return
    app: Flask = request.getfixturevalue("app")
    yield
    with app.app_context():
        service.forget()
