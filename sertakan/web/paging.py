"""Lists in pages, by key where they are long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A slice of a list. `total` is None where counting would cost more than it tells."""

    items: Sequence[T]
    number: int
    size: int
    has_next: bool
    total: int | None = None

    @property
    def has_previous(self) -> bool:
        return self.number > 1


def page_number() -> int:
    """`?hal=`, from 1; nonsense is page 1, beyond ten thousand is ten thousand."""
    raw = request.args.get("hal", "1")
    return min(max(int(raw), 1), 10_000) if raw.isascii() and raw.isdigit() and len(raw) < 7 else 1


def slice_page(rows: Sequence[T], number: int, size: int, total: int | None = None) -> Page[T]:
    """A page from `size + 1` rows fetched: the extra row only says that there is more."""
    return Page(rows[:size], number, size, len(rows) > size, total)
