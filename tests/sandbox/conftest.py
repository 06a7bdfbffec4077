"""One sandbox for the whole run, emptied before each test."""

from collections.abc import Iterator

import pytest

from tests.sandbox_process import Inbox, Sandbox, listening, start_sandbox


@pytest.fixture(scope="session")
def _one_sandbox() -> Iterator[Sandbox]:
    sandbox = start_sandbox(None, None, 0, "--retry-base", "0.01")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(_one_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A pretend Stripe without a past that posts nothing until told where."""
    _one_sandbox.reset()
    _one_sandbox.control("webhooks", url=None)
    yield _one_sandbox
    _one_sandbox.control("reset")


@pytest.fixture
def inbox(sandbox: Sandbox) -> Iterator[Inbox]:
    """A listener to which the sandbox posts its events."""
    with listening() as inbox:
        sandbox.control("webhooks", url=inbox.url)
        yield inbox
        sandbox.control("webhooks", url=None)
