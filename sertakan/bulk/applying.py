"""From confirmed rows to promises: workers, consents, sponsorships and reserved months, chunk by chunk, then one bill.

A chunk is one transaction of a few statements under the upload's lock, and notes how far it came: a worker that dies goes on where it
stopped, and nothing is made twice (one sponsorship for a row). A row becomes a promise wholly, or is passed over with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, func, insert, select, update

from sertakan.accounts.models import OrganisationKind, Person
from sertakan.audit.service import record
from sertakan.bulk import checking, queries
from sertakan.bulk import service as uploads
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rows import Kind, Problem, pack, plain, values_in
from sertakan.bulk.rules import RowState, UploadState
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.coverage.service import look_again
from sertakan.db import db, insert_new, keyring, new_ref, transaction
from sertakan.kit import clock, nik, phone
from sertakan.kit.codes import new_code
from sertakan.kit.months import span
from sertakan.kit.text import one_line
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import bills
from sertakan.sponsorships import rules as promise_rules
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, Seen, TermState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import NoTariff, Package, PayerKind, Quote
from sertakan.workers.models import Consent, ConsentGiver, ConsentKind, Sex, Worker, WorkerState
from sertakan.workers.rules import GONE

CHUNK = 1_000


@dataclass(frozen=True)
class Entry:
    """A confirmed row as it will be stored."""

    row_id: int
    ref: str
    row_number: int
    nik_hash: str
    number: nik.Nik
    name: str
    phone: str | None
    occupation_code: str
    kelurahan_code: str | None


@dataclass(frozen=True)
class Known:
    """What the ledger has of a worker, held until the transaction ends."""

    id: int
    ref: str
    name: str
    born_on: date
    occupation_code: str
    employs_others: bool
    state: WorkerState


class Prices:
    """The price of the upload's months for each occupation, asked for once."""

    def __init__(self, upload: Upload) -> None:
        self.months = span(upload.first_month, upload.count)
        self.payer = payer_kind_of(upload)
        self._known: dict[str, Quote | None] = {}

    def of(self, occupation_code: str) -> Quote | None:
        """None when there is no tariff for one of the months."""
        if occupation_code not in self._known:
            try:
                self._known[occupation_code] = tariff.quote_for(self.months, occupation_code, self.payer)
            except NoTariff:
                self._known[occupation_code] = None
        return self._known[occupation_code]


def payer_kind_of(upload: Upload) -> PayerKind:
    """Money of a government body pays the full price (PP 50/2025 art. 3)."""
    government = upload.organisation.kind is OrganisationKind.government
    return PayerKind.government if government else PayerKind.company


# ---- chunk by chunk ------------------------------------------------------------------------------------------------------------


def apply(upload_id: int) -> str:
    """Make the promises of a confirmed upload and its bill; returns the state it ends in."""
    with transaction():
        upload = queries.get(upload_id, lock=True)
        if upload.state is UploadState.confirmed:
            uploads.move(upload, UploadState.applying)
    while _next_chunk(upload_id):
        pass
    return queries.get(upload_id).state.value


def _next_chunk(upload_id: int) -> bool:
    """One more transaction; False when there was nothing left to do."""
    with transaction():
        upload = queries.get(upload_id, lock=True)
        if upload.state is not UploadState.applying:
            return False
        rows = queries.ready_rows(upload.id, upload.rows_applied, CHUNK)
        if not rows:
            _finish(upload)
            return False
        _apply_rows(upload, rows)
        upload.rows_applied = rows[-1].row_number
        return True


def _apply_rows(upload: Upload, rows: Sequence[UploadRow]) -> None:
    kelurahan = checking.words().kelurahan
    entries = [entry_of(row, kelurahan) for row in rows]
    actor, now = _signer(upload), clock.now()
    made = _insert_workers(entries, actor, now)
    known = _lock_workers([entry.nik_hash for entry in entries])
    prices = Prices(upload)
    passed = _pass_over(upload, rows, known, made, prices)
    entries = [entry for entry in entries if entry.row_number not in passed]
    if not entries:
        return
    _record_workers(actor, entries, known, made)
    _promise(upload, entries, known, prices, actor, now)


def entry_of(row: UploadRow, kelurahan: Mapping[str, str]) -> Entry:
    """The row's cells as they are stored: every cell has been checked already."""
    values = values_in(row.content)
    typed = values["phone"]
    return Entry(
        row_id=row.id,
        ref=row.ref,
        row_number=row.row_number,
        nik_hash=row.nik_hash or "",
        number=nik.check(nik.clean(values["nik"].lstrip("'")), clock.today()),
        name=one_line(values["name"]),
        phone=phone.parse(typed) if typed else None,
        occupation_code=row.occupation_code or "",
        kelurahan_code=kelurahan.get(plain(values["kelurahan"])) if values["kelurahan"] else None,
    )


def _signer(upload: Upload) -> Person:
    """Who asked for it; the promises are in her name for the organisation."""
    person = upload.submitted_by
    assert person is not None  # an upload is submitted before it is confirmed
    return person


# ---- workers -------------------------------------------------------------------------------------------------------------------


def _insert_workers(entries: Sequence[Entry], actor: Person, now: datetime) -> set[str]:
    """Rows for those whom nobody knew; a row that is there stays as it is. Returns the references of the new ones."""
    there = set(db.session.scalars(select(Worker.nik_hash).where(Worker.nik_hash.in_([one.nik_hash for one in entries]))))
    seal = keyring().seal
    rows: list[dict[str, Any]] = []
    for one in entries:
        if one.nik_hash in there:
            continue
        ref = new_ref()
        rows.append(
            {
                "ref": ref,
                "name": one.name,
                "nik_sealed": seal(one.number.digits, f"worker:{ref}:nik_sealed"),
                "nik_hash": one.nik_hash,
                "born_on": one.number.born_on,
                "sex": Sex(one.number.sex),
                "phone_sealed": seal(one.phone, f"worker:{ref}:phone_sealed") if one.phone else None,
                "kelurahan_code": one.kelurahan_code,
                "occupation_code": one.occupation_code,
                "employs_others": False,
                "state": WorkerState.proposed,
                "created_by_id": actor.id,
                "created_at": now,
            }
        )
    insert_new(Worker, rows)
    return {row["ref"] for row in rows}


def _lock_workers(hashes: Sequence[str]) -> dict[str, Known]:
    columns = (Worker.id, Worker.ref, Worker.name, Worker.born_on, Worker.occupation_code, Worker.employs_others, Worker.state)
    statement = select(Worker.nik_hash, *columns).where(Worker.nik_hash.in_(hashes)).order_by(Worker.id).with_for_update()
    return {row[0]: Known(*row[1:]) for row in db.session.execute(statement)}


def _record_workers(actor: Person, entries: Sequence[Entry], known: Mapping[str, Known], made: set[str]) -> None:
    for one in entries:
        worker = known[one.nik_hash]
        if worker.ref in made:
            after = {"occupation": one.occupation_code, "kelurahan": one.kelurahan_code}
            record(actor=actor.ref, action="worker.create", subject=f"worker:{worker.ref}", after=after)


# ---- rows that cannot become a promise -----------------------------------------------------------------------------------------


def _pass_over(upload: Upload, rows: Sequence[UploadRow], known: Mapping[str, Known], made: set[str], prices: Prices) -> set[int]:
    """Rows of people who are covered meanwhile, or who cannot be registered any more. Returns their numbers."""
    checker = checking.Checker(upload, checking.words(), clock.today(), {})
    there = [who for who, worker in known.items() if worker.ref not in made]  # who is new has no months
    taken = checking.covered_until(there, prices.months)
    passed = set()
    for row in rows:
        who = row.nik_hash or ""
        problem = None
        if known[who].state in GONE or prices.of(row.occupation_code or "") is None:
            problem = Problem(Kind.gone, "nik")
        elif who in taken:
            problem = checking.covered(taken[who])
        if problem is not None:
            [(_number, found, _who)] = checker.rows([(row.row_number, values_in(row.content))])
            already = {one.kind for one in found.problems}
            row.content = pack(found if problem.kind in already else found.but(problem))
            row.state, row.kind = RowState.skipped, problem.kind
            passed.add(row.row_number)
    return passed


# ---- promises ------------------------------------------------------------------------------------------------------------------


def _promise(
    upload: Upload, entries: Sequence[Entry], known: Mapping[str, Known], prices: Prices, actor: Person, now: datetime
) -> None:
    organisation_id = upload.organisation_id
    rows = []
    for one in entries:
        quote = _quote(prices, one)
        rows.append(
            _sponsorship(one, known[one.nik_hash], quote, prices.payer, actor, now) | {"organisation_id": organisation_id}
        )
    db.session.connection().execute(insert(cast(Table, Sponsorship.__table__)), rows)
    refs = Sponsorship.ref.in_([row["ref"] for row in rows])  # asking afterwards costs a tenth of RETURNING for so many
    ids = {row[0]: row[1] for row in db.session.execute(select(Sponsorship.ref, Sponsorship.id).where(refs))}
    months: list[dict[str, Any]] = []
    for one, row in zip(entries, rows, strict=True):
        months += _months(_quote(prices, one), prices.payer, known[one.nik_hash].id, ids[row["ref"]], now)
    db.session.connection().execute(insert(cast(Table, CoverageMonth.__table__)), months)
    db.session.connection().execute(
        insert(cast(Table, Consent.__table__)), [_consent(known[one.nik_hash].id, actor) for one in entries]
    )
    made = select(Sponsorship.id).where(Sponsorship.ref == UploadRow.ref).scalar_subquery()
    mark = update(UploadRow).where(UploadRow.id.in_([one.row_id for one in entries])).values(sponsorship_id=made)
    db.session.execute(mark.execution_options(synchronize_session=False))
    look_again([known[one.nik_hash].id for one in entries])
    for one, row in zip(entries, rows, strict=True):
        facts = {
            "code": row["code"],
            "worker": known[one.nik_hash].ref,
            "first_month": str(upload.first_month),
            "last_month": str(upload.first_month + (upload.count - 1)),
            "package": Package.jkk_jkm.value,
            "payer_kind": prices.payer.value,
            "amount_rupiah": _quote(prices, one).total_rupiah,
            "upload": upload.ref,
        }
        record(actor=actor.ref, action="sponsorship.submit", subject=f"sponsorship:{row['ref']}", after=facts)


def _quote(prices: Prices, one: Entry) -> Quote:
    quote = prices.of(one.occupation_code)
    assert quote is not None  # rows without a price were passed over
    return quote


def _sponsorship(one: Entry, worker: Known, quote: Quote, payer: PayerKind, actor: Person, now: datetime) -> dict[str, Any]:
    seen = Seen(
        sponsor_ref=actor.ref,
        worker_ref=worker.ref,
        nik_hash=one.nik_hash,
        worker_name=worker.name,
        typed_name=one.name,
        born_on=worker.born_on,
        occupation_code=worker.occupation_code,
        employs_others=worker.employs_others,
        payer_kind=payer.value,
        package=Package.jkk_jkm.value,
        base_rupiah=quote.lines[0].base_rupiah,
        answer=None,
    )
    return {
        "ref": one.ref,  # a promise has the reference of its row, so one row is never two promises
        "code": new_code(),
        "sponsor_id": actor.id,
        "maker_id": actor.id,
        "worker_id": worker.id,
        "typed_name": one.name,
        "chosen_from_list": False,
        "payer_kind": payer,
        "package": Package.jkk_jkm,
        "base_rupiah": quote.lines[0].base_rupiah,
        "first_month": quote.lines[0].month,
        "last_month": quote.lines[-1].month,
        "review_state": ReviewState.submitted,
        "term_state": TermState.waiting,
        "fingerprint": promise_rules.fingerprint(seen, [(line.month, line.total_rupiah) for line in quote.lines]),
        "risk_version": promise_rules.RISK_VERSION,
        "in_batch": True,
        "show_name": True,
        "remind": True,
        "auto": False,
        "submitted_at": now,
    }


def _months(quote: Quote, payer: PayerKind, worker_id: int, sponsorship_id: int, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "ref": new_ref(),
            "worker_id": worker_id,
            "month": line.month,
            "state": MonthState.reserved,
            "source": MonthSource.sponsorship,
            "sponsorship_id": sponsorship_id,
            "payer_kind": payer,
            "package": Package.jkk_jkm,
            "base_rupiah": line.base_rupiah,
            "jkk_rupiah": line.jkk_rupiah,
            "jkm_rupiah": line.jkm_rupiah,
            "jht_rupiah": line.jht_rupiah,
            "relief_rupiah": line.relief_rupiah,
            "price_rupiah": line.total_rupiah,
            "tariff_rows": line.row_ids,
            "created_at": now,
        }
        for line in quote.lines
    ]


def _consent(worker_id: int, actor: Person) -> dict[str, Any]:
    """The organisation's statement that she agrees (UU 27/2022 art. 20, 22)."""
    return {
        "worker_id": worker_id,
        "kind": ConsentKind.registered,
        "giver": ConsentGiver.sponsor_statement,
        "recorded_by_id": actor.id,
        "text_version": promise_rules.CONSENT_VERSION,
        "given_on": clock.today(),
        "created_at": clock.now(),
    }


# ---- the bill ------------------------------------------------------------------------------------------------------------------


def _finish(upload: Upload) -> None:
    """Every row has been looked at: one bill for all that became promises, or none when nothing did."""
    mine = select(UploadRow.sponsorship_id).where(UploadRow.upload_id == upload.id, UploadRow.sponsorship_id.is_not(None))
    workers = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    actor = _signer(upload)
    if workers:
        months = select(CoverageMonth.id).where(CoverageMonth.sponsorship_id.in_(mine))
        order = bills.open_bill(
            actor=actor.ref, organisation=upload.organisation, months=months, workers=workers, locale=actor.locale
        )
        upload.order_id = order.id
        _tell(upload, order.id, actor)
    uploads.move(upload, UploadState.applied)
    upload.applied_at = clock.now()
    uploads.count_again(upload)
    facts = {"workers": workers, "skipped": (upload.counts or {})["skipped"], "mark": upload.mark}
    record(actor=actor.ref, action="upload.apply", subject=uploads.subject(upload), after=facts)


def _tell(upload: Upload, order_id: int, actor: Person) -> None:
    """Who asked and who agreed hear that the bill is there."""
    invoice = bills.invoice_of(order_id)
    for person in {row.id: row for row in (actor, upload.decided_by) if row is not None}.values():
        notices.queue(
            key=f"bill_ready:{invoice.ref}:{person.ref}",
            kind="bill_ready",
            subject=uploads.subject(upload),
            person=person,
            context={
                "invoice": invoice.label,
                "amount": invoice.order.amount_rupiah,
                "workers": invoice.workers,
                "due_on": invoice.due_on,
                "url": absolute("bills.show", person.locale, share=invoice.share_ref),
            },
        )
