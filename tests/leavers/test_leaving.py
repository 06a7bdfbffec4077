"""A file of leavers from upload to what it frees, in the test client and in the ledger."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from sertakan.audit.models import AuditEntry
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.leavers import jobs, queries, service
from sertakan.leavers.models import LeaverFile, LeaverRow
from sertakan.leavers.rules import FileState, RowState
from sertakan.payments.models import Allocation, Order, Payment, Suspense
from sertakan.payments.rules import OrderState, SuspenseState
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]
NIK, OTHER, GONE, STRANGE = "6171045503840001", "6171045503840002", "6171045503840003", "6171045503840004"
TITLES = "NIK;Bulan terakhir;Alasan\n"


def promise(cast: Cast, nik: str, states: list[MonthState], *, organisation: bool = True) -> str:
    """Months from November 2026 on, one for each state; the paid and remitted ones with their money in one payment."""
    row = factories.sponsorship(
        cast.rina,
        factories.worker(nik=nik),
        first="2026-11",
        count=len(states),
        review=ReviewState.approved,
        term=TermState.running,
        state=MonthState.paid,
        organisation_id=cast.company_id if organisation else None,
    )
    code, promise_id = row.code, row.id
    with transaction() as session:
        months = session.scalars(
            select(CoverageMonth).where(CoverageMonth.sponsorship_id == promise_id).order_by(CoverageMonth.month)
        ).all()
        for month, state in zip(months, states, strict=True):
            month.state = state
            if state is MonthState.posted:
                month.evidence = "uji"
        _pay(promise_id, [month for month in months if month.state is not MonthState.reserved])
    return code


def _pay(promise_id: int, months: list[CoverageMonth]) -> None:
    now, amount = clock.now(), sum(month.price_rupiah for month in months)
    if not months:
        return
    order = Order(
        sponsorship_id=promise_id,
        amount_rupiah=amount,
        state=OrderState.paid,
        idempotency_key=f"k{promise_id}",
        locale="id",
        created_at=now,
        expires_at=now,
        session_expires_at=now,
    )
    payment = Payment(order=order, provider_intent=f"pi_{promise_id}", amount_rupiah=amount, received_at=now)
    db.session.add_all([order, payment])
    db.session.flush()
    db.session.add_all(
        Allocation(payment_id=payment.id, coverage_month_id=month.id, amount_rupiah=month.price_rupiah, created_at=now)
        for month in months
    )


@pytest.fixture
def base(cast: Cast) -> str:
    return f"/perusahaan/{cast.khatulistiwa.ref}/keluar"


def upload(as_: As, base: str, text: str, name: str = "rina") -> str:
    page = as_(name).post(base, {"file": (io.BytesIO((TITLES + text).encode()), "keluar.csv")})
    assert page.status == 303, page.text[:900]
    return page.location


def months(code: str) -> dict[str, MonthState]:
    rows = db.session.execute(
        select(CoverageMonth.month, CoverageMonth.state)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(Sponsorship.code == code)
        .order_by(CoverageMonth.month)
    )
    return {str(month): state for month, state in rows}


def test_leavers_end_after_their_month_and_what_is_at_bpjs_stays(cast: Cast, as_: As, base: str) -> None:
    s = MonthState
    code = promise(cast, NIK, [s.posted, s.remitted, s.paid, s.reserved])
    untouched = promise(cast, OTHER, [s.posted, s.paid])
    here = upload(as_, base, f"{NIK};2026-11;berhenti\n")
    as_("rina").get(here).sees("1 orang akan keluar", "2 bulan", "Rp16.800", "1 bulan tetap berlaku").misses(
        NIK, "Setujui 1 orang"
    )
    seen = db.session.scalars(select(LeaverFile.mark)).one()
    assert as_("budi").post(f"{here}/setujui", {"seen": seen}).location == here
    assert months(code)["2027-01"] is s.paid, "nothing ends before the job"
    assert jobs.work_off() == 1
    assert months(code) == {"2026-11": s.posted, "2026-12": s.remitted, "2027-01": s.released, "2027-02": s.released}
    assert months(untouched) == {"2026-11": s.posted, "2026-12": s.paid}
    row = db.session.scalars(select(Sponsorship).where(Sponsorship.code == code)).one()
    assert (row.last_month, row.term_state, row.declined_until) == (Month(2026, 12), TermState.running, Month(2026, 12).last_day)
    [fund] = db.session.scalars(select(Suspense))
    assert (fund.amount_rupiah, fund.state) == (16_800, SuspenseState.open)
    assert [words for words in books.broken(books.check()) if words.startswith(("I2", "I3"))] == []
    as_("budi").get(here).sees("1 orang sudah keluar", "Selesai", "disetujui Budi Santoso")
    assert jobs.work_off() == 0


def test_who_had_not_begun_is_out_altogether(cast: Cast, as_: As, base: str) -> None:
    code = promise(cast, NIK, [MonthState.paid, MonthState.reserved])
    here = upload(as_, base, f"{NIK};10/2026;pindah\n")
    as_("budi").post(f"{here}/setujui", {"seen": db.session.scalars(select(LeaverFile.mark)).one()})
    jobs.work_off()
    row = db.session.scalars(select(Sponsorship).where(Sponsorship.code == code)).one()
    assert row.term_state is TermState.cancelled
    assert set(months(code).values()) == {MonthState.released}


def test_every_problem_of_every_row_is_told_at_once_and_the_good_go_on(cast: Cast, as_: As, base: str) -> None:
    promise(cast, NIK, [MonthState.paid] * 3)
    promise(cast, GONE, [MonthState.posted])
    promise(cast, STRANGE, [MonthState.paid], organisation=False)
    rows = [
        f"{NIK};2026-11;berhenti",
        f"{NIK};2026-11;berhenti",
        f"{GONE};2026-11;pindah",
        f"{STRANGE};2026-11;pindah",
        "617104550384;2026-11;pindah",
        f"{OTHER};kapan-kapan;pindah",
        f"{OTHER[:-1]}9;2026-11;bosan",
    ]
    here = upload(as_, base, "\n".join(rows))
    page = as_("rina").get(f"{here}?bagian=masalah")
    page.sees("NIK sama dengan baris 2", "Tidak ada bulan lagi", "Tidak ada di daftar lembaga ini", "NIK tidak benar")
    page.sees("Bulan terakhir tidak terbaca", "Alasan tidak dikenal").misses(NIK, GONE, STRANGE)
    counts = db.session.scalars(select(LeaverFile.counts)).one()
    assert (counts["ready"], counts["wrong"], counts["skipped"]) == (1, 5, 1)


def test_the_same_file_twice_does_nothing_and_says_so(cast: Cast, as_: As, base: str) -> None:
    promise(cast, NIK, [MonthState.paid] * 3)
    here = upload(as_, base, f"{NIK};2026-11;berhenti\n")
    again = as_("rina").post(base, {"file": (io.BytesIO((TITLES + f"{NIK};2026-11;berhenti\n").encode()), "lain.csv")})
    assert again.status == 422
    again.sees("Berkas ini sudah diunggah")
    as_("budi").post(f"{here}/setujui", {"seen": db.session.scalars(select(LeaverFile.mark)).one()})
    jobs.work_off()
    upload(as_, base, f"{NIK};2026-11;berhenti\n\n")
    newest = db.session.scalars(select(LeaverFile).order_by(LeaverFile.id.desc())).first()
    assert newest is not None
    assert (newest.counts["ready"], newest.counts["skipped"]) == (0, 1)
    assert factories.count(Suspense) == 1


def test_only_another_member_with_the_part_says_yes_and_only_to_what_she_saw(cast: Cast, as_: As, base: str) -> None:
    code = promise(cast, NIK, [MonthState.paid] * 3)
    here = upload(as_, base, f"{NIK};2026-11;berhenti\n")
    seen = db.session.scalars(select(LeaverFile.mark)).one()
    assert as_("rina").post(f"{here}/setujui", {"seen": seen}).status == 409
    with transaction() as session:
        last = session.scalars(select(CoverageMonth).order_by(CoverageMonth.month.desc())).first()
        assert last is not None
        last.sending_at = clock.now()
    budi = as_("budi")
    budi.follow(budi.post(f"{here}/setujui", {"seen": seen})).sees("Ada yang berubah")
    assert jobs.work_off() == 0
    file = db.session.scalars(select(LeaverFile)).one()
    assert (file.state, file.counts["freed"], file.counts["kept"]) == (FileState.checked, 1, 1)
    as_("budi").post(f"{here}/setujui", {"seen": file.mark})
    jobs.work_off()
    assert months(code) == {"2026-11": MonthState.paid, "2026-12": MonthState.released, "2027-01": MonthState.paid}


def test_taken_back_it_does_nothing_and_may_come_again(cast: Cast, as_: As, base: str) -> None:
    promise(cast, NIK, [MonthState.paid] * 2)
    here = upload(as_, base, f"{NIK};2026-11;berhenti\n")
    assert as_("budi").post(f"{here}/batal").status == 409
    assert as_("rina").post(f"{here}/batal").status == 303
    assert as_("budi").post(f"{here}/setujui", {"seen": "x"}).status == 409
    assert upload(as_, base, f"{NIK};2026-11;berhenti\n") != here


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Pilih berkasnya dulu"),
        (b"Nama;Alamat\nA;B\n", "Kolom ini tidak ada di berkas: NIK, Bulan terakhir, Alasan"),
        (b"PK\x03\x04rusak", "rusak atau bukan tabel"),
    ],
)
def test_a_file_that_is_no_good_gets_one_sentence(cast: Cast, as_: As, base: str, content: bytes, sentence: str) -> None:
    page = as_("rina").post(base, {"file": (io.BytesIO(content), "x.csv")})
    assert page.status == 422
    page.sees(sentence)
    assert factories.count(LeaverFile) == 0


def test_a_viewer_looks_on_and_others_find_nothing(cast: Cast, as_: As, base: str) -> None:
    promise(cast, NIK, [MonthState.paid] * 2)
    here = upload(as_, base, f"{NIK};2026-11;berhenti\n")
    assert as_("budi").post(base, {"file": (io.BytesIO(TITLES.encode()), "x.csv")}).status == 422
    for name in ("sari", "stranger", "dewi", "maya"):
        for path in (base, here, f"{base}/templat.xlsx"):
            assert as_(name).get(path).status == 404
        assert as_(name).post(f"{here}/setujui", {"seen": "x"}).status == 404
    assert as_("budi").get(f"{base}/templat.xlsx").response.data[:2] == b"PK"


def test_a_worker_that_dies_between_chunks_goes_on_and_nothing_is_parked_twice(
    cast: Cast, as_: As, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    niks = [f"61710455038410{number:02d}" for number in range(1, 6)]
    for nik in niks:
        promise(cast, nik, [MonthState.paid] * 2)
    here = upload(as_, base, "\n".join(f"{nik};2026-11;lainnya" for nik in niks))
    as_("budi").post(f"{here}/setujui", {"seen": db.session.scalars(select(LeaverFile.mark)).one()})
    file_id = db.session.scalars(select(LeaverFile.id)).one()
    real, calls = queries.rows_of, []

    def dies(*args: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise SystemExit
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "rows_of", dies)
    with pytest.raises(SystemExit):
        service.work_off(file_id, chunk=2)
    monkeypatch.setattr(queries, "rows_of", real)
    assert service.work_off(file_id, chunk=2) == 1
    done = db.session.scalar(select(func.count()).where(LeaverRow.state == RowState.done))
    assert (done, factories.count(Suspense)) == (5, 5)
    assert db.session.scalar(select(func.sum(Suspense.amount_rupiah))) == 5 * 8_400


def test_the_trail_says_who_did_what_and_names_nobody(cast: Cast, as_: As, base: str, app: Flask) -> None:
    promise(cast, NIK, [MonthState.paid] * 2)
    here = upload(as_, base, f"{NIK};2026-11;meninggal\n")
    as_("budi").post(f"{here}/setujui", {"seen": db.session.scalars(select(LeaverFile.mark)).one()})
    jobs.work_off()
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.subject.like("leavers:%")).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in told] == ["leavers.start", "leavers.confirm", "leavers.done"]
    assert [entry.actor for entry in told[:2]] == [cast.rina.ref, cast.budi.ref]
    everything = " ".join(str(entry.after) for entry in db.session.scalars(select(AuditEntry)))
    assert NIK not in everything
    assert "Sumiati" not in everything
