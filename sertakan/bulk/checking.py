"""Checking rows: by themselves (`rows.check`), against the other rows of the file, and against the ledger; and writing what was found.

Runs in chunks, each one transaction with its progress, so a worker that dies goes on where it stopped and nothing is checked twice.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from flask_babel import format_date
from sqlalchemy import insert, select, true, update

from sertakan.bulk import rules
from sertakan.bulk.models import ColumnTitle, Upload, UploadRow
from sertakan.bulk.rows import COLUMNS, OFFICE_COLUMNS, Kind, Problem, Row, Words, check, pack, values_in, words_of
from sertakan.bulk.rules import RowState
from sertakan.bulk.takeover import gives_way
from sertakan.coverage.models import IS_LIVE, CoverageMonth
from sertakan.db import blind, db, keyring, new_ref
from sertakan.decrees import queries as decrees
from sertakan.decrees.rules import post_of
from sertakan.employees import queries as employees
from sertakan.kit.months import Month, span
from sertakan.kit.sheet import Column, Record
from sertakan.places import queries as places
from sertakan.tariff import queries as tariff
from sertakan.workers.models import Worker

_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass
class Checker:
    """What a file's rows are checked with. Which row named a person first is asked of the rows kept so far, and only about who
    may be among them: a dictionary of a hundred thousand people is what a worker's memory would go to.
    """

    upload: Upload
    words: Words
    today: date
    anew: Container[int] = ()  # rows that are checked once more: what is kept of them counts no longer
    seen: set[int] | None = None  # who may stand in the file already, by `_short`; None: anybody may
    first: dict[str, int] = field(default_factory=dict)  # by NIK hash, of those found twice: the row that counts
    posts: dict[str, int] = field(default_factory=dict)  # in which row each office came first; 0: held under the decree already

    def rows(self, records: Sequence[tuple[int, Mapping[str, str]]]) -> list[tuple[int, Row, str | None]]:
        """Number, row and NIK hash of each record, checked in all three ways."""
        found = []
        for number, values in records:
            row = check(values, self.words, self.today)
            who = blind(row.number.digits, "nik") if row.number else None
            if self.upload.decree_id is not None:
                row = self._check_post(number, row)
            found.append((number, row, who))
        return self._against_the_ledger(self._without_employees(self._once_each(found)))

    def _once_each(self, found: list[tuple[int, Row, str | None]]) -> list[tuple[int, Row, str | None]]:
        """Who was named before, in a row kept already or in one of these, keeps the row that came first."""
        named = {who for _number, _row, who in found if who}
        again = named if self.seen is None else {who for who in named if _short(who) in self.seen}
        self.first |= _first_rows(self.upload.id, again - self.first.keys(), self.anew)
        if self.seen is not None:
            self.seen.update(map(_short, named))
        here: dict[str, int] = {}
        checked = []
        for number, row, who in found:
            if who is not None:
                first = self.first.get(who) or here.setdefault(who, number)
                if first != number:
                    self.first[who] = first
                    row = row.but(Problem(Kind.nik_twice, "nik", {"row": first}))
            checked.append((number, row, who))
        return checked

    def _without_employees(self, found: list[tuple[int, Row, str | None]]) -> list[tuple[int, Row, str | None]]:
        """The organisation's own employees are registered through SIPP, not here; their rows are passed over (UX D4)."""
        own = self.employees_among([who for _number, _row, who in found if who])
        if not own:
            return found
        return [(number, row.but(Problem(Kind.own_employee, "nik")) if who in own else row, who) for number, row, who in found]

    def _check_post(self, number: int, row: Row) -> Row:
        post = post_in(row.values).casefold()
        first = self.posts.setdefault(post, number) if post else number
        if first == number:
            return row
        return row.but(Problem(Kind.post_twice, "position", {"row": first}) if first else Problem(Kind.post_held, "position"))

    def _against_the_ledger(self, found: list[tuple[int, Row, str | None]]) -> list[tuple[int, Row, str | None]]:
        """Who is covered already is told only to an organisation that staff have verified, and never by whom (PRODUCT idea 7)."""
        if self.upload.organisation.verified_at is None:
            return found
        asked = [who for _number, row, who in found if who and row.state is RowState.ready]
        held = covered_until(asked, self.months, self.upload.decree_id is not None)
        checked = []
        for number, row, who in found:
            until = held.get(who or "")
            checked.append((number, row.but(covered(until)) if until else row, who))
        return checked

    @cached_property
    def _keeps_list(self) -> bool:
        """Asked once a file: most organisations keep none. A list made meanwhile is heard when the upload is confirmed."""
        return employees.find_list(self.upload.organisation_id) is not None

    def employees_among(self, who: Sequence[str]) -> set[str]:
        """Those of these NIK hashes that stand on the organisation's own list."""
        return employees.among(self.upload.organisation_id, who) if self._keeps_list else set()

    def passed_over(self, who: Sequence[str]) -> set[str]:
        """By NIK hash: who would be passed over now, being covered or an own employee."""
        return {*covered_until(who, self.months, self.upload.decree_id is not None), *self.employees_among(who)}

    @property
    def months(self) -> list[Month]:
        return span(self.upload.first_month, self.upload.count)


def _short(who: str) -> int:
    return int(who[:15], 16)  # sixty bits: half the memory of a longer one; who only looks like another costs a question, no more


def _first_rows(upload_id: int, who: Collection[str], anew: Container[int]) -> dict[str, int]:
    """By NIK hash: the first row that is kept of each of these people, without those that are checked anew."""
    if not who:
        return {}
    named = UploadRow.upload_id == upload_id, UploadRow.nik_hash.in_(who)
    kept = db.session.execute(select(UploadRow.nik_hash, UploadRow.row_number).where(*named)).all()
    # sorted here: asked for an order, a database reads the whole file by its row numbers instead of looking these people up
    return {one: number for one, number in sorted(kept, key=lambda row: -row[1]) if one and number not in anew}


def post_in(values: Mapping[str, str]) -> str:
    """The office that a row names, as it is kept; empty without one."""
    return post_of(values.get("position", ""), values.get("rt_rw", ""), values.get("kelurahan", ""))


def covered(until: Month) -> Problem:
    return Problem(Kind.covered, "nik", {"until": str(until), "next": str(until + 1)})


def checker_for(upload: Upload, today: date, anew: Container[int] | None = None) -> Checker:
    """For the rows that follow those read so far (a dead worker may have read some), or for some that are checked `anew`."""
    if anew is not None:
        return Checker(upload, words(), today, anew, posts=_posts_of(upload, anew))
    mine = UploadRow.upload_id == upload.id, UploadRow.nik_hash.is_not(None)
    seen = {_short(who) for who in db.session.scalars(select(UploadRow.nik_hash).where(*mine)) if who}
    return Checker(upload, words(), today, seen=seen, posts=_posts_of(upload))


def _posts_of(upload: Upload, anew: Container[int] = ()) -> dict[str, int]:
    """Offices held under the decree (0), but for the one that is handed over; and those of the rows read so far."""
    if upload.decree_id is None:
        return {}
    last = upload.first_month + (upload.count - 1)
    posts = {post.casefold(): 0 for post in decrees.list_posts(upload.decree_id, last, upload.replaces_id)}
    for row in db.session.scalars(select(UploadRow).where(UploadRow.upload_id == upload.id).order_by(UploadRow.row_number)):
        post = "" if row.row_number in anew else post_in(values_in(row.content)).casefold()
        if post:
            posts.setdefault(post, row.row_number)
    return posts


def words() -> Words:
    """The occupations and kelurahan of today."""
    return words_of(
        ((work.code, work.label) for work in tariff.list_occupations()),
        ((place.code, place.name) for place in places.list_kelurahan()),
    )


def covered_until(who: Sequence[str], months: Sequence[Month], by_decree: bool = False) -> dict[str, Month]:
    """By NIK hash: the last month, among those wanted and after them, that somebody has promised or paid; who is free is not in it.

    Under a decree a private sponsor's months that have not set out for BPJS are no obstacle (`takeover`).
    """
    if not who:
        return {}
    stays = ~gives_way() if by_decree else true()
    rows = db.session.execute(
        select(Worker.nik_hash, CoverageMonth.month)
        .join(CoverageMonth, CoverageMonth.worker_id == Worker.id)
        .where(Worker.nik_hash.in_(who), IS_LIVE, CoverageMonth.month >= months[0], stays)
    )
    taken: dict[str, set[Month]] = {}
    for nik_hash, month in rows:
        taken.setdefault(nik_hash, set()).add(month)
    wanted = set(months)
    return {one: max(have) for one, have in taken.items() if have & wanted}


# ---- writing -------------------------------------------------------------------------------------------------------------------


def insert_rows(upload: Upload, found: Sequence[tuple[int, Row, str | None]]) -> None:
    """One statement for a chunk. The values are sealed as `UploadRow.content` opens them."""
    seal = keyring().seal
    rows = []
    for number, row, who in found:
        ref = new_ref()
        sealed = seal(pack(row), f"upload_row:{ref}:content_sealed")
        rows.append({"ref": ref, "upload_id": upload.id, "row_number": number, "content_sealed": sealed, **facts(row, who)})
    db.session.execute(insert(UploadRow.__table__), rows)  # type: ignore[arg-type]


def facts(row: Row, who: str | None) -> dict[str, Any]:
    """What is kept of a checked row beside its sealed values."""
    first = min((problem.kind for problem in row.problems), key=_ORDER.__getitem__, default=None)
    return {
        "nik_hash": who,
        "state": row.state.value,
        "kind": first.value if first else None,
        "occupation_code": row.occupation_code or None,
        "revision": 0,
    }


def claim(upload: Upload, read: int, more: int) -> bool:
    """Compare-and-set: whether nobody else has read these rows meanwhile."""
    done: Any = db.session.execute(
        update(Upload).where(Upload.id == upload.id, Upload.rows_read == read).values(rows_read=read + more)
    )
    return bool(done.rowcount == 1)


def columns_of(organisation_id: int) -> list[Column]:
    """Our columns with the titles that this organisation uses for them."""
    told: dict[str, list[str]] = {}
    for key, title in db.session.execute(
        select(ColumnTitle.key, ColumnTitle.title).where(ColumnTitle.organisation_id == organisation_id)
    ):
        told.setdefault(key, []).append(title)
    return [Column(one.key, (*one.titles, *told.get(one.key, ())), one.required) for one in (*COLUMNS, *OFFICE_COLUMNS)]


def chunks(records: Iterable[Record], skip: int) -> Iterable[list[tuple[int, dict[str, str]]]]:
    """The records in chunks, without the first `skip`."""
    chunk: list[tuple[int, dict[str, str]]] = []
    for place, record in enumerate(records):
        if place < skip:
            continue
        chunk.append((record.row, record.values))
        if len(chunk) == rules.CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def month_words(text: str) -> str:
    """`Januari 2027` for a month kept in a problem."""
    return str(format_date(Month.parse(text).first_day, "MMMM yyyy"))
