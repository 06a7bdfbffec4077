"""What a bank's file says, the states of a line, and how a line finds its bill. Pure; amounts are whole rupiah."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sertakan.kit.codes import ALPHABET
from sertakan.kit.errors import N_, Refused
from sertakan.kit.sheet import Column, Record

MEGABYTES, MOST_ROWS = 4, 5_000
OLDEST = timedelta(days=400)
LOOK_BACK = timedelta(days=14)  # a bill of exactly this amount is suggested while it is this young
MOST_RUPIAH = 10**12


class LineState(StrEnum):
    new = "new"
    suggested = "suggested"  # looks like a bill: somebody must say yes
    unknown = "unknown"
    booked = "booked"
    aside = "aside"  # not for us, said by a person


class Why(StrEnum):
    """How a line found its bill."""

    number = "number"  # the virtual account
    code = "code"
    amount = "amount"
    hand = "hand"


L = LineState
MOVES: dict[LineState, frozenset[LineState]] = {
    L.new: frozenset({L.suggested, L.unknown, L.booked}),
    L.suggested: frozenset({L.booked, L.aside}),
    L.unknown: frozenset({L.booked, L.aside}),
    L.booked: frozenset(),
    L.aside: frozenset(),
}
WAITING = frozenset({L.suggested, L.unknown})

COLUMNS = (
    Column(
        "day", ("Tanggal", "Tgl", "Tanggal transaksi", "Tanggal posting", "Date", "Transaction date", "Posting date", "Post date")
    ),
    Column("amount", ("Kredit", "Jumlah", "Nominal", "Mutasi", "Credit", "Amount", "Uang masuk", "Mutasi kredit")),
    Column(
        "words", ("Keterangan", "Uraian", "Berita", "Deskripsi", "Description", "Remark", "Remarks", "Transaction description")
    ),
    Column("debit", ("Debit", "Debet", "Uang keluar", "Mutasi debet"), required=False),
    Column("kind", ("D/K", "DB/CR", "Jenis", "Tipe", "Type"), required=False),
    Column(
        "reference",
        ("Nomor VA", "No VA", "VA", "Virtual account", "Nomor virtual account", "Referensi", "No referensi", "Reference"),
        required=False,
    ),
)
_MONTHS = {
    word: at
    for at, words in enumerate(
        ("jan", "feb", "mar", "apr", "mei may", "jun", "jul", "agu aug agt", "sep", "okt oct", "nov", "des dec"), 1
    )
    for word in words.split()
}
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ].{0,20})?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2}|[A-Za-z]{3,9})[/. -]([0-9]{4}|[0-9]{2})(?: .{0,20})?")
_AMOUNT = re.compile(r"(?:rp\.?|idr)? ?([0-9]{1,3}(?:[.,][0-9]{3})+|[0-9]{1,13})(?:[.,](0{1,2}))?")
_CODE = re.compile(rf"(?<![0-9A-Z])([{ALPHABET}]{{4}})[- ]?([{ALPHABET}]{{4}})(?![0-9A-Z])")
_INVOICE = re.compile(r"(?<![A-Z0-9])TG-([0-9]{4})-([0-9]{6})(?![0-9])")
_OUT = frozenset({"d", "db", "dr", "debit", "debet", "keluar"})


class NotNow(Refused):
    message = N_("Baris ini sudah diputuskan. Muat ulang halamannya.")
    status = 409


class FileMissing(Refused):
    message = N_("Pilih berkas mutasinya dulu: .csv atau .xlsx")


class BadCell(Refused):
    message = N_("Sel %(place)s tidak dapat dibaca: “%(text)s”. Tidak satu baris pun diambil; perbaiki, lalu unggah lagi.")


class NoMoney(Refused):
    message = N_("Berkas ini tidak berisi uang masuk.")


class BillUnknown(Refused):
    message = N_("Tidak ada tagihan dengan nomor dukungan itu.")


class NoteMissing(Refused):
    message = N_("Tulis alasannya, supaya yang lain tahu sebabnya.")


@dataclass(frozen=True)
class Row:
    """Money that came in. `same` counts rows with the very same words before it in the file: two gifts are two rows."""

    number: int
    day: date
    amount_rupiah: int
    words: str
    same: int = 0

    @property
    def mark(self) -> str:
        """What makes it this row and no other, also in another file of the same days."""
        return f"{self.day.isoformat()}\0{self.amount_rupiah}\0{self.words}\0{self.same}"


def check_move(before: LineState, to: LineState) -> None:
    """Refuses NotNow for every move that is not in the table."""
    if to not in MOVES[before]:
        raise NotNow


def read_day(text: str) -> date | None:
    """`2026-11-03`, `03/11/2026`, `3-11-26`, `03 Nov 2026`; None for what is no day."""
    if iso := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in iso.groups())
    elif typed := _DAY_FIRST.fullmatch(text):
        day, word, year = int(typed[1]), typed[2].lower(), int(typed[3])
        month = int(word) if word.isdigit() else _MONTHS.get(word[:3], 0)
        year += 2000 if year < 100 else 0
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_amount(text: str) -> int | None:
    """Whole rupiah of `1.250.000,00`, `1,250,000.00`, `Rp 25.200`, `25200 CR`; negative when it went out (`DB`, `-`, brackets).

    None for what is no amount; an empty cell is 0.
    """
    plain = text.strip().lower()
    out = plain.startswith(("-", "(")) or plain.endswith(("db", "dr", "-"))
    plain = re.sub(r"(cr|db|dr|k|d)$", "", plain.strip("()-+ ")).strip("- ")
    if not plain:
        return 0
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        return None
    amount = int(re.sub("[.,]", "", match[1]))
    return None if amount > MOST_RUPIAH else -amount if out else amount


def read_rows(records: Iterable[Record], today: date) -> tuple[list[Row], int]:
    """The rows of money that came in, and how many went out. Refuses BadCell and NoMoney; then nothing of the file is taken."""
    rows: list[Row] = []
    seen: dict[str, int] = {}
    out = 0
    for record in records:
        if (row := _read(record, today)) is None:
            out += 1
            continue
        same = seen.get(row.mark, 0)
        seen[row.mark] = same + 1
        rows.append(Row(row.number, row.day, row.amount_rupiah, row.words, same))
    if not rows:
        raise NoMoney(field="file")
    return rows, out


def _read(record: Record, today: date) -> Row | None:
    values = record.values
    amount = read_amount(values["amount"])
    if amount is None:
        raise _bad(record, "amount")
    if amount <= 0 or values.get("kind", "").strip().casefold() in _OUT:
        return None
    day = read_day(values["day"])
    if day is None or not today - OLDEST <= day <= today + timedelta(days=1):
        raise _bad(record, "day")
    words = " ".join(f"{values['words']} {values.get('reference', '')}".split())[:300]
    return Row(record.row, day, amount, words)


def _bad(record: Record, key: str) -> BadCell:
    return BadCell(field="file", place=record.place(key), text=record.values[key][:40])


def codes_in(text: str) -> Iterator[str]:
    """What may be the number of a sponsorship in a payer's words: `7KQ2-M9XF`, also without its dash."""
    for first, second in _CODE.findall(text.upper()):
        yield f"{first}-{second}"


def invoices_in(text: str) -> list[tuple[int, int]]:
    """Year and number of each invoice of ours in a payer's words: `TG-2026-000042`, each once."""
    return list(dict.fromkeys((int(year), int(number)) for year, number in _INVOICE.findall(text.upper())))


def only(found: Sequence[int]) -> int | None:
    """The one that it must be; two are as good as none."""
    return found[0] if len(found) == 1 else None
