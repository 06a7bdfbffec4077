"""The promises of a part of an upload: sponsorships, their reserved months, and the organisation's word that the workers agree.

A few statements whatever the number of rows; run inside the transaction that holds the workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from sertakan.accounts.models import OrganisationKind, Person
from sertakan.audit.service import record
from sertakan.batch import insert_all
from sertakan.bulk.models import Upload, UploadRow
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.coverage.service import look_again
from sertakan.db import db, new_ref
from sertakan.kit import clock, nik
from sertakan.kit.codes import new_code
from sertakan.kit.months import span
from sertakan.sponsorships import rules as promise_rules
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, Seen, TermState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import NoTariff, Package, PayerKind, Quote
from sertakan.workers.models import Consent, ConsentGiver, ConsentKind, WorkerState


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
    post: str | None


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


def promise(
    upload: Upload, entries: Sequence[Entry], known: Mapping[str, Known], prices: Prices, actor: Person, now: datetime
) -> None:
    organisation_id = upload.organisation_id
    rows = []
    for one in entries:
        quote = _quote(prices, one)
        rows.append(
            _sponsorship(one, known[one.nik_hash], quote, prices.payer, actor, now)
            | {"organisation_id": organisation_id, "decree_id": upload.decree_id}
        )
    insert_all(Sponsorship, rows)
    refs = Sponsorship.ref.in_([row["ref"] for row in rows])  # asking afterwards costs a tenth of RETURNING for so many
    ids = {row[0]: row[1] for row in db.session.execute(select(Sponsorship.ref, Sponsorship.id).where(refs))}
    months: list[dict[str, Any]] = []
    for one, row in zip(entries, rows, strict=True):
        months += _months(_quote(prices, one), prices.payer, known[one.nik_hash].id, ids[row["ref"]], now)
    insert_all(CoverageMonth, months)
    insert_all(Consent, [_consent(known[one.nik_hash].id, actor) for one in entries])
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
        "post": one.post,
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
