"""The verbs of an upload. The actor is a membership: what somebody may do follows from her part in the organisation.

Run inside `transaction()`, but for `check_file`, which opens one for each chunk.
"""

import base64
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import MemberRole, Membership
from sertakan.audit.service import record
from sertakan.bulk import budget, checking, queries, rules
from sertakan.bulk.models import ColumnTitle, Upload, UploadRow
from sertakan.bulk.rows import KEYS, OFFICE_KEYS, Kind, pack, problems_in, values_in
from sertakan.bulk.rules import UploadState
from sertakan.db import constraint_name, db, transaction
from sertakan.decrees.models import Decree
from sertakan.kit import clock, sheet
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.kit.text import one_line
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships.models import Sponsorship

PACKED = "zlib:"  # a CSV of 100,000 rows is sealed and stored as a tenth of itself
ALL_KEYS = (*KEYS, *OFFICE_KEYS)
LIMITS = sheet.Limits(megabytes=rules.MEGABYTES, rows=rules.MOST_ROWS)


def subject(upload: Upload) -> str:
    return f"upload:{upload.ref}"


def _note(actor: str, what: str, upload: Upload, **facts: Any) -> None:
    record(actor=actor, action=f"upload.{what}", subject=subject(upload), after=facts or None)


def _must_be(actor: Membership, *roles: MemberRole) -> None:
    if actor.ended_at is not None or actor.role not in roles:
        raise rules.NotYourPart


def move(upload: Upload, to: UploadState) -> None:
    """The only place that sets an upload's state."""
    rules.check_move(upload.state, to)
    upload.state = to


# ---- the file ------------------------------------------------------------------------------------------------------------------


def start(
    *,
    actor: Membership,
    name: str,
    data: bytes,
    first_month: Month,
    count: int,
    decree: Decree | None = None,
    replaces: Sponsorship | None = None,
) -> Upload:
    """A file waits to be checked; of a government body under a decree, and to hand over one office when it `replaces` its holder.

    Refuses NotYourPart, FileMissing, SheetTooBig, SameFile, and what `check_months` and `check_decree` refuse.
    """
    _must_be(actor, MemberRole.maker)
    budget.check_decree(actor, decree, first_month, count)
    steps.check_months(first_month, count, clock.today())
    if not data:
        raise rules.FileMissing(field="file")
    if len(data) > rules.MEGABYTES << 20:
        raise sheet.SheetTooBig(field="file", limit=rules.MEGABYTES)
    mark = hashlib.sha256(data).hexdigest()
    upload = Upload(
        organisation=actor.organisation,
        name=one_line(name)[:120] or "berkas",
        fingerprint=mark,
        decree=decree,
        replaces_id=replaces.id if replaces else None,
        first_month=first_month,
        count=count,
        state=UploadState.uploaded,
        made_by_id=actor.person_id,
        created_at=clock.now(),
    )
    upload.file = PACKED + base64.b64encode(zlib.compress(data, 6)).decode()
    _add(upload)
    facts = {"decree": decree.ref} if decree else {}
    _note(actor.person.ref, "start", upload, bytes=len(data), months=count, **facts)
    return upload


def _add(upload: Upload) -> None:
    """The same file twice does nothing and says so (unique index)."""
    try:
        with db.session.begin_nested():
            db.session.add(upload)
    except IntegrityError as error:
        if constraint_name(error) != "uq_upload_file":
            raise
        known = queries.find_same(upload.organisation_id or upload.organisation.id, upload.fingerprint)
        when = clock.local(known.created_at).strftime("%d-%m-%Y %H.%M") if known else ""
        raise rules.SameFile(field="file", when=when) from error


def choose_columns(*, actor: Membership, upload: Upload, titles: Mapping[str, str]) -> None:
    """Which title of the file means which of our columns; remembered for the next file. Refuses NotYourPart, NotNow, MissingColumns."""
    _must_be(actor, MemberRole.maker)
    if upload.state is not UploadState.mapping:
        raise rules.NotNow
    known = {key: title for key, title in titles.items() if key in ALL_KEYS and title in (upload.titles or [])}
    db.session.execute(
        delete(ColumnTitle).where(
            ColumnTitle.organisation_id == upload.organisation_id, ColumnTitle.title.in_(list(known.values()))
        )
    )
    for key, title in known.items():
        db.session.add(ColumnTitle(organisation_id=upload.organisation_id, key=key, title=title[:200]))
    db.session.flush()
    sheet.match(upload.titles or [], checking.columns_of(upload.organisation_id))
    move(upload, UploadState.uploaded)
    _note(actor.person.ref, "columns", upload, columns=sorted(known))


def check_file(upload_id: int) -> str:
    """Read the file and check its rows, chunk by chunk; returns the state it ends in. Goes on where a dead worker stopped."""
    with transaction():
        upload = queries.get(upload_id, lock=True)
        if upload.state is UploadState.uploaded:
            try:
                first = next(sheet.read(_bytes_of(upload), LIMITS))[1]
                sheet.match(first, checking.columns_of(upload.organisation_id))
            except sheet.MissingColumns:
                upload.titles = [title[:200] for title in first]
                move(upload, UploadState.mapping)
                return upload.state.value
            except Refused as no:
                return _fail(upload, no)
            move(upload, UploadState.checking)
        if upload.state is not UploadState.checking:
            return upload.state.value
    try:
        return _check_rows(upload_id)
    except Refused as no:
        with transaction():
            return _fail(queries.get(upload_id, lock=True), no)


def _bytes_of(upload: Upload) -> bytes:
    kept = upload.file or ""
    packed = base64.b64decode(kept.removeprefix(PACKED))
    return zlib.decompress(packed) if kept.startswith(PACKED) else packed  # of files that came before they were packed


def _fail(upload: Upload, no: Refused) -> str:
    """The file itself is no good; its rows, if any were read, go with it."""
    upload.why = {"message": no.message, "params": no.params}
    upload.file = None
    db.session.execute(delete(UploadRow).where(UploadRow.upload_id == upload.id))
    move(upload, UploadState.failed)
    return upload.state.value


def _check_rows(upload_id: int) -> str:
    upload = queries.get(upload_id)
    read = upload.rows_read
    records = sheet.records(_bytes_of(upload), checking.columns_of(upload.organisation_id), LIMITS)
    checker = checking.checker_for(upload, clock.today())
    for chunk in checking.chunks(records, read):
        with transaction():
            checker.upload = queries.get(upload_id)
            if checker.upload.state is not UploadState.checking or not checking.claim(checker.upload, read, len(chunk)):
                return checker.upload.state.value  # withdrawn meanwhile, or another worker is on it
            checking.insert_rows(checker.upload, checker.rows(chunk))
        read += len(chunk)
    if not read:
        raise sheet.SheetEmpty
    with transaction():
        upload = queries.get(upload_id, lock=True)
        if upload.state is UploadState.checking:
            move(upload, UploadState.checked)
            upload.file, upload.checked_at = None, clock.now()
            count_again(upload)
        return upload.state.value


def count_again(upload: Upload) -> None:
    """The counts and the fingerprint of the result as it stands now."""
    db.session.flush()
    upload.counts = queries.count_kinds(upload.id)
    upload.mark = rules.fingerprint(queries.ready_marks(upload.id))


# ---- mending -------------------------------------------------------------------------------------------------------------------


def revise(*, actor: Membership, upload: Upload, changes: Mapping[int, Mapping[str, str]]) -> int:
    """New words for some cells; these rows are checked again, and those that named the same people. Returns how many are mended.

    Refuses NotYourPart, NotNow.
    """
    _may_mend(actor, upload)
    numbers, mended = sorted(changes), 0
    for start in range(0, len(numbers), rules.CHUNK):
        mended += _mend(upload, {number: changes[number] for number in numbers[start : start + rules.CHUNK]})
    return _mended(actor, upload, len(changes), mended)


def _may_mend(actor: Membership, upload: Upload) -> None:
    _must_be(actor, MemberRole.maker)
    if upload.state is not UploadState.checked:
        raise rules.NotNow


def _mend(upload: Upload, changes: Mapping[int, Mapping[str, str]]) -> int:
    """New words for at most a chunk of rows."""
    rows = {row.row_number: row for row in queries.rows_by_number(upload.id, sorted(changes))}
    before = [row.nik_hash for row in rows.values() if row.nik_hash]
    again = set(queries.numbers_of_niks(upload.id, before)) - set(changes) if before else set()
    if upload.decree_id is not None:
        again |= set(queries.numbers_of_kind(upload.id, Kind.post_twice)) - set(changes)
    rows |= {row.row_number: row for row in queries.rows_by_number(upload.id, sorted(again))}
    typed = {number: values_in(row.content) | _changed(changes.get(number, {})) for number, row in rows.items()}
    return _check_again(upload, rows, typed)


def _mended(actor: Membership, upload: Upload, rows: int, mended: int) -> int:
    count_again(upload)
    _note(actor.person.ref, "revise", upload, rows=rows, mended=mended)
    return mended


def _changed(cells: Mapping[str, str]) -> dict[str, str]:
    return {key: one_line(value)[:400] for key, value in cells.items() if key in ALL_KEYS}


def _check_again(upload: Upload, rows: Mapping[int, UploadRow], typed: Mapping[int, dict[str, str]]) -> int:
    checker = checking.checker_for(upload, clock.today(), anew=rows.keys())
    mended = 0
    for number, found, who in checker.rows(sorted(typed.items())):
        row = rows[number]
        was = row.state
        if found.values != values_in(row.content):
            row.revision += 1
        row.content = pack(found)
        facts = checking.facts(found, who)
        row.nik_hash, row.occupation_code = facts["nik_hash"], facts["occupation_code"]
        row.state, row.kind = found.state, Kind(facts["kind"]) if facts["kind"] else None
        mended += was != row.state and row.state is rules.RowState.ready
    return mended


def take_suggestions(*, actor: Membership, upload: Upload, kind: Kind) -> int:
    """Every row of one kind gets what we suggest for it. Returns how many are mended. Refuses NotYourPart, NotNow."""
    _may_mend(actor, upload)
    numbers, changed, mended = queries.numbers_of_kind(upload.id, kind), 0, 0
    for start in range(0, len(numbers), rules.CHUNK):
        rows = queries.rows_by_number(upload.id, numbers[start : start + rules.CHUNK])
        changes = {row.row_number: cells for row in rows if (cells := suggestions(problems_in(row.content)))}
        mended += _mend(upload, changes) if changes else 0
        changed += len(changes)
    return _mended(actor, upload, changed, mended)


def suggestions(problems: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By column, what its problem suggests."""
    return {problem["key"]: problem["suggestion"] for problem in problems if problem["suggestion"]}


def revise_by_file(*, actor: Membership, upload: Upload, data: bytes) -> int:
    """The downloaded rows come back mended; they are known by their number. Returns how many are mended.

    Refuses RowColumnMissing, what `sheet.read` refuses, NotYourPart, NotNow.
    """
    columns = [sheet.Column("row", ("Baris",)), *checking.columns_of(upload.organisation_id)]
    try:
        records = list(sheet.records(data, columns, LIMITS))
    except sheet.MissingColumns as no:
        raise (rules.RowColumnMissing(field="file") if "Baris" in str(no.params) else no) from no
    changes: dict[int, dict[str, str]] = {}
    for one in records:
        number = one.values["row"].partition(".")[0]
        if number.isascii() and number.isdigit() and len(number) < 8:
            changes[int(number)] = {key: value for key, value in one.values.items() if key != "row"}
    return revise(actor=actor, upload=upload, changes=changes)


# ---- deciding ------------------------------------------------------------------------------------------------------------------


def submit(*, actor: Membership, upload: Upload, seen: str) -> None:
    """The ready rows go to the checker. Refuses NotYourPart, NotVerified, NotNow, ChangedMeanwhile, NothingReady,
    and what `check_ceiling` refuses.
    """
    _must_be(actor, MemberRole.maker)
    if upload.organisation.verified_at is None:
        raise rules.NotVerified
    _must_be_as_seen(upload, seen)
    if not (upload.counts or {}).get("ready"):
        raise rules.NothingReady
    budget.check_ceiling(upload, actor.person.locale)
    move(upload, UploadState.submitted)
    upload.submitted_by_id, upload.submitted_at, upload.note = actor.person_id, clock.now(), None
    _note(actor.person.ref, "submit", upload, ready=(upload.counts or {})["ready"], mark=upload.mark)


def _must_be_as_seen(upload: Upload, seen: str) -> None:
    if seen != upload.mark:
        raise rules.ChangedMeanwhile


def send_back(*, actor: Membership, upload: Upload, note: str) -> None:
    """The checker wants something changed. Refuses NotYourPart, NotNow."""
    _must_be(actor, MemberRole.checker)
    move(upload, UploadState.checked)
    upload.note = note or None
    _note(actor.person.ref, "send_back", upload)


def confirm(*, actor: Membership, upload: Upload, seen: str) -> bool:
    """The checker says yes to exactly what was checked. Refuses NotYourPart, OwnUpload, NotNow, ChangedMeanwhile,
    and what `check_ceiling` refuses.

    The world is looked at once more: who has been covered meanwhile is passed over, and then False is returned and nothing is
    confirmed, so that the changed counts are seen first.
    """
    _must_be(actor, MemberRole.checker)
    if actor.person_id in (upload.submitted_by_id, upload.made_by_id):
        raise rules.OwnUpload
    if upload.state is not UploadState.submitted:
        raise rules.NotNow
    _must_be_as_seen(upload, seen)
    if _look_again(upload):
        count_again(upload)
        _note(actor.person.ref, "changed", upload, mark=upload.mark)
        return False
    budget.check_ceiling(upload, actor.person.locale)
    move(upload, UploadState.confirmed)
    upload.decided_by_id, upload.decided_at = actor.person_id, clock.now()
    _note(actor.person.ref, "confirm", upload, ready=(upload.counts or {})["ready"], mark=upload.mark)
    return True


def _look_again(upload: Upload) -> int:
    """Ready rows whose months somebody else has taken since they were checked; now passed over. Returns how many."""
    marks, changed = list(queries.ready_marks(upload.id)), 0
    checker = checking.Checker(upload, checking.words(), clock.today())
    for start in range(0, len(marks), rules.CHUNK):
        part = marks[start : start + rules.CHUNK]
        taken = checker.passed_over([who for _number, who, _what in part])
        numbers = [number for number, who, _what in part if who in taken]
        if numbers:
            rows = {row.row_number: row for row in queries.rows_by_number(upload.id, numbers)}
            _check_again(upload, rows, {number: values_in(row.content) for number, row in rows.items()})
            changed += len(numbers)
    return changed


def withdraw(*, actor: Membership, upload: Upload) -> None:
    """The maker takes it back before it is confirmed; what was typed is deleted. Refuses NotYourPart, NotNow."""
    _must_be(actor, MemberRole.maker)
    move(upload, UploadState.withdrawn)
    upload.file = None
    db.session.execute(delete(UploadRow).where(UploadRow.upload_id == upload.id))
    _note(actor.person.ref, "withdraw", upload)
