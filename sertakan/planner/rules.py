"""Who is covered first by how much money. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sertakan.kit.errors import N_, Refused

LEAST_RUPIAH, MOST_RUPIAH = 1, 10_000_000_000
MOST_MONTHS = 12
SHOWN = 20


class NobodyFits(Refused):
    message = N_("Dengan anggaran dan saringan ini belum ada pekerja lembaga Anda yang dapat disiapkan.")


class Priced(Protocol):
    """Somebody who may be covered; the price is of all months together, in whole rupiah."""

    @property
    def price_rupiah(self) -> int: ...


P = TypeVar("P", bound=Priced)


@dataclass(frozen=True)
class Plan(Generic[P]):
    """Who is taken, in order; what they cost; what is left; whether everybody asked about is in."""

    taken: tuple[P, ...]
    spent_rupiah: int
    left_rupiah: int
    complete: bool


def plan(candidates: Iterable[P], budget_rupiah: int) -> Plan[P]:
    """Each in turn, whole or not at all: never half a term. Who costs more than what is left is passed over for the next who fits."""
    taken, left, complete = [], budget_rupiah, True
    for one in candidates:
        if one.price_rupiah <= left:
            taken.append(one)
            left -= one.price_rupiah
        else:
            complete = False
    return Plan(tuple(taken), budget_rupiah - left, left, complete)
