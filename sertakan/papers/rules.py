"""Kinds of papers, their machine, and the sums of a yearly statement. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sertakan.coverage.rules import MonthState
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month

KEPT = timedelta(days=30)
CARDS_A_FILE = 500
ROWS_ON_PAPER = 2_000
FEWEST = 5  # a kelurahan with fewer people is not named (k-anonymity, as on the public list)
FIRST_YEAR = 2025


class PaperKind(StrEnum):
    certificate = "certificate"
    cards = "cards"
    report = "report"
    report_pdf = "report_pdf"
    statement = "statement"


NAMES: dict[PaperKind, str] = {
    PaperKind.certificate: N_("Piagam terima kasih"),
    PaperKind.cards: N_("Kartu saku"),
    PaperKind.report: N_("Laporan pekerja (Excel)"),
    PaperKind.report_pdf: N_("Laporan pekerja (PDF)"),
    PaperKind.statement: N_("Laporan tahunan CSR"),
}
FILES: dict[PaperKind, str] = {
    PaperKind.certificate: "piagam-{day}.pdf",
    PaperKind.cards: "kartu-saku-{day}-{part}.pdf",
    PaperKind.report: "pekerja-{day}.xlsx",
    PaperKind.report_pdf: "pekerja-{day}.pdf",
    PaperKind.statement: "laporan-tahunan-{year}.pdf",
}


class PaperState(StrEnum):
    waiting = "waiting"
    ready = "ready"
    failed = "failed"
    expired = "expired"  # the file is deleted; its code can still be checked


P = PaperState
MOVES: dict[PaperState, frozenset[PaperState]] = {
    P.waiting: frozenset({P.ready, P.failed}),
    P.ready: frozenset({P.expired}),
    P.failed: frozenset(),
    P.expired: frozenset(),
}


class IllegalMove(Exception):
    """A bug: a paper was to take a step that its table does not have."""


class NotVerified(Refused):
    message = N_("Lembaga ini belum disahkan petugas, jadi dokumennya belum dapat dibuat.")
    status = 409


class NobodyYet(Refused):
    message = N_("Belum ada pekerja yang dapat dimuat. Coba lagi setelah daftarnya disetujui.")
    status = 409


class TooManyForPaper(Refused):
    message = N_("PDF paling banyak %(most)s pekerja. Pakai laporan Excel.")


class YearMissing(Refused):
    message = N_("Pilih tahunnya")


def check_move(before: PaperState, to: PaperState) -> None:
    """Raises IllegalMove for every move that is not in the table."""
    if to not in MOVES[before]:
        raise IllegalMove(f"paper: {before} -> {to}")


# ---- the yearly statement ------------------------------------------------------------------------------------------------------

PAID = frozenset({MonthState.paid, MonthState.remitted, MonthState.posted})
BACK = frozenset({MonthState.refunded})


@dataclass(frozen=True)
class Line:
    """A month of contribution: worker-months and rupiah that are paid, those of them that are posted, and what went back."""

    month: str
    months: int = 0
    paid_rupiah: int = 0
    posted: int = 0
    posted_rupiah: int = 0
    back: int = 0
    back_rupiah: int = 0


def lines_of(rows: Iterable[tuple[Month, MonthState, int, int]]) -> list[Line]:
    """From the ledger's sums by month and state (how many, rupiah); a month in which nothing was paid or went back is left out."""
    found: dict[Month, list[int]] = {}
    for month, state, count, rupiah in rows:
        line = found.setdefault(month, [0] * 6)
        if state in PAID:
            line[0], line[1] = line[0] + count, line[1] + rupiah
        if state is MonthState.posted:
            line[2], line[3] = line[2] + count, line[3] + rupiah
        if state in BACK:
            line[4], line[5] = line[4] + count, line[5] + rupiah
    return [Line(str(month), *sums) for month, sums in sorted(found.items()) if any(sums)]


@dataclass(frozen=True)
class Place:
    """A kelurahan of the statement; `name` is empty for those with too few people to be named, taken together."""

    name: str
    people: int
    months: int
    rupiah: int


def places_of(rows: Iterable[tuple[str, int, int, int]]) -> list[Place]:
    """Name, people, worker-months and rupiah of each kelurahan, those with fewer than five people as one line without a name.

    Where that line itself would have fewer than five, the smallest named one joins it, so that nobody can be counted out.
    """
    named = sorted((Place(*row) for row in rows if row[1]), key=lambda place: (-place.people, place.name))
    shown = [place for place in named if place.name and place.people >= FEWEST]
    rest = [place for place in named if place not in shown]
    while rest and shown and sum(place.people for place in rest) < FEWEST:
        rest.append(shown.pop())
    if rest:
        others = [sum(getattr(place, field) for place in rest) for field in ("people", "months", "rupiah")]
        shown.append(Place("", *others))
    return shown


def masked(name: str) -> str:
    """A name on the page that anybody may open: `S••••ti`; of a short one only the first letter."""
    first = name.split()[0] if name.split() else ""
    return f"{first[:1]}••••{first[-2:]}" if len(first) > 4 else f"{first[:1]}••••"
