"""Every form of the route table, with nonsense in every field at once: an answer that fits, never a fault (QUALITY A 37 to 39)."""

from collections.abc import Callable

import pytest
from flask import Flask

from sertakan.web.extensions import limiter
from tests.house.test_routes import POSTS, TABLE, Row, most_able, visitor
from tests.house.world import contents
from tests.page import Element, Page, PageClient

As = Callable[..., PageClient]
BAD = (
    "",
    "a" * 10_000,
    "😀" * 50,
    "a\0b",
    "\ud800".encode("utf-8", "surrogatepass"),
    "abc",
    "１２",
    "1e3",
    "-1",
    str(2**63),
    "NaN",
)
KEPT = ("draft", "audit_entry")  # a draft keeps what was typed, right or wrong; a refused sign-in is written down
FITTING = {200, 201, 303, 400, 401, 403, 404, 409, 410, 413, 422, 429, 503}


def fields(app: Flask, row: Row, who: PageClient, path: str) -> set[str]:
    """The names of all controls of the page that shows the form, and of its neighbours there."""
    page = who.get(path, check=False)
    if page.status == 303:
        page = who.get(page.location, check=False)
    return {control.attrs["name"] for _form, controls in page.forms for control in controls if control.attrs.get("name")}


# a step of the long form is reached with the steps before it
WORK = ("/lindungi", {"occupation": "asisten_rumah_tangga", "not_paid_by_city": "no"})
WORKER = (
    "/lindungi/data",
    {"nik": "6171045203849001", "name": "Sumiati Rahayu", "kelurahan_code": "61.71.05.1005", "consent": "y"},
)
LENGTH = ("/lindungi/lama", {"count": "6", "first_month": "2026-12", "remind": "y", "go_on": "Lanjut"})
BEFORE = {"sponsorships.data": (WORK,), "sponsorships.length": (WORK, WORKER), "payments.check": (WORK, WORKER, LENGTH)}
TYPED_KINDS = {"text", "email", "tel", "number", "search", "url", "date", "month", ""}
NEVER_AGAIN = {"current-password", "new-password", "one-time-code"}  # a secret is not shown a second time
READABLE = {"abc", "-1", "1e3", "a" * 10_000, "😀" * 50}  # the others are no letters that a page could show


def lost(controls: list[Element], typed: str, names: set[str]) -> list[str]:
    """The controls that people type into and that no longer say what was typed."""
    found = []
    for control in controls:
        kind, name = control.attrs.get("type", ""), control.attrs.get("name", "")
        if name not in names or control.attrs.get("autocomplete") in NEVER_AGAIN:
            continue
        if control.tag == "textarea" and control.text.strip() != typed:
            found.append(name)
        if control.tag == "input" and kind in TYPED_KINDS and control.attrs.get("value", "") != typed:
            found.append(name)
    return found


def keeps(page: Page, path: str, typed: str, names: set[str]) -> bool:
    """Whether the form that was sent says again what was typed into it; a page may hold the same form for many rows."""
    sent = [controls for form, controls in page.forms if form.attrs.get("action", "") in ("", path)]
    return any(not lost(controls, typed, names) for controls in sent) if sent else True


def says_why(page: Page) -> bool:
    """A sentence that a screen reader is told about: at the field, or at the top."""
    return any(
        element.attrs.get("aria-invalid") == "true" or element.attrs.get("role") in ("alert", "status")
        for element in page.elements
    )


@pytest.mark.parametrize("row", POSTS, ids=lambda row: row.endpoint)
def test_a37_to_a39_bad_input_is_no_fault(row: Row, app: Flask, things: dict[str, str], client: PageClient, as_: As) -> None:
    path, who = row.path.format(**things), visitor(most_able(row), client, as_)
    for address, answers in BEFORE.get(row.endpoint, ()):
        assert who.post(address, answers).status == 303
    names = fields(app, row, who, path) - {"csrf_token"}
    assert names or row.endpoint not in BEFORE
    before = contents(KEPT)
    for bad in BAD:
        for data in (dict.fromkeys(names, bad), {name: [bad, "1", bad] for name in names}):
            limiter.reset()
            page = who.post(path, data, check=False)
            assert page.status in FITTING, f"{page.status} for {bad[:12]!r}"
            after = contents(KEPT)
            if page.status in (400, 401, 403, 404, 413, 422):
                assert after == before
            before = after
            if page.status == 422 and page.forms:
                assert says_why(page), f"no sentence for {bad[:12]!r}"
                if bad in READABLE and data == dict.fromkeys(names, bad):
                    assert keeps(page, path, str(bad), names), f"not shown again: {bad[:12]!r}"


@pytest.mark.parametrize("row", [row for row in POSTS if row.access == "link"], ids=lambda row: row.endpoint)
def test_a11_a_link_for_one_purpose_is_good_for_that_purpose_only(
    row: Row, app: Flask, things: dict[str, str], client: PageClient
) -> None:
    """Every other token that this house knows is put into the address: none opens it but its own."""
    own = {other.path.format(**things) for other in TABLE if other.endpoint == row.endpoint}
    tokens = {value for value in things.values() if isinstance(value, str) and len(value) >= 20}
    before = contents(KEPT)
    for token in sorted(tokens):
        path = row.path.split("{")[0] + token + row.path.rpartition("}")[2]
        if path in own:
            continue
        limiter.reset()
        page = client.post(path, {}, check=False)
        assert page.status in {404, 410, 422, 303}, f"{page.status} for another token"
        assert contents(KEPT) == before
