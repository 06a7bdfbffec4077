"""One row of an organisation's file: what is typed, what is wrong with it, and what we suggest. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from sertakan.bulk.rules import RowState
from sertakan.kit import nik, phone
from sertakan.kit.errors import N_, Refused
from sertakan.kit.sheet import Column, Rounded
from sertakan.workers.rules import TOO_OLD, YOUNGEST

COLUMNS = (
    Column("nik", ("NIK", "No KTP", "Nomor KTP", "Nomor Induk Kependudukan", "No NIK")),
    Column("name", ("Nama", "Nama lengkap", "Nama pekerja", "Nama peserta", "Name")),
    Column("occupation", ("Pekerjaan", "Jenis pekerjaan", "Profesi", "Occupation")),
    Column("born_on", ("Tanggal lahir", "Tgl lahir", "Tgl. Lahir", "Date of birth"), required=False),
    Column("sex", ("Jenis kelamin", "L/P", "JK", "Kelamin", "Sex"), required=False),
    Column("phone", ("Nomor HP", "No HP", "HP", "No Telepon", "Telepon", "Phone"), required=False),
    Column("kelurahan", ("Kelurahan", "Desa", "Kelurahan kerja"), required=False),
    Column("working", ("Masih bekerja", "Aktif bekerja", "Bekerja"), required=False),
)
# of lists under a decree: the office that somebody holds
OFFICE_COLUMNS = (
    Column("position", ("Jabatan", "Posisi", "Position"), required=False),
    Column("rt_rw", ("RT/RW", "RT RW", "RT"), required=False),
)
KEYS = tuple(column.key for column in COLUMNS)
OFFICE_KEYS = tuple(column.key for column in OFFICE_COLUMNS)
TITLES: dict[str, str] = {column.key: column.titles[0] for column in (*COLUMNS, *OFFICE_COLUMNS)}
LONGEST_NAME = 100
LONGEST_CELL = 400
LOOKALIKES = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "S": "5", "B": "8"})
_DATE = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?:[ T]00:00(?::00)?)?")
_PLAIN = re.compile(r"[\W_]+")
FEMALE, MALE = (
    frozenset({"p", "perempuan", "wanita", "f", "female"}),
    frozenset({"l", "laki laki", "lakilaki", "pria", "m", "male"}),
)
NOT_WORKING = frozenset({"tidak", "t", "no", "n", "berhenti", "keluar", "meninggal", "0"})


class Kind(StrEnum):
    """What is wrong, in the order in which it is told."""

    nik_empty = "nik_empty"
    nik_excel = "nik_excel"
    nik_letters = "nik_letters"
    nik_length = "nik_length"
    nik_wrong = "nik_wrong"
    nik_twice = "nik_twice"
    name_empty = "name_empty"
    name_digits = "name_digits"
    name_long = "name_long"
    occupation_empty = "occupation_empty"
    occupation_unknown = "occupation_unknown"
    born_unreadable = "born_unreadable"
    born_differs = "born_differs"
    sex_differs = "sex_differs"
    phone_wrong = "phone_wrong"
    kelurahan_unknown = "kelurahan_unknown"
    post_twice = "post_twice"  # an office that has one holder, named in two rows
    post_held = "post_held"  # somebody else holds it under this decree
    too_young = "too_young"
    # not an error: this person is passed over, with the reason
    too_old = "too_old"
    not_working = "not_working"
    covered = "covered"
    own_employee = "own_employee"
    gone = "gone"  # dead, withdrawn, or of an occupation without a tariff in these months
    over_ceiling = "over_ceiling"  # the decree's budget ended before this row


SKIPS = frozenset({Kind.too_old, Kind.not_working, Kind.covered, Kind.own_employee, Kind.gone, Kind.over_ceiling})
NAMES: dict[Kind, str] = {
    Kind.nik_empty: N_("NIK kosong"),
    Kind.nik_excel: N_("NIK rusak oleh Excel"),
    Kind.nik_letters: N_("Huruf di dalam NIK"),
    Kind.nik_length: N_("NIK bukan 16 angka"),
    Kind.nik_wrong: N_("NIK tidak mungkin"),
    Kind.nik_twice: N_("NIK ganda di berkas"),
    Kind.name_empty: N_("Nama kosong"),
    Kind.name_digits: N_("Angka di dalam nama"),
    Kind.name_long: N_("Nama terlalu panjang"),
    Kind.occupation_empty: N_("Pekerjaan kosong"),
    Kind.occupation_unknown: N_("Pekerjaan tidak dikenal"),
    Kind.born_unreadable: N_("Tanggal lahir tidak terbaca"),
    Kind.born_differs: N_("Tanggal lahir beda dengan NIK"),
    Kind.sex_differs: N_("Jenis kelamin beda dengan NIK"),
    Kind.phone_wrong: N_("Nomor HP salah"),
    Kind.kelurahan_unknown: N_("Kelurahan tidak dikenal"),
    Kind.post_twice: N_("Jabatan ganda di berkas"),
    Kind.post_held: N_("Jabatan sudah terisi"),
    Kind.too_young: N_("Belum 18 tahun"),
    Kind.too_old: N_("Sudah 65 tahun"),
    Kind.not_working: N_("Tidak bekerja lagi"),
    Kind.covered: N_("Sudah terlindungi"),
    Kind.own_employee: N_("Karyawan sendiri"),
    Kind.gone: N_("Tidak dapat didaftarkan"),
    Kind.over_ceiling: N_("Pagu SK habis"),
}
SENTENCES: dict[Kind, str] = {
    Kind.nik_empty: N_("NIK kosong. Isi 16 angka di bagian atas KTP."),
    Kind.nik_excel: N_(
        "Excel menyimpannya sebagai angka dan angka terakhirnya hilang. Ubah kolom NIK menjadi Teks, lalu isi ulang."
    ),
    Kind.nik_letters: N_("Ada huruf di dalam NIK, seharusnya angka."),
    Kind.nik_length: N_("NIK %(count)s angka, seharusnya 16."),
    Kind.nik_wrong: N_("NIK ini tidak mungkin: %(why)s"),
    Kind.nik_twice: N_("NIK sama dengan baris %(row)s. Hapus salah satu."),
    Kind.name_empty: N_("Nama kosong. Isi seperti di KTP."),
    Kind.name_digits: N_("Nama berisi angka. Periksa lagi."),
    Kind.name_long: N_("Nama paling panjang %(most)s huruf."),
    Kind.occupation_empty: N_("Pekerjaan kosong. Harganya bergantung pada pekerjaan."),
    Kind.occupation_unknown: N_("Pekerjaan ini tidak ada di daftar kami."),
    Kind.born_unreadable: N_("Tanggal lahir tidak terbaca. Tulis seperti 10-06-1979."),
    Kind.born_differs: N_("Menurut NIK: %(born)s."),
    Kind.sex_differs: N_("Menurut NIK: %(sex)s."),
    Kind.phone_wrong: N_("Nomor HP salah. Contoh: 0812-5000-1234."),
    Kind.kelurahan_unknown: N_("Kelurahan ini tidak ada di Pontianak."),
    Kind.post_twice: N_("Jabatan ini sudah ada di baris %(row)s. Satu jabatan satu orang."),
    Kind.post_held: N_("Jabatan ini sudah dipegang orang lain dengan SK ini. Pakai Ganti di halaman SK."),
    Kind.too_young: N_("Usianya belum %(least)s tahun."),
    Kind.too_old: N_("Usianya sudah %(most)s tahun, jadi tidak dapat didaftarkan baru."),
    Kind.not_working: N_("Tertulis tidak bekerja lagi. Hanya yang sedang bekerja yang dapat didaftarkan."),
    Kind.covered: N_("Sudah terlindungi sampai %(until)s. Dapat dimulai %(next)s."),
    Kind.gone: N_("Orang ini tidak dapat didaftarkan lagi. Tanyakan kepada petugas."),
    Kind.over_ceiling: N_("Pagu SK habis sebelum baris ini. Ubah pagu dengan SK baru, atau kurangi bulannya."),
    Kind.own_employee: N_("Karyawan perusahaan Anda didaftarkan lewat SIPP, bukan di sini."),
}


@dataclass(frozen=True)
class Problem:
    """One thing about one cell; `suggestion` is what the cell should probably say."""

    kind: Kind
    key: str
    params: dict[str, Any] = field(default_factory=dict)
    suggestion: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "key": self.key, "params": self.params, "suggestion": self.suggestion}


@dataclass(frozen=True)
class Row:
    """A row after checking. `values` are as typed, `clean` as they would be stored when nothing is wrong."""

    values: dict[str, str]
    problems: tuple[Problem, ...]
    number: nik.Nik | None
    occupation_code: str
    kelurahan_code: str

    @property
    def state(self) -> RowState:
        kinds = {problem.kind for problem in self.problems}
        if kinds - SKIPS:
            return RowState.wrong
        return RowState.skipped if kinds else RowState.ready

    def but(self, *more: Problem) -> "Row":
        return Row(self.values, (*self.problems, *more), self.number, self.occupation_code, self.kelurahan_code)


@dataclass
class Words:
    """What a cell may say for an occupation or a kelurahan; built once for a file."""

    occupations: Mapping[str, str]
    kelurahan: Mapping[str, str]
    occupation_names: Mapping[str, str]
    kelurahan_names: Mapping[str, str]
    _near: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def near(self, typed: str, known: Mapping[str, str], names: Mapping[str, str], what: str) -> str | None:
        """The name most like what was typed, if any is near; remembered, since a file repeats itself."""
        if (what, typed) not in self._near:
            found = get_close_matches(plain(typed), known, n=1, cutoff=0.72)
            self._near[what, typed] = names[known[found[0]]] if found else None
        return self._near[what, typed]


def words_of(occupations: Iterable[tuple[str, str]], kelurahan: Iterable[tuple[str, str]]) -> Words:
    """From pairs of code and name."""
    works, places = list(occupations), list(kelurahan)
    return Words(
        {plain(text): code for code, name in works for text in (name, code)},
        {plain(name): code for code, name in places},
        dict(works),
        dict(places),
    )


def plain(text: str) -> str:
    """A word without capitals and punctuation, as it is compared."""
    return _PLAIN.sub(" ", text).strip().casefold()


def check(values: Mapping[str, str], words: Words, today: date) -> Row:
    """Everything that one row shows by itself; other rows and the ledger are looked at by the service."""
    typed = {key: str(values.get(key, ""))[:LONGEST_CELL] for key in KEYS}
    typed |= {key: str(values[key])[:LONGEST_CELL] for key in OFFICE_KEYS if values.get(key)}  # few lists have them
    number, problems = _check_nik(values.get("nik", ""), today)
    problems += _check_name(typed["name"])
    occupation, more = _check_occupation(typed["occupation"], words)
    problems += more
    if number is not None:
        problems += _check_against_nik(typed, number)
    if typed["phone"]:
        problems += _check_phone(typed["phone"])
    kelurahan, more = _check_kelurahan(typed["kelurahan"], words)
    problems += more
    if number is not None:
        problems += _check_person(number, typed["working"], today)
    return Row(typed, tuple(problems), number, occupation, kelurahan)


def _check_nik(text: str, today: date) -> tuple[nik.Nik | None, list[Problem]]:
    if isinstance(text, Rounded):
        return None, [Problem(Kind.nik_excel, "nik")]
    digits = nik.clean(text.lstrip("'"))
    if not digits:
        return None, [Problem(Kind.nik_empty, "nik")]
    if not (digits.isascii() and digits.isdigit()):
        better = digits.translate(LOOKALIKES)
        good = len(better) == 16 and better.isascii() and better.isdigit()
        return None, [Problem(Kind.nik_letters, "nik", suggestion=better if good else None)]
    if len(digits) != 16:
        return None, [Problem(Kind.nik_length, "nik", {"count": len(digits)})]
    try:
        return nik.check(digits, today), []
    except Refused as no:
        return None, [Problem(Kind.nik_wrong, "nik", {"why": no.message, **no.params})]


def _check_name(name: str) -> list[Problem]:
    if not any(letter.isalpha() for letter in name):
        return [Problem(Kind.name_digits if name else Kind.name_empty, "name")]
    if any(letter.isdigit() for letter in name):
        return [Problem(Kind.name_digits, "name")]
    return [Problem(Kind.name_long, "name", {"most": LONGEST_NAME})] if len(name) > LONGEST_NAME else []


def _check_occupation(text: str, words: Words) -> tuple[str, list[Problem]]:
    if not text:
        return "", [Problem(Kind.occupation_empty, "occupation")]
    code = words.occupations.get(plain(text))
    if code:
        return code, []
    near = words.near(text, words.occupations, words.occupation_names, "occupation")
    return "", [Problem(Kind.occupation_unknown, "occupation", suggestion=near)]


def _check_kelurahan(text: str, words: Words) -> tuple[str, list[Problem]]:
    if not text:
        return "", []
    code = words.kelurahan.get(plain(text))
    if code:
        return code, []
    near = words.near(text, words.kelurahan, words.kelurahan_names, "kelurahan")
    return "", [Problem(Kind.kelurahan_unknown, "kelurahan", suggestion=near)]


def _check_phone(text: str) -> list[Problem]:
    try:
        phone.parse(text)
    except Refused:
        return [Problem(Kind.phone_wrong, "phone")]
    return []


def _check_against_nik(typed: Mapping[str, str], number: nik.Nik) -> list[Problem]:
    """Birth date and sex stand in the NIK; a column that says otherwise is a slip in one of the two."""
    found = []
    right = number.born_on.strftime("%d-%m-%Y")
    if typed["born_on"]:
        born = read_day(typed["born_on"])
        if born is None:
            found.append(Problem(Kind.born_unreadable, "born_on", suggestion=right))
        elif born != number.born_on:
            found.append(Problem(Kind.born_differs, "born_on", {"born": right}, right))
    sex = plain(typed["sex"])
    if (sex in FEMALE and not number.female) or (sex in MALE and number.female):
        said = "P" if number.female else "L"
        found.append(Problem(Kind.sex_differs, "sex", {"sex": said}, said))
    return found


def _check_person(number: nik.Nik, working: str, today: date) -> list[Problem]:
    age, found = nik.age_on(number.born_on, today), []
    if age < YOUNGEST:
        found.append(Problem(Kind.too_young, "nik", {"least": YOUNGEST}))
    if age >= TOO_OLD:
        found.append(Problem(Kind.too_old, "nik", {"most": TOO_OLD}))
    if plain(working) in NOT_WORKING:
        found.append(Problem(Kind.not_working, "working"))
    return found


def read_day(text: str) -> date | None:
    """A day as people write it: 10-06-1979, 10/6/1979, 1979-06-10; None for anything else."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    first, month, last = (int(part) for part in found.groups())
    year, day = (first, last) if first > 31 else (last, first)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def pack(row: Row) -> str:
    """Values and problems as they are kept, sealed."""
    kept = {"values": row.values, "problems": [problem.to_json() for problem in row.problems]}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def values_in(content: str) -> dict[str, str]:
    """The cells of a kept row, as typed."""
    return dict(json.loads(content)["values"])


def problems_in(content: str) -> list[dict[str, Any]]:
    """The problems of a kept row: kind, key, params, suggestion."""
    return list(json.loads(content)["problems"])
