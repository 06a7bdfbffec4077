"""What people type is shown as text, on every page and in every header that shows it (QUALITY A 34 to 36)."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select

from sertakan.coverage.rules import MonthState
from sertakan.db import Base, Sealed, transaction
from sertakan.web.extensions import limiter
from tests.house.test_routes import TABLE, most_able, visitor
from tests.page import PageClient

As = Callable[..., PageClient]
MARKUP = "<script>alert('saya')</script>\"'{{7*7}}"
SHOWN = "&lt;script&gt;alert("
WORDS = "address answer evidence holder loss_note name note outcome position proof question title typed_name words"
OURS = ("kecamatan", "kelurahan", "occupation")  # reference rows
FINAL = (MonthState.posted, MonthState.refunded, MonthState.credited, MonthState.void)


def typed_columns() -> Iterator[tuple[type[Any], str]]:
    """Every column in which somebody's own words are kept, sealed or not."""
    for mapper in Base.registry.mappers:
        model: Any = mapper.class_
        for name in WORDS.split():
            if model.__tablename__ not in OURS and (isinstance(vars(model).get(name), Sealed) or name in mapper.columns):
                yield model, name


def fill_with_markup() -> int:
    """Put it wherever somebody may have typed it; returns in how many columns it stands. What is final stays as it is."""
    filled = set()
    with transaction() as session:
        for model, name in typed_columns():
            for row in session.scalars(select(model)):
                if getattr(row, name) is not None and getattr(row, "state", None) not in FINAL:
                    sealed = isinstance(vars(model).get(name), Sealed)
                    setattr(row, name, MARKUP if sealed else MARKUP[: model.__table__.c[name].type.length])
                    filled.add((model, name))
    return len(filled)


def test_a34_a35_a36_markup_typed_anywhere_is_text_on_every_page(things: dict[str, str], client: PageClient, as_: As) -> None:
    assert fill_with_markup() >= 15
    shown = 0
    for row in (row for row in TABLE if row.method == "GET"):
        limiter.reset()
        page = visitor(most_able(row), client, as_).get(row.path.format(**things), check=False)
        assert "<script>alert(" not in page.html, row.endpoint
        assert not re.search(r"saya\W{0,40}49", page.html), row.endpoint  # no template runs what was typed
        shown += SHOWN in page.html
        for name, value in page.response.headers:
            assert "script>" not in value, f"{row.endpoint}: {name}"
    assert shown > 10  # the control: the words are really shown
