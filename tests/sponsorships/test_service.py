"""The verbs on real tables: what they write, what they refuse, and that the second time changes nothing."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from werkzeug.exceptions import NotFound

from sertakan.audit.queries import list_for
from sertakan.coverage import queries as coverage
from sertakan.coverage import service as ledger
from sertakan.coverage.rules import IllegalMove, MonthState, MonthTaken
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month, span
from sertakan.sponsorships import jobs, links, prices, queries, refusals, renewal, rules, service
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.models import ActionLink, Sponsorship
from sertakan.sponsorships.rules import REVIEW_MOVES, TERM_MOVES, ReviewState, TermState
from sertakan.tariff.queries import quote_for
from sertakan.tariff.rules import Package, Quote
from sertakan.workers.models import Consent, ConsentGiver, Worker, WorkerState
from tests import factories
from tests.cast import Cast

R, T, M = ReviewState, TermState, MonthState


def answers(**changes: object) -> Answers:
    typed = Answers(
        occupation_code="asisten_rumah_tangga",
        nik=factories.nik(),
        name="Sumiati",
        consent=True,
        first_month="2026-12",
        count=6,
        risk_read=True,
    )
    return typed.but(**changes)


def promise(cast: Cast, typed: Answers | None = None, who: str = "sari") -> Sponsorship:
    typed = typed or answers()
    quote = prices.quote_of(typed)
    with transaction():
        return service.submit(sponsor=getattr(cast, who), answers=typed, quote=quote)


def pay(sponsorship: Sponsorship) -> None:
    """What settling does to the months, without the money rows of the room above."""
    with transaction():
        row = queries.get(sponsorship.id, lock=True)
        for month in coverage.months_of_sponsorship(row.id, lock=True):
            if month.state is M.reserved:
                ledger.move(actor="gateway", month=month, to=M.paid)
        service.start_if_ready(row)


def states(sponsorship: Sponsorship) -> list[MonthState]:
    return [row.state for row in coverage.months_of_sponsorship(sponsorship.id)]


def actions(sponsorship: Sponsorship) -> list[str]:
    return [entry.action for entry in reversed(list_for(service.subject(sponsorship)))]


def quote(first: str, count: int, package: Package = Package.jkk_jkm) -> Quote:
    return quote_for(span(Month.parse(first), count), "asisten_rumah_tangga", package=package)


# ---- submit --------------------------------------------------------------------------------------------------------------------


def test_a_promise_writes_worker_consent_months_and_trail(cast: Cast) -> None:
    sponsorship = promise(cast)
    months = coverage.months_of_sponsorship(sponsorship.id)
    assert [row.price_rupiah for row in months] == [8_400, *[16_800] * 5]
    assert {row.state for row in months} == {M.reserved}
    assert (sponsorship.review_state, sponsorship.term_state) == (R.submitted, T.waiting)
    assert (sponsorship.first_month, sponsorship.last_month) == (Month(2026, 12), Month(2027, 5))
    assert sponsorship.worker.name == "Sumiati"
    consent = db.session.scalars(db.select(Consent).where(Consent.worker_id == sponsorship.worker_id)).one()
    assert consent.giver is ConsentGiver.sponsor_statement
    assert sponsorship.risk_version == rules.RISK_VERSION
    assert actions(sponsorship) == ["sponsorship.submit"]
    assert len(sponsorship.fingerprint) == 64


def test_no_personal_data_goes_into_the_trail(cast: Cast) -> None:
    typed = answers(worker_phone="081234567890")
    sponsorship = promise(cast, typed)
    trail = " ".join(f"{entry.before}{entry.after}{entry.reason}" for entry in list_for(service.subject(sponsorship)))
    for private in (typed.nik, "Sumiati", "81234567890", "sari@contoh.test"):
        assert private not in trail


@pytest.mark.parametrize(
    ("changes", "no"),
    [
        ({"occupation_code": ""}, refusals.OccupationMissing),
        ({"consent": False}, refusals.ConsentMissing),
        ({"name": ""}, refusals.NameMissing),
        ({"risk_read": False}, refusals.RiskNotRead),
        ({"first_month": "2026-10"}, refusals.MonthInThePast),
        ({"count": 25}, refusals.CountOutOfRange),
    ],
)
def test_a_promise_that_lacks_something_is_refused_and_writes_nothing(
    cast: Cast, changes: dict[str, object], no: type[Refused]
) -> None:
    before = factories.count(Worker)
    with pytest.raises(no), transaction():
        service.submit(sponsor=cast.sari, answers=answers(**changes), quote=quote("2026-12", 6))
    assert factories.count(Worker) == before
    assert factories.count(Sponsorship) == 0


def test_who_is_too_old_today_is_refused(cast: Cast) -> None:
    with pytest.raises(Refused, match="65"):
        promise(cast, answers(nik=factories.nik(date(1961, 11, 22))))


def test_a_quote_for_other_months_or_another_package_is_refused(cast: Cast) -> None:
    for wrong in (quote("2026-12", 3), quote("2027-01", 6), quote("2026-12", 6, Package.jkk_jkm_jht)):
        with pytest.raises(refusals.PriceChanged), transaction():
            service.submit(sponsor=cast.sari, answers=answers(), quote=wrong)


def test_who_employs_others_gets_savings(cast: Cast) -> None:
    sponsorship = promise(cast, answers(employs_others=True))
    assert sponsorship.package is Package.jkk_jkm_jht
    assert [row.price_rupiah for row in coverage.months_of_sponsorship(sponsorship.id)] == [28_400, *[36_800] * 5]


def test_savings_cannot_be_left_out_for_a_worker_known_to_employ_others(cast: Cast) -> None:
    known = factories.worker(employs_others=True)
    with pytest.raises(refusals.SavingsRequired):
        promise(cast, answers(nik=known.nik))


def test_two_sponsors_of_one_worker_share_her_row_but_no_month(cast: Cast) -> None:
    typed = answers()
    first = promise(cast, typed)
    with pytest.raises(MonthTaken) as no:
        promise(cast, typed, "tono")
    assert no.value.params["month"] == Month(2026, 12)
    later = promise(cast, typed.but(first_month="2027-06", count=3), "tono")
    assert later.worker_id == first.worker_id
    assert factories.count(Sponsorship) == 2


def test_the_loser_of_a_race_leaves_no_trace(cast: Cast) -> None:
    typed = answers()
    promise(cast, typed)
    with pytest.raises(MonthTaken):
        promise(cast, typed, "tono")
    assert [row.sponsor_id for row in db.session.scalars(db.select(Sponsorship))] == [cast.sari.id]


@pytest.mark.parametrize("state", [WorkerState.deceased, WorkerState.withdrawn, WorkerState.merged])
def test_a_worker_who_died_or_withdrew_is_not_registered_again_here(cast: Cast, state: WorkerState) -> None:
    gone = factories.worker(state=state)
    with pytest.raises(Refused):
        promise(cast, answers(nik=gone.nik))
    assert factories.count(Sponsorship) == 0


# ---- the machines on rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), list(product(ReviewState, ReviewState)))
def test_a_review_moves_only_along_its_table_and_leaves_a_trace(cast: Cast, before: ReviewState, after: ReviewState) -> None:
    row_id = factories.sponsorship(cast.sari, review=before).id
    legal = after in REVIEW_MOVES[before]
    try:
        with transaction():
            service.move_review(actor=cast.dewi.ref, sponsorship=queries.get(row_id, lock=True), to=after, reason="uji")
    except (refusals.AlreadyDecided, IllegalMove):
        assert not legal
    row = queries.get(row_id)
    assert row.review_state is (after if legal else before)
    assert len([a for a in actions(row) if a == service.REVIEW_ACTIONS[after]]) == int(legal)
    assert (row.decided_at is not None) is (legal and not REVIEW_MOVES[after])


@pytest.mark.parametrize(("before", "after"), list(product(TermState, TermState)))
def test_a_term_moves_only_along_its_table_and_leaves_a_trace(cast: Cast, before: TermState, after: TermState) -> None:
    row_id = factories.sponsorship(cast.sari, review=R.approved, term=before).id
    legal = after in TERM_MOVES[before]
    try:
        with transaction():
            service.move_term(actor="system", sponsorship=queries.get(row_id, lock=True), to=after, reason="uji")
    except (refusals.AlreadyClosed, IllegalMove):
        assert not legal
    row = queries.get(row_id)
    assert row.term_state is (after if legal else before)
    assert actions(row) == ([service.TERM_ACTIONS[after]] if legal else [])
    assert (row.ended_at is not None) is (legal and not TERM_MOVES[after])


def test_money_and_approval_start_the_term_whichever_comes_first(cast: Cast) -> None:
    paid_first, approved_first = promise(cast), promise(cast)
    for order, row in ((("pay", "yes"), paid_first), (("yes", "pay"), approved_first)):
        for step in order:
            assert queries.get(row.id).term_state is T.waiting
            if step == "pay":
                pay(row)
                continue
            with transaction():
                locked = queries.get(row.id, lock=True)
                service.move_review(actor=cast.dewi.ref, sponsorship=locked, to=R.approved)
                service.start_if_ready(locked)
        assert queries.get(row.id).term_state is T.running


def test_starting_twice_changes_nothing(cast: Cast) -> None:
    row = factories.sponsorship(cast.sari, review=R.approved, state=M.paid)
    for expected in (True, False):
        with transaction():
            assert service.start_if_ready(queries.get(row.id, lock=True)) is expected
    assert actions(queries.get(row.id)) == ["sponsorship.run"]


# ---- question and answer -------------------------------------------------------------------------------------------------------


def test_a_question_and_its_answer_come_back_to_the_queue_under_a_new_fingerprint(cast: Cast) -> None:
    row = promise(cast)
    before = row.fingerprint
    with transaction():
        service.ask(actor=cast.dewi.ref, sponsorship=queries.get(row.id, lock=True), question="Apa pekerjaannya sekarang?")
    assert queries.get(row.id).review_state is R.needs_info
    with transaction():
        service.answer(actor=cast.sari.ref, sponsorship=queries.get(row.id, lock=True), text="Masih memasak di rumah saya.")
    row = queries.get(row.id)
    assert (row.review_state, row.answer) == (R.submitted, "Masih memasak di rumah saya.")
    assert row.fingerprint != before
    assert actions(row) == ["sponsorship.submit", "sponsorship.ask", "sponsorship.resubmit"]


def test_an_answer_without_a_question_or_words_is_refused(cast: Cast) -> None:
    row_id = promise(cast).id
    with pytest.raises(refusals.NothingAsked), transaction():
        service.answer(actor=cast.sari.ref, sponsorship=queries.get(row_id, lock=True), text="Ya")
    with pytest.raises(refusals.QuestionMissing), transaction():
        service.ask(actor=cast.dewi.ref, sponsorship=queries.get(row_id, lock=True), question="  ")
    assert queries.get(row_id).review_state is R.submitted


def test_an_answer_replaces_only_the_answer_to_its_own_question(cast: Cast) -> None:
    row_id = promise(cast).id
    for round_ in ("satu", "dua"):
        with transaction():
            service.ask(actor=cast.dewi.ref, sponsorship=queries.get(row_id, lock=True), question=f"{round_}?")
        assert queries.get(row_id).answer is None
        with transaction():
            service.answer(actor=cast.sari.ref, sponsorship=queries.get(row_id, lock=True), text=round_)
    assert queries.get(row_id).answer == "dua"


# ---- ending --------------------------------------------------------------------------------------------------------------------


def test_cancelling_frees_what_is_not_at_bpjs_and_names_what_was_paid(cast: Cast) -> None:
    row = factories.sponsorship(cast.sari, review=R.approved, term=T.running, count=4, state=M.paid)
    months = coverage.months_of_sponsorship(row.id)
    with transaction():
        first, second, *_rest = coverage.months_of_sponsorship(row.id, lock=True)
        ledger.move(actor="gateway", month=first, to=M.remitted)
        ledger.move(actor="gateway", month=first, to=M.posted, evidence="uji")
        ledger.move(actor="gateway", month=second, to=M.remitted)
    with transaction():
        paid = service.cancel(actor=cast.sari.ref, sponsorship=queries.get(row.id, lock=True), reason="sponsor")
        assert [month.month for month in paid] == [months[2].month, months[3].month]
    assert states(row) == [M.posted, M.remitted, M.released, M.released]
    assert queries.get(row.id).term_state is T.cancelled


def test_cancelling_before_a_decision_withdraws_the_request(cast: Cast) -> None:
    row = promise(cast)
    with transaction():
        assert service.cancel(actor=cast.sari.ref, sponsorship=queries.get(row.id, lock=True), reason="sponsor") == []
    row = queries.get(row.id)
    assert (row.review_state, row.term_state) == (R.withdrawn, T.cancelled)
    assert set(states(row)) == {M.released}


def test_cancelling_twice_is_refused_and_changes_nothing(cast: Cast) -> None:
    row = factories.sponsorship(cast.sari, review=R.approved, term=T.running, state=M.paid)
    with transaction():
        service.cancel(actor=cast.sari.ref, sponsorship=queries.get(row.id, lock=True), reason="sponsor")
    before = actions(row)
    with pytest.raises(refusals.AlreadyClosed), transaction():
        service.cancel(actor=cast.sari.ref, sponsorship=queries.get(row.id, lock=True), reason="sponsor")
    assert actions(row) == before


def test_freed_months_can_be_promised_by_another_at_once(cast: Cast) -> None:
    typed = answers()
    row = promise(cast, typed)
    with transaction():
        service.withdraw(actor=cast.sari.ref, sponsorship=queries.get(row.id, lock=True), reason="sponsor")
    assert promise(cast, typed, "tono").worker_id == row.worker_id


def test_an_unpaid_bill_frees_only_the_unpaid_months(cast: Cast) -> None:
    row = promise(cast)
    with transaction():
        first = coverage.months_of_sponsorship(row.id, lock=True)[0]
        ledger.move(actor="gateway", month=first, to=M.paid)
    with transaction():
        freed = service.release_unpaid(actor="system", sponsorship=queries.get(row.id, lock=True), reason="unpaid")
        assert len(freed) == 5
    assert states(row) == [M.paid, *[M.released] * 5]
    assert queries.get(row.id).review_state is R.submitted


def test_a_term_ends_when_its_last_month_is_past_and_nothing_moves_any_more(cast: Cast) -> None:
    over = factories.sponsorship(cast.sari, first="2026-08", count=3, review=R.approved, term=T.running, state=M.posted)
    moving = factories.sponsorship(cast.sari, first="2026-08", count=3, review=R.approved, term=T.running, state=M.remitted)
    today = factories.sponsorship(cast.sari, first="2026-09", count=3, review=R.approved, term=T.running, state=M.posted)
    jobs.sweep(clock.today())
    assert [queries.get(row.id).term_state for row in (over, moving, today)] == [T.ended, T.running, T.running]
    trail = list_for(service.subject(over))
    assert [(entry.action, entry.actor) for entry in trail] == [("sponsorship.end", "system")]
    with transaction():
        assert service.end_many([over.id]) == 0


# ---- going on ------------------------------------------------------------------------------------------------------------------


def running(cast: Cast, **more: object) -> Sponsorship:
    facts: dict[str, object] = {"first": "2026-06", "count": 6, "review": R.approved, "term": T.running, "state": M.posted}
    return factories.sponsorship(cast.sari, **(facts | more))  # type: ignore[arg-type]


def extend(cast: Cast, row: Sponsorship, first: str = "2026-12", count: int = 6) -> tuple[Sponsorship, int]:
    with transaction():
        target, months = renewal.extend(
            actor=cast.sari,
            sponsorship=queries.get(row.id, lock=True),
            count=count,
            quote=quote(first, count),
            first_month=Month.parse(first),
        )
        return target, len(months)


def test_an_open_sponsorship_grows_only_when_money_came(cast: Cast) -> None:
    row = running(cast)
    target, count = extend(cast, row)
    assert (target.id, count) == (row.id, 6)
    assert queries.get(row.id).last_month == Month(2026, 11)
    pay(row)
    assert queries.get(row.id).last_month == Month(2027, 5)
    assert actions(row) == ["sponsorship.extend"]


@pytest.mark.parametrize("term", [T.ended, T.cancelled])
def test_a_closed_one_is_copied_and_never_revived(cast: Cast, term: TermState) -> None:
    row = running(cast, term=term)
    copy, _count = extend(cast, row)
    assert copy.id != row.id
    assert (copy.renews_id, copy.review_state, copy.typed_name) == (row.id, R.submitted, row.typed_name)
    assert copy.code != row.code
    assert queries.get(row.id).term_state is term


@pytest.mark.parametrize(
    ("facts", "no"),
    [
        ({"review": R.submitted, "term": T.waiting}, refusals.StillInReview),
        ({"review": R.needs_info, "term": T.waiting}, refusals.StillInReview),
        ({"review": R.rejected, "term": T.cancelled}, refusals.NotRenewable),
        ({"review": R.withdrawn, "term": T.cancelled}, refusals.NotRenewable),
        ({"term": T.terminated}, refusals.NotRenewable),
    ],
)
def test_what_is_not_decided_or_was_refused_cannot_be_renewed(cast: Cast, facts: dict[str, object], no: type[Refused]) -> None:
    row = running(cast, **facts)
    with pytest.raises(no):
        extend(cast, row)


def test_nobody_renews_for_a_worker_who_died(cast: Cast) -> None:
    row = factories.sponsorship(
        cast.sari,
        factories.worker(state=WorkerState.deceased),
        first="2026-06",
        review=R.approved,
        term=T.running,
        state=M.posted,
    )
    with pytest.raises(refusals.WorkerUnavailable):
        extend(cast, row)


def test_a_hole_before_the_first_month_is_refused_and_names_the_month(cast: Cast) -> None:
    row = running(cast)
    with pytest.raises(refusals.HoleInMonths) as no:
        extend(cast, row, first="2027-01")
    assert no.value.params["month"] == Month(2026, 12)


def test_a_month_that_another_promised_is_refused(cast: Cast) -> None:
    row = running(cast)
    factories.sponsorship(cast.tono, row.worker, first="2027-01", count=3, state=M.paid, review=R.approved, term=T.running)
    with pytest.raises(MonthTaken):
        extend(cast, row)
    assert extend(cast, row, count=1)[1] == 1


def test_who_turned_sixty_five_meanwhile_may_go_on(cast: Cast) -> None:
    row = factories.sponsorship(
        cast.sari,
        factories.worker(born_on=date(1961, 11, 1)),
        first="2026-06",
        review=R.approved,
        term=T.running,
        state=M.posted,
    )
    assert extend(cast, row)[1] == 6


def test_a_renewal_crossing_the_end_of_relief_has_each_months_own_price(cast: Cast) -> None:
    row = running(cast)
    extend(cast, row, count=2)
    prices_ = [month.price_rupiah for month in coverage.months_of_sponsorship(row.id) if month.state is M.reserved]
    assert prices_ == [8_400, 16_800]


# ---- links ---------------------------------------------------------------------------------------------------------------------


def test_only_the_hash_of_a_link_is_stored(cast: Cast) -> None:
    row = running(cast)
    with transaction():
        token = links.make_link(sponsorship=queries.get(row.id), purpose="renew", days=30)
    link = db.session.scalars(db.select(ActionLink)).one()
    assert link.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) >= 32
    assert links.use_link(token, "renew").sponsorship.id == row.id
    assert links.use_link(token, "renew").id == link.id


def test_a_link_serves_one_purpose_and_expires(cast: Cast) -> None:
    row = running(cast)
    with transaction():
        token = links.make_link(sponsorship=queries.get(row.id), purpose="renew", days=30)
    for bad in (token + "x", "", "a" * 10_000):
        with pytest.raises(refusals.LinkOver):
            links.use_link(bad, "renew")
    with pytest.raises(refusals.LinkOver):
        links.use_link(token, "cancel")
    with clock.frozen(clock.now() + timedelta(days=30)), pytest.raises(refusals.LinkOver):
        links.use_link(token, "renew")


def test_stopping_revokes_the_links(cast: Cast) -> None:
    row = running(cast)
    with transaction():
        token = links.make_link(sponsorship=queries.get(row.id), purpose="renew", days=30)
    with transaction():
        service.move_term(actor=cast.agus.ref, sponsorship=queries.get(row.id, lock=True), to=T.terminated, reason="fraud")
    with pytest.raises(refusals.LinkOver):
        links.use_link(token, "renew")


# ---- reading -------------------------------------------------------------------------------------------------------------------


def test_another_persons_code_is_not_there(cast: Cast) -> None:
    row = running(cast)
    assert queries.get_own(row.code, cast.sari).id == row.id
    for code, person in ((row.code, cast.tono), ("AAAA-AAAA", cast.sari)):
        with pytest.raises(NotFound):
            queries.get_own(code, person)


def test_a_list_holds_only_ones_own(cast: Cast) -> None:
    mine = running(cast)
    factories.sponsorship(cast.tono)
    assert [row.id for row in queries.list_own(cast.sari).items] == [mine.id]


def test_the_ribbon_has_twelve_months_from_the_first_and_keeps_today_in_sight(cast: Cast) -> None:
    row = running(cast)
    view = queries.view_of(queries.get(row.id))
    assert [cell.month for cell in view.ribbon] == span(Month(2026, 6), 12)
    assert [cell.month for cell in view.ribbon if cell.is_now] == [Month(2026, 11)]
    old = running(cast, first="2025-01", count=24)
    months = [cell.month for cell in queries.view_of(queries.get(old.id)).ribbon]
    assert len(months) == 12
    assert Month(2026, 11) in months
    assert Month(2026, 12) in months


def test_the_standing_is_the_workers_whoever_pays(cast: Cast) -> None:
    row = running(cast)
    factories.sponsorship(cast.tono, row.worker, first="2026-12", count=3, state=M.paid, review=R.approved, term=T.running)
    view = queries.view_of(queries.get(row.id))
    assert view.covered_until == date(2027, 2, 28)
    assert view.next_start == Month(2027, 3)
    assert view.protected
    assert [cell.look for cell in view.ribbon] == ["covered"] * 6 + ["processing"] * 3 + ["unpaid"] * 3


def test_views_of_many_are_the_views_of_one(cast: Cast) -> None:
    rows = [queries.get(running(cast).id), queries.get(running(cast, state=M.paid).id)]
    for one, many in zip([queries.view_of(row) for row in rows], queries.views_of(rows), strict=True):
        assert (one.standing, one.ribbon, one.total_rupiah) == (many.standing, many.ribbon, many.total_rupiah)


def test_the_clock_of_a_promise_is_that_of_pontianak(cast: Cast) -> None:
    with clock.frozen(datetime(2026, 12, 31, 17, 30, tzinfo=UTC)):  # already January
        with pytest.raises(refusals.MonthInThePast):
            promise(cast, answers(first_month="2026-12"))
        assert promise(cast, answers(first_month="2027-01")).first_month == Month(2027, 1)
