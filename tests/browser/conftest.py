"""One product and one Chromium for the whole run; every test brings its own visitors."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.site import TODAY, Site, running
from tests.browser.visitor import DESK, Visitor, visiting
from tests.suite import chromium

HERE = Path(__file__).parent
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-component-update", "--disable-sync"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser, and in one process: the product is dear."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if not path:
        pytest.skip("no Chromium found; install chromium or set CHROMIUM_PATH")
    expect.set_options(timeout=10_000)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chrome
        chrome.close()


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running product; asking for the browser first skips without starting it."""
    with running(tmp_path_factory.mktemp("site")) as product:
        yield product


@pytest.fixture(autouse=True)
def _day(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whoever moves the demo's clock leaves it where it was."""
    yield
    if "site" in request.fixturenames:
        request.getfixturevalue("site").set_day(TODAY)


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visit()`: a new person at 360 px; `visit(size=DESK, language="en", color_scheme="dark")`."""
    with ExitStack() as visitors:

        def come(**how: Any) -> Visitor:
            return visitors.enter_context(visiting(site, browser, **how))

        yield come


@pytest.fixture(scope="session")
def officer(site: Site, browser: Browser) -> Iterator[Visitor]:
    """An officer at her desk, signed in once: an authenticator's code is good for one sign-in."""
    with visiting(site, browser, size=DESK) as visitor:
        visitor.sign_in_as_staff("officer")
        visitor.arrives("/petugas/antrean")
        yield visitor


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test shows the last words of the product's processes."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    product = getattr(item, "funcargs", {}).get("site")
    if report.failed and product is not None:
        report.sections.append(("the product's logs", product.logs()))
