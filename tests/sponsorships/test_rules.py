"""The two machines, the steps of the form, fingerprints and reminders: pure, without an app."""

from collections.abc import Iterable
from datetime import date
from itertools import product

import pytest

from sertakan.coverage.rules import IllegalMove, MonthState
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month, span
from sertakan.kit.nik import NikDate, NikEmpty, NikLength
from sertakan.kit.phone import NotMobile
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import refusals, rules
from sertakan.sponsorships.answers import Answers, Step
from sertakan.sponsorships.rules import REVIEW_MOVES, TERM_MOVES, ReviewState, TermState
from sertakan.tariff.rules import Package
from sertakan.workers.rules import TooOld, TooYoung

TODAY = date(2026, 11, 22)
R, T, M = ReviewState, TermState, MonthState
WHOLE = Answers(
    occupation_code="asisten_rumah_tangga",
    nik="6171 0452 0384 0003",
    name="Sumiati",
    consent=True,
    first_month="2026-12",
    count=6,
)


# ---- the two machines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), list(product(ReviewState, ReviewState)))
def test_every_pair_of_review_states_is_a_move_or_a_no(before: ReviewState, after: ReviewState) -> None:
    if after in REVIEW_MOVES[before]:
        rules.check_review(before, after)
    elif before in (R.approved, R.rejected, R.withdrawn):
        with pytest.raises(refusals.AlreadyDecided):
            rules.check_review(before, after)
    else:
        with pytest.raises(IllegalMove):
            rules.check_review(before, after)


@pytest.mark.parametrize(("before", "after"), list(product(TermState, TermState)))
def test_every_pair_of_term_states_is_a_move_or_a_no(before: TermState, after: TermState) -> None:
    if after in TERM_MOVES[before]:
        rules.check_term(before, after)
    elif before in (T.cancelled, T.terminated, T.ended):
        with pytest.raises(refusals.AlreadyClosed):
            rules.check_term(before, after)
    else:
        with pytest.raises(IllegalMove):
            rules.check_term(before, after)


def test_the_moves_are_those_of_the_product() -> None:
    assert {(a.value, b.value) for a, bs in REVIEW_MOVES.items() for b in bs} == {
        ("submitted", "needs_info"),
        ("submitted", "approved"),
        ("submitted", "rejected"),
        ("submitted", "withdrawn"),
        ("needs_info", "submitted"),
        ("needs_info", "rejected"),
        ("needs_info", "withdrawn"),
    }
    assert {(a.value, b.value) for a, bs in TERM_MOVES.items() for b in bs} == {
        ("waiting", "running"),
        ("waiting", "cancelled"),
        ("running", "paused"),
        ("running", "cancelled"),
        ("running", "terminated"),
        ("running", "ended"),
        ("paused", "running"),
        ("paused", "cancelled"),
        ("paused", "terminated"),
        ("paused", "ended"),
    }


@pytest.mark.parametrize("state", list(MonthState))
def test_a_month_is_final_when_nothing_more_can_happen_to_it(state: MonthState) -> None:
    moving = {M.reserved, M.paid, M.remitted, M.bounced}
    assert rules.months_are_final([M.posted, state]) is (state not in moving)


# ---- the steps -----------------------------------------------------------------------------------------------------------------


def test_nothing_typed_begins_with_the_work() -> None:
    assert steps.first_unfinished(None, TODAY) is Step.who
    assert steps.first_unfinished(Answers(), TODAY) is Step.who


def test_each_missing_or_wrong_answer_leads_back_to_its_own_step() -> None:
    assert steps.first_unfinished(WHOLE, TODAY) is Step.check
    for wrong in ({"nik": ""}, {"nik": "617104520384000"}, {"name": ""}, {"consent": False}, {"worker_phone": "12"}):
        assert steps.first_unfinished(WHOLE.but(**wrong), TODAY) is Step.data
    for wrong in ({"count": 0}, {"count": 25}, {"first_month": ""}, {"first_month": "2026-10"}, {"first_month": "2029-01"}):
        assert steps.first_unfinished(WHOLE.but(**wrong), TODAY) is Step.length


def test_who_was_chosen_from_the_list_needs_no_identity() -> None:
    chosen = WHOLE.but(**steps.NOBODY, waiting_code="7KQ2-M9XF", held_as="x")
    assert steps.first_unfinished(chosen, TODAY) is Step.check


@pytest.mark.parametrize(
    ("changes", "no"),
    [
        ({"nik": ""}, NikEmpty),
        ({"nik": "617104520384000"}, NikLength),
        ({"nik": "6171049902840001"}, NikDate),
        ({"name": ""}, refusals.NameMissing),
        ({"worker_phone": "021"}, NotMobile),
        ({"consent": False}, refusals.ConsentMissing),
        ({"nik": "6171042211610001"}, TooOld),  # 65 today
        ({"nik": "6171042311080001"}, TooYoung),  # 18 tomorrow
    ],
)
def test_the_data_step_refuses_with_a_name(changes: dict[str, object], no: type[Refused]) -> None:
    with pytest.raises(no):
        steps.check_data(WHOLE.but(**changes), TODAY)


def test_sixty_five_tomorrow_and_eighteen_today_may_still_be_registered() -> None:
    assert steps.check_data(WHOLE.but(nik="6171042311610001"), TODAY).born_on == date(1961, 11, 23)
    assert steps.check_data(WHOLE.but(nik="6171042211080001"), TODAY).born_on == date(2008, 11, 22)


@pytest.mark.parametrize(
    ("first", "count", "no"),
    [
        ("2026-10", 1, refusals.MonthInThePast),
        ("2026-12", 0, refusals.CountOutOfRange),
        ("2026-12", -1, refusals.CountOutOfRange),
        ("2026-12", 25, refusals.CountOutOfRange),
        ("2028-06", 24, refusals.MonthTooFar),
    ],
)
def test_months_in_the_past_too_many_or_too_far_are_refused(first: str, count: int, no: type[Refused]) -> None:
    with pytest.raises(no):
        steps.check_months(Month.parse(first), count, TODAY)


def test_this_month_and_the_furthest_month_are_allowed() -> None:
    steps.check_months(Month(2026, 11), 1, TODAY)
    steps.check_months(Month(2026, 12), 24, TODAY)


def test_a_month_is_a_calendar_month_and_never_thirty_days() -> None:
    on_the_last_of_january = date(2027, 1, 31)
    answers = steps.with_defaults(Answers(count=1, first_month="2027-01"), on_the_last_of_january)
    assert answers.starts is not None
    assert steps.end_of(answers.starts, answers.count).last_day == date(2027, 1, 31)


def test_the_form_begins_with_six_months_from_next_month() -> None:
    answers = steps.with_defaults(Answers(), TODAY)
    assert (answers.count, answers.first_month) == (6, "2026-12")
    assert steps.with_defaults(Answers(first_month="2020-01", count=3), TODAY).first_month == "2026-12"


def test_savings_are_a_duty_for_who_employs_others() -> None:
    assert Answers().package is Package.jkk_jkm
    assert Answers(with_jht=True).package is Package.jkk_jkm_jht
    assert Answers(employs_others=True).package is Package.jkk_jkm_jht
    with pytest.raises(refusals.SavingsRequired):
        steps.check_savings(Package.jkk_jkm, employs_others=True)
    steps.check_savings(Package.jkk_jkm_jht, employs_others=True)


def test_whom_the_city_usually_pays_for_is_asked_about_first() -> None:
    with pytest.raises(refusals.CityPays):
        steps.check_who(Answers(occupation_code="ketua_rt"), likely_government_paid=True)
    steps.check_who(Answers(occupation_code="ketua_rt", not_paid_by_city=True), likely_government_paid=True)


def test_answers_survive_being_stored() -> None:
    assert steps.from_json(steps.to_json(WHOLE)) == WHOLE


def test_an_older_draft_is_read_as_far_as_it_fits() -> None:
    read = steps.from_json('{"name": "Sumiati", "count": "6", "forgotten": 1, "consent": true}')
    assert read == Answers(name="Sumiati", consent=True)


# ---- fingerprints --------------------------------------------------------------------------------------------------------------


def seen(**changes: object) -> rules.Seen:
    words: dict[str, object] = {
        "sponsor_ref": "s",
        "worker_ref": "w",
        "nik_hash": "h",
        "worker_name": "Sumiati",
        "typed_name": "Sumiati",
        "born_on": date(1984, 3, 12),
        "occupation_code": "asisten_rumah_tangga",
        "employs_others": False,
        "payer_kind": "private",
        "package": "jkk_jkm",
        "base_rupiah": 1_000_000,
        "answer": None,
    }
    return rules.Seen(**(words | changes))  # type: ignore[arg-type]


MONTHS = [(Month(2026, 12), 8_400), (Month(2027, 1), 16_800)]


def test_the_same_facts_have_the_same_fingerprint_in_any_order_of_months() -> None:
    assert rules.fingerprint(seen(), MONTHS) == rules.fingerprint(seen(), reversed(MONTHS))


@pytest.mark.parametrize(
    "change",
    [
        {"worker_name": "Sumiyati"},
        {"typed_name": "Sumiyati"},
        {"nik_hash": "i"},
        {"born_on": date(1984, 3, 13)},
        {"occupation_code": "ojek"},
        {"employs_others": True},
        {"package": "jkk_jkm_jht"},
        {"payer_kind": "government"},
        {"base_rupiah": 1_200_000},
        {"answer": "Ya"},
        {"sponsor_ref": "t"},
    ],
)
def test_any_change_of_what_is_judged_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert rules.fingerprint(seen(**change), MONTHS) != rules.fingerprint(seen(), MONTHS)


def test_another_month_or_price_changes_the_fingerprint() -> None:
    assert rules.fingerprint(seen(), MONTHS[:1]) != rules.fingerprint(seen(), MONTHS)
    assert rules.fingerprint(seen(), [(Month(2026, 12), 16_800), MONTHS[1]]) != rules.fingerprint(seen(), MONTHS)


# ---- going on ------------------------------------------------------------------------------------------------------------------


def test_going_on_begins_after_the_last_month_in_a_row_and_never_in_the_past() -> None:
    def start(months: Iterable[Month]) -> Month:
        return rules.next_start(dict.fromkeys(months, M.posted), TODAY)

    assert start(span(Month(2026, 9), 4)) == Month(2027, 1)
    assert start([Month(2026, 7)]) == Month(2026, 11), "lapsed: a new beginning"
    assert start([Month(2026, 11), Month(2027, 1)]) == Month(2026, 12)
    assert start(span(Month(2026, 12), 6)) == Month(2027, 6), "before its beginning there is no hole"
    assert start([]) == Month(2026, 11)


@pytest.mark.parametrize(
    ("why", "months", "start"),
    [
        ("one month in arrears", {10: M.posted}, 11),
        ("two: the oldest first", {9: M.posted}, 10),
        ("three, the last that can be paid", {8: M.remitted}, 9),
        ("four: arrears are no longer owed", {7: M.posted}, 11),
        ("a month promised and never funded owes nothing", {8: M.reserved}, 11),
        ("the oldest is just being paid", {8: M.posted, 9: M.reserved}, 10),
        ("the oldest is being repaired: its money waits for it", {9: M.posted, 10: M.bounced}, 11),
        ("a hole before months paid ahead", {9: M.posted, 12: M.paid}, 10),
    ],
)
def test_going_on_pays_arrears_first_oldest_first_and_at_most_three(why: str, months: dict[int, M], start: int) -> None:
    assert rules.next_start({Month(2026, month): state for month, state in months.items()}, TODAY) == Month(2026, start), why


@pytest.mark.parametrize(
    ("paid_until", "words"),
    [
        (10, {10: "covered", 11: "arrears", 12: "unpaid"}),
        (8, {8: "covered", 9: "arrears", 10: "arrears", 11: "arrears"}),
        (7, {7: "covered", 8: "lapsed", 9: "lapsed", 10: "lapsed", 11: "arrears"}),
    ],
)
def test_no_month_is_called_lost_while_it_can_be_paid(paid_until: int, words: dict[int, str]) -> None:
    first = Month(2026, 6)
    states = dict.fromkeys(span(first, paid_until - 5), M.posted)
    assert {month: rules.look(states, Month(2026, month), first, TODAY) for month in words} == words


def test_only_bpjs_evidence_of_this_very_month_protects() -> None:
    for state in MonthState:
        assert rules.protects(R.approved, TODAY, {Month(2026, 11): state}) is (state is M.posted)
    assert not rules.protects(R.approved, TODAY, {Month(2026, 10): M.posted, Month(2026, 12): M.posted})


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, None),
        ({"worker_state": "deceased"}, rules.GONE_WORKER),
        ({"worker_state": "withdrawn"}, rules.GONE_WORKER),
        ({"muted": True}, rules.MUTED),
        ({"remind": False}, rules.OFF),
        ({"later_months": True}, rules.LATER_MONTHS),
        ({"declined": True}, rules.DECLINED),
        ({"muted": True, "audience": rules.Audience.worker}, None),
        ({"worker_state": "deceased", "audience": rules.Audience.staff}, rules.GONE_WORKER),
    ],
)
def test_a_reminder_that_is_not_sent_has_a_reason(facts: dict[str, object], reason: str | None) -> None:
    usual: dict[str, object] = {"remind": True, "muted": False, "worker_state": "active", "later_months": False}
    assert rules.why_no_reminder(**(usual | facts)) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize("state", list(MonthState))
def test_a_promised_or_paid_later_month_of_anybody_counts(state: MonthState) -> None:
    live = {M.reserved, M.paid, M.remitted, M.posted}
    assert rules.has_later({Month(2027, 6): state}, Month(2027, 5)) is (state in live)
    assert not rules.has_later({Month(2027, 5): state}, Month(2027, 5))
