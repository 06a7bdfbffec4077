"""Who may be registered, what the public may see of a waiting worker, and what is refused. Pure: no page, no table."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.kit.nik import age_on


class WorkerState(StrEnum):
    proposed = "proposed"
    identity_checked = "identity_checked"
    active = "active"
    inactive = "inactive"
    deceased = "deceased"
    merged = "merged"
    withdrawn = "withdrawn"


W = WorkerState
GONE = frozenset({W.deceased, W.merged, W.withdrawn})
MOVES: dict[WorkerState, frozenset[WorkerState]] = {
    W.proposed: frozenset({W.identity_checked, *GONE}),
    W.identity_checked: frozenset({W.active, W.inactive, *GONE}),
    W.active: frozenset({W.inactive, *GONE}),
    W.inactive: frozenset({W.active, *GONE}),
    W.deceased: frozenset(),
    W.merged: frozenset(),
    W.withdrawn: frozenset({W.proposed, W.deceased}),  # she may come back, with a new consent
}
YOUNGEST = 18  # a setting of ours: the law names no lower age for BPU (DOMAIN 1.3)
TOO_OLD = 65  # "belum mencapai usia 65 tahun" at registration and first payment
HOLD_MINUTES = 30
ATTESTATION_MONTHS = 12
MOST_PHRASES = 2
BAND_YEARS = 5
SMALLEST_GROUP = 5
CONSENT_VERSION = "2026-11"

PHRASES: dict[str, str] = {
    "breadwinner": N_("Pencari nafkah utama keluarga"),
    "one_child": N_("Menanggung satu anak sekolah"),
    "two_children": N_("Menanggung dua anak sekolah"),
    "more_children": N_("Menanggung tiga anak sekolah atau lebih"),
    "parents": N_("Merawat orang tua di rumah"),
    "since_dawn": N_("Bekerja sejak subuh"),
    "at_night": N_("Bekerja sampai malam"),
    "on_water": N_("Bekerja di atas air"),
    "on_the_road": N_("Bekerja di jalan setiap hari"),
    "many_homes": N_("Bekerja di beberapa rumah"),
    "ten_years": N_("Lebih dari 10 tahun di pekerjaannya"),
    "own_tools": N_("Bekerja dengan alat milik sendiri"),
}


class TooYoung(Refused):
    message = N_("Peserta baru harus berusia 18 tahun atau lebih. Tanyakan ke petugas.")


class TooOld(Refused):
    message = N_("BPJS Ketenagakerjaan menerima peserta baru yang belum berusia 65 tahun. Tanyakan ke petugas.")


class HeldByAnother(Refused):
    message = N_("Pekerja ini baru saja dipilih orang lain. Terima kasih! Pilih yang lain")
    status = 409


class AlreadyRegistered(Refused):
    """Said only to staff and RT heads, behind their sign-in and a rate limit."""

    message = N_("Pekerja ini sudah terdaftar. Minta petugas memasukkannya ke daftar tunggu.")


class AlreadyWaiting(Refused):
    message = N_("Pekerja ini sudah ada di daftar tunggu.")
    status = 409


class NotListable(Refused):
    message = N_("Pekerja ini tidak dapat dimasukkan ke daftar tunggu.")


class ListedConsentMissing(Refused):
    message = N_("Pekerja belum setuju ditampilkan di daftar tunggu.")


class AttestationMissing(Refused):
    message = N_("Belum ada keterangan bekerja yang masih berlaku.")


class KelurahanMissing(Refused):
    message = N_("Pilih kelurahan tempat ia bekerja atau tinggal")


class NotYourKelurahan(Refused):
    message = N_("Anda hanya dapat mendaftarkan pekerja di kelurahan Anda sendiri.")


class UnknownPhrase(Refused):
    message = N_("Pilih kalimat dari daftar")


class TooManyPhrases(Refused):
    message = N_("Pilih paling banyak %(most)s kalimat.")


class SeenInFuture(Refused):
    message = N_("Tanggal terakhir terlihat bekerja belum tiba.")


class SeenTooLongAgo(Refused):
    message = N_("Keterangan bekerja paling lama %(most)s bulan. Lihat lagi, lalu isi tanggalnya.")


class SinceAfterSeen(Refused):
    message = N_("Mulai bekerja tidak mungkin sesudah terakhir terlihat bekerja.")


class IllegalMove(RuntimeError):
    """A worker's state was about to move along an edge that the table does not have. A bug, never a person's mistake."""


def check_move(before: WorkerState, after: WorkerState) -> None:
    if after not in MOVES[before]:
        raise IllegalMove(f"worker: {before} -> {after}")


def check_new_age(born_on: date, today: date) -> None:
    """For a new participant: 18 or older, and not yet 65 on the day of registration (DOMAIN 1.3). Refuses TooYoung, TooOld.

    Who is registered and keeps working may go on past 65: nobody asks this for renewals.
    """
    age = age_on(born_on, today)
    if age < YOUNGEST:
        raise TooYoung(field="nik")
    if age >= TOO_OLD:
        raise TooOld(field="nik")


def check_seen(since_month: Month | None, seen_on: date, today: date) -> None:
    """The dates of an attestation. Refuses SeenInFuture, SeenTooLongAgo, SinceAfterSeen."""
    if seen_on > today:
        raise SeenInFuture(field="seen_on")
    if not attestation_stands(seen_on, today):
        raise SeenTooLongAgo(field="seen_on", most=ATTESTATION_MONTHS)
    if since_month is not None and since_month > Month.of(seen_on):
        raise SinceAfterSeen(field="since_month")


def attestation_stands(seen_on: date, today: date) -> bool:
    """Whether a word given about that day still counts today."""
    return Month.of(today) - Month.of(seen_on) <= ATTESTATION_MONTHS


def check_phrases(phrases: Sequence[str]) -> None:
    """Only sentences from the list, and few of them: each narrows down who it is. Refuses UnknownPhrase, TooManyPhrases."""
    if any(phrase not in PHRASES for phrase in phrases):
        raise UnknownPhrase(field="phrases")
    if len(set(phrases)) > MOST_PHRASES:
        raise TooManyPhrases(field="phrases", most=MOST_PHRASES)


# ---- what the public sees ------------------------------------------------------------------------------------------------------


def initial(name: str) -> str:
    """The first letter of a name, as the public sees it: `S`."""
    return next((letter.upper() for letter in name if letter.isalpha()), "–")


def age_band(born_on: date, today: date) -> int:
    """The first year of a band of five: 45 stands for 45 to 49."""
    return age_on(born_on, today) // BAND_YEARS * BAND_YEARS


@dataclass(frozen=True)
class Person:
    """What coarsening looks at: one visible worker of the list. `key` is only her name in the answer."""

    key: str
    group: str
    occupation: str
    kelurahan: str
    kecamatan: str
    band: int


@dataclass(frozen=True)
class Shown:
    """What may be said of her; None is "not said": work in general, the whole city, no age."""

    group: str | None = None
    occupation: str | None = None
    kelurahan: str | None = None
    kecamatan: str | None = None
    band: int | None = None


T = TypeVar("T", bound=Hashable)


def coarsen(people: Iterable[Person]) -> dict[str, Shown]:
    """What may be shown of everyone on the list, so that no group under five ever stands alone (PRODUCT idea 5, I17).

    A group is all who share every word shown: kind of work, place and age band. We begin with the whole city as one group and split
    it, by group of work, then kelurahan (else kecamatan, else the city), then occupation, then age band; a split is made only where
    every part has at least five. What is left over after a split stays together under the coarser word; when that would be fewer
    than five, the smallest part joins it, so that nobody is found by subtracting the others. With fewer than five on the whole
    list, nobody is shown.
    """
    everyone = list(people)
    if len(everyone) < SMALLEST_GROUP:
        return {}
    cells = [(Shown(), everyone)]
    cells = [(replace(shown, group=value), part) for shown, cell in cells for value, part in _split(cell, lambda one: one.group)]
    cells = [placed for shown, cell in cells for placed in _place(shown, cell)]
    cells = [
        (replace(shown, occupation=value), part)
        for shown, cell in cells
        for value, part in _split(cell, lambda one: one.occupation)
    ]
    cells = [(replace(shown, band=value), part) for shown, cell in cells for value, part in _split(cell, lambda one: one.band)]
    return {one.key: shown for shown, cell in cells for one in cell}


def _place(shown: Shown, cell: list[Person]) -> list[tuple[Shown, list[Person]]]:
    placed = []
    for kelurahan, part in _split(cell, lambda one: one.kelurahan):
        if kelurahan is not None:
            placed.append((replace(shown, kelurahan=kelurahan, kecamatan=part[0].kecamatan), part))
        else:
            placed += [(replace(shown, kecamatan=value), rest) for value, rest in _split(part, lambda one: one.kecamatan)]
    return placed


def _split(cell: list[Person], word: Callable[[Person], T]) -> list[tuple[T | None, list[Person]]]:
    """Parts of at least five with their word, and the rest of at least five without one. The cell itself has at least five."""
    parts: dict[T, list[Person]] = {}
    for one in cell:
        parts.setdefault(word(one), []).append(one)
    kept = {value: part for value, part in parts.items() if len(part) >= SMALLEST_GROUP}
    rest = [one for value, part in parts.items() if value not in kept for one in part]
    if rest and len(rest) < SMALLEST_GROUP and kept:
        smallest = min(kept, key=lambda value: (len(kept[value]), str(value)))
        rest += kept.pop(smallest)
    found: list[tuple[T | None, list[Person]]] = [*kept.items()]
    return [*found, (None, rest)] if rest else found
