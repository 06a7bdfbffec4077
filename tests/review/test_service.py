"""Deciding: what follows from a yes, a no and a question, and who may not."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from sertakan.accounts.models import Person
from sertakan.audit import queries as audit
from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import MonthState
from sertakan.db import bare_writes, constraint_name, db, transaction
from sertakan.kit.errors import Refused
from sertakan.notices.models import Notice
from sertakan.payments.models import Refund
from sertakan.payments.rules import RefundReason, RefundState
from sertakan.review import queries, service
from sertakan.review.models import Decision
from sertakan.review.rules import AwaitsAnswer, Changed, NotYourOwn, Outcome, RejectReason
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as promises
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.refusals import AlreadyDecided
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers import service as workers
from sertakan.workers.models import ConsentKind, Worker, WorkerState
from tests import factories
from tests.cast import Cast
from tests.payments.conftest import Till
from tests.review.conftest import asked_for, attest, read

Paid = Callable[..., str]


def seen(code: str) -> str:
    """What an officer has in front of her now."""
    row = read(code)
    mark = queries.mark_of(row, coverage.months_of_sponsorship(row.id))
    db.session.rollback()
    return mark


def approve(code: str, officer: Person, *, on: str = "", exception: str = "") -> None:
    on, officer_id = on or seen(code), officer.id
    with transaction():
        service.approve(
            officer=db.session.get_one(Person, officer_id),
            sponsorship=sponsorships.get_by_code(code, lock=True),
            seen=on,
            exception=exception,
        )


def reject(code: str, officer: Person, reason: RejectReason | None = RejectReason.identity_mismatch, note: str = "") -> int:
    on, officer_id = seen(code), officer.id
    with transaction():
        return service.reject(
            officer=db.session.get_one(Person, officer_id),
            sponsorship=sponsorships.get_by_code(code, lock=True),
            seen=on,
            reason=reason,
            note=note,
        )


def ask(code: str, officer: Person, question: str = "Apakah namanya sama dengan KTP?") -> None:
    on, officer_id = seen(code), officer.id
    with transaction():
        service.ask(
            officer=db.session.get_one(Person, officer_id),
            sponsorship=sponsorships.get_by_code(code, lock=True),
            seen=on,
            question=question,
        )


def actions(code: str) -> list[str]:
    return [entry.action for entry in audit.list_for(f"sponsorship:{read(code).ref}")]


def told(kind: str) -> list[Notice]:
    return list(db.session.scalars(select(Notice).where(Notice.kind == kind)))


def month_states(code: str) -> set[MonthState]:
    return {row.state for row in coverage.months_of_sponsorship(read(code).id)}


# ---- yes -----------------------------------------------------------------------------------------------------------------------


def test_a_yes_starts_what_is_paid_and_tells_the_sponsor(paid: Paid, cast: Cast) -> None:
    code = paid()
    approve(code, cast.dewi)
    row = read(code)
    assert (row.review_state, row.term_state) == (ReviewState.approved, TermState.running)
    assert row.decided_at is not None
    assert actions(code)[:2] == ["sponsorship.run", "sponsorship.approve"]
    notice = told("approved")[0]
    assert notice.person_id == cast.sari.id
    assert code in notice.body
    assert "Sumiati" not in notice.title


def test_a_yes_is_written_down_with_what_was_seen_and_checked(paid: Paid, cast: Cast) -> None:
    code = paid()
    approve(code, cast.dewi)
    [(decision, officer)] = queries.list_decisions(read(code).id)
    assert (officer, decision.outcome, decision.note) == ("Dewi Lestari", Outcome.approved, None)
    assert decision.fingerprint == read(code).fingerprint
    assert decision.checks["payment"] == "ok"
    assert decision.checks["attestation"] == "ok"


def test_a_yes_before_the_money_waits_for_it(cast: Cast) -> None:
    code = asked_for(cast)
    approve(code, cast.dewi)
    assert (read(code).review_state, read(code).term_state) == (ReviewState.approved, TermState.waiting)


def test_a_yes_says_that_her_identity_was_looked_at(paid: Paid, cast: Cast) -> None:
    code = paid()
    approve(code, cast.dewi)
    worker = read(code).worker
    assert worker.state is WorkerState.identity_checked
    assert "worker.identity_checked" in [entry.action for entry in audit.list_for(f"worker:{worker.ref}")]


def test_without_an_attestation_a_yes_needs_a_written_exception(paid: Paid, cast: Cast) -> None:
    code = paid(attested=False)
    with pytest.raises(service.NeedsException) as no:
        approve(code, cast.dewi, exception="  \n ")
    assert no.value.field == "exception"
    assert read(code).review_state is ReviewState.submitted
    approve(code, cast.dewi, exception="Menelepon ketua RT 003, ia mengenal Bu Sumiati.")
    [(decision, _officer)] = queries.list_decisions(read(code).id)
    assert decision.note == "Menelepon ketua RT 003, ia mengenal Bu Sumiati."
    assert decision.checks["attestation"] == "look"


def test_an_attestation_older_than_a_year_no_longer_counts(paid: Paid, cast: Cast) -> None:
    code = paid(attested=False)
    attest(cast, read(code).worker_id, days_ago=300)
    with bare_writes():
        db.session.execute(text("UPDATE attestation SET seen_on = '2025-10-01'"))
        db.session.commit()
    with pytest.raises(service.NeedsException):
        approve(code, cast.dewi)


def test_a_check_that_stops_cannot_be_approved_away(paid: Paid, cast: Cast) -> None:
    code = paid()
    with transaction():
        worker = db.session.get_one(Worker, read(code).worker_id)
        workers.withdraw_consent(actor=cast.dewi.ref, worker=worker, kind=ConsentKind.registered)
    with pytest.raises(service.CannotApprove) as no:
        approve(code, cast.dewi, exception="Saya yakin.")
    assert "persetujuan" in no.value.params["why"]
    assert read(code).review_state is ReviewState.submitted


# ---- no ------------------------------------------------------------------------------------------------------------------------


def test_a_no_gives_everything_back(till: Till, paid: Paid, cast: Cast) -> None:
    code = paid()
    assert reject(code, cast.dewi, RejectReason.already_covered, "Sudah ditanggung kota.") == 92_400
    row = read(code)
    assert (row.review_state, row.term_state) == (ReviewState.rejected, TermState.cancelled)
    assert month_states(code) == {MonthState.released}
    [refund] = till.refunds
    assert (refund.amount_rupiah, refund.reason, refund.state) == (92_400, RefundReason.rejected, RefundState.approved)
    notice = told("rejected")[0]
    for words in ("Rp92.400", "Pekerja sudah terlindungi", "Sudah ditanggung kota."):
        assert words in notice.body
    till.send_refunds()
    assert db.session.scalars(select(Refund.state)).one() is RefundState.succeeded
    assert month_states(code) == {MonthState.refunded}


def test_a_no_to_an_unpaid_request_frees_its_months(cast: Cast) -> None:
    code = asked_for(cast)
    assert reject(code, cast.dewi) == 0
    assert month_states(code) == {MonthState.released}
    assert "Belum ada uang" in told("rejected")[0].body


def test_a_no_has_a_reason_and_another_reason_has_words(cast: Cast) -> None:
    code = asked_for(cast)
    with pytest.raises(service.ReasonMissing):
        reject(code, cast.dewi, None)
    with pytest.raises(service.NoteMissing):
        reject(code, cast.dewi, RejectReason.other, "  ")
    assert read(code).review_state is ReviewState.submitted


# ---- a question ----------------------------------------------------------------------------------------------------------------


def test_a_question_reaches_the_sponsor_and_her_answer_comes_back(paid: Paid, cast: Cast) -> None:
    code = paid()
    ask(code, cast.dewi, "Apa pekerjaannya sekarang?")
    assert read(code).review_state is ReviewState.needs_info
    assert "Apa pekerjaannya sekarang?" in told("question")[0].body
    before = read(code).fingerprint
    ref = cast.sari.ref
    with transaction():
        promises.answer(actor=ref, sponsorship=sponsorships.get_by_code(code, lock=True), text="Asisten rumah tangga.")
    assert read(code).review_state is ReviewState.submitted
    assert read(code).fingerprint != before
    approve(code, cast.dewi)
    assert [decision.outcome for decision, _who in queries.list_decisions(read(code).id)] == ["needs_info", "approved"]


def test_while_an_answer_is_awaited_only_a_no_is_possible(paid: Paid, cast: Cast) -> None:
    code = paid()
    ask(code, cast.dewi)
    with pytest.raises(AwaitsAnswer):
        approve(code, cast.dewi)
    with pytest.raises(AwaitsAnswer):
        ask(code, cast.dewi)
    assert len(queries.list_decisions(read(code).id)) == 1
    assert reject(code, cast.agus) == 92_400


# ---- who may not ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decide", [approve, reject, ask])
def test_a23_nobody_decides_what_she_pays_for_or_made(decide: Callable[..., object], cast: Cast) -> None:
    sponsored = asked_for(cast, "dewi")
    made = asked_for(cast, "sari", maker_id=cast.dewi.id)
    for code in (sponsored, made):
        with pytest.raises(NotYourOwn) as no:
            decide(code, cast.dewi)
        assert no.value.status == 403
        assert read(code).review_state is ReviewState.submitted
        assert queries.list_decisions(read(code).id) == []
    decide(sponsored, cast.agus)


def test_nobody_decides_for_her_own_organisation_until_she_has_left_it(cast: Cast) -> None:
    from sertakan.accounts.models import MemberRole, Membership

    with transaction() as session:
        session.add(Membership(organisation_id=cast.company_id, person_id=cast.dewi.id, role=MemberRole.viewer))
    code = asked_for(cast, "rina", organisation_id=cast.company_id)
    with pytest.raises(NotYourOwn):
        approve(code, cast.dewi)
    with transaction() as session:
        row = session.scalars(select(Membership).where(Membership.person_id == cast.dewi.id)).one()
        row.ended_at = datetime(2026, 11, 1, tzinfo=UTC)
    approve(code, cast.dewi)


@pytest.mark.parametrize("own", ["maker_id", "sponsor_id"])
def test_the_database_refuses_ones_own_decision_whatever_the_code_says(own: str, cast: Cast) -> None:
    row = read(asked_for(cast))
    values = {
        "ref": "x" * 10,
        "sponsorship_id": row.id,
        "officer_id": cast.dewi.id,
        "maker_id": cast.sari.id,
        "sponsor_id": cast.sari.id,
        "outcome": Outcome.approved,
        "fingerprint": "0" * 64,
        "checks": {},
        "decided_at": datetime(2026, 11, 22, tzinfo=UTC),
    }
    with pytest.raises(IntegrityError) as error, transaction() as session:
        session.execute(insert(Decision).values({**values, own: cast.dewi.id}))
    assert constraint_name(error.value) == "ck_decision_not_ones_own"
    with transaction() as session:
        session.execute(insert(Decision).values(values))  # the control: somebody else's is taken


def test_a_decision_can_neither_be_changed_nor_deleted(cast: Cast) -> None:
    code = asked_for(cast)
    approve(code, cast.dewi)
    for statement in ("UPDATE decision SET outcome = 'rejected'", "DELETE FROM decision"):
        with pytest.raises(DatabaseError, match="insert-only"), transaction() as session:
            session.execute(text(statement))


# ---- what was seen -------------------------------------------------------------------------------------------------------------


def test_openspp_626_a_decision_on_something_that_changed_meanwhile_is_refused(cast: Cast) -> None:
    code = asked_for(cast)
    before = seen(code)
    with transaction() as session:
        session.get_one(Worker, read(code).worker_id).name = "Sumiyati"
    with pytest.raises(Changed) as no:
        approve(code, cast.dewi, on=before)
    assert no.value.status == 409
    assert read(code).review_state is ReviewState.submitted
    approve(code, cast.dewi)


@pytest.mark.parametrize("second", [approve, reject, ask])
def test_a_second_decision_changes_nothing(second: Callable[..., object], paid: Paid, cast: Cast) -> None:
    code = paid()
    approve(code, cast.dewi)
    trail, notices = len(actions(code)), factories.count(Notice)
    with pytest.raises(AlreadyDecided):
        second(code, cast.agus)
    assert (len(actions(code)), factories.count(Notice)) == (trail, notices)
    assert factories.count(Refund) == 0
    assert len(queries.list_decisions(read(code).id)) == 1


def test_every_no_of_this_room_has_a_sentence() -> None:
    nos = [NotYourOwn, Changed, AwaitsAnswer, service.CannotApprove, service.NeedsException, service.ReasonMissing]
    assert all(issubclass(no, Refused) and no.message and 400 <= no.status < 500 for no in nos)


def test_looking_at_a_whole_nik_is_written_down(cast: Cast) -> None:
    code = asked_for(cast)
    with transaction():
        row = db.session.scalars(select(Sponsorship).where(Sponsorship.code == code)).one()
        shown = service.reveal_nik(officer=cast.dewi, sponsorship=row)
    worker = read(code).worker
    assert shown == worker.nik
    entry = audit.list_for(f"worker:{worker.ref}")[0]
    assert (entry.action, entry.actor) == ("worker.nik_reveal", cast.dewi.ref)
    assert shown not in str(vars(entry))
