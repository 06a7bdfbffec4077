"""What a row of months means on a day, what may follow what, and when a message is due. No app, no tables."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sertakan.coverage.rules import (
    ENDING_DAYS,
    FUNDED,
    LIVE,
    MOVES,
    IllegalMove,
    MonthState,
    ReminderKind,
    Standing,
    check_move,
    last_ending,
    plan,
    run_end,
    stages,
    standing,
)
from sertakan.kit import clock
from sertakan.kit.months import Month, span

S = MonthState


def months(*names: str, state: MonthState = S.posted) -> dict[Month, MonthState]:
    return {Month.parse(name): state for name in names}


def run(first: str, count: int) -> dict[Month, MonthState]:
    return dict.fromkeys(span(Month.parse(first), count), S.posted)


# ---- a table of days -----------------------------------------------------------------------------------------------------------

EXAMPLES = [
    # why, months, day, word, covered until, unpaid months
    ("nobody ever paid", {}, date(2026, 11, 22), "never", None, 0),
    ("the first day of the first month", run("2026-12", 6), date(2026, 12, 1), "covered", date(2027, 5, 31), 0),
    ("the day before the first month", run("2026-12", 6), date(2026, 11, 30), "future", date(2027, 5, 31), 0),
    ("46 days before the end", run("2026-12", 6), date(2027, 4, 15), "covered", date(2027, 5, 31), 0),
    ("45 days before the end", run("2026-12", 6), date(2027, 4, 16), "ending", date(2027, 5, 31), 0),
    ("the last day is covered", run("2026-12", 6), date(2027, 5, 31), "ending", date(2027, 5, 31), 0),
    ("the day after the last is not", run("2026-12", 6), date(2027, 6, 1), "grace", date(2027, 5, 31), 1),
    ("the last day of the first unpaid month", run("2026-12", 6), date(2027, 6, 30), "grace", date(2027, 5, 31), 1),
    ("the second unpaid month", run("2026-12", 6), date(2027, 7, 31), "grace", date(2027, 5, 31), 2),
    ("the third unpaid month begins", run("2026-12", 6), date(2027, 8, 1), "cliff", date(2027, 5, 31), 3),
    ("the third unpaid month ends", run("2026-12", 6), date(2027, 8, 31), "cliff", date(2027, 5, 31), 3),
    ("the fourth unpaid month begins", run("2026-12", 6), date(2027, 9, 1), "lapsed", date(2027, 5, 31), 4),
    ("29 February is the end of a leap year's month", run("2028-02", 1), date(2028, 2, 29), "ending", date(2028, 2, 29), 0),
    ("and 1 March the day after", run("2028-02", 1), date(2028, 3, 1), "grace", date(2028, 2, 29), 1),
    ("28 February in other years", run("2027-02", 1), date(2027, 2, 28), "ending", date(2027, 2, 28), 0),
    ("over new year", run("2026-12", 1), date(2027, 1, 1), "grace", date(2026, 12, 31), 1),
    (
        "a hole that can still be paid",
        months("2026-10", "2026-12", "2027-01"),
        date(2026, 11, 22),
        "grace",
        date(2026, 10, 31),
        1,
    ),
    (
        "after the hole she is covered",
        months("2026-10", "2026-12", "2027-01"),
        date(2026, 12, 1),
        "covered",
        date(2027, 1, 31),
        0,
    ),
    ("the end is that of this run", months("2026-11", "2027-01"), date(2026, 11, 22), "ending", date(2026, 11, 30), 0),
    (
        "a hole of three months ahead of paid ones",
        months("2026-08", "2026-12"),
        date(2026, 11, 22),
        "cliff",
        date(2026, 8, 31),
        3,
    ),
    ("lapsed, with a new beginning paid", months("2026-01", "2026-12"), date(2026, 11, 22), "future", date(2026, 12, 31), 0),
    ("two runs ahead: the first one counts", months("2026-12", "2027-03"), date(2026, 11, 22), "future", date(2026, 12, 31), 0),
]


@pytest.mark.parametrize(("why", "row", "day", "word", "until", "unpaid"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_i13_the_standing_on_a_day(
    why: str, row: dict[Month, MonthState], day: date, word: str, until: date | None, unpaid: int
) -> None:
    found = standing(row, day)
    assert (found.standing, found.covered_until, found.unpaid_months) == (Standing(word), until, unpaid)


def test_new_year_begins_at_17_utc() -> None:
    row = run("2026-07", 6)
    with clock.frozen(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)):
        assert standing(row, clock.today()).standing is Standing.ending
    with clock.frozen(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)):
        assert standing(row, clock.today()).standing is Standing.grace


@pytest.mark.parametrize("state", list(S))
def test_only_months_with_money_fund_and_only_evidence_protects(state: MonthState) -> None:
    found = standing(months("2026-11", state=state), date(2026, 11, 22))
    assert (found.standing is not Standing.never) == (state in {S.paid, S.remitted, S.posted})
    assert found.protected == (state is S.posted)


def test_a_closed_row_of_the_same_month_hides_nothing() -> None:
    november = Month(2026, 11)
    for pairs in itertools.permutations([(november, S.released), (november, S.posted), (november, S.refunded)]):
        assert standing(pairs, date(2026, 11, 22)).protected


ROWS = st.dictionaries(st.integers(0, 30).map(lambda step: Month(2025, 6) + step), st.sampled_from(list(S)), max_size=20)
DAYS = st.dates(date(2025, 1, 1), date(2029, 1, 1))


@given(ROWS, DAYS)
def test_a_day_is_covered_exactly_when_its_month_is_funded(row: dict[Month, MonthState], day: date) -> None:
    found = standing(row, day)
    funded = row.get(Month.of(day)) in FUNDED
    assert (found.standing in {Standing.covered, Standing.ending}) == funded
    if funded:
        assert found.covered_until is not None
        assert found.covered_until >= day
        assert found.unpaid_months == 0


@given(ROWS, DAYS)
def test_the_end_of_cover_is_the_last_day_of_a_funded_month_followed_by_none(row: dict[Month, MonthState], day: date) -> None:
    until = standing(row, day).covered_until
    if until is None:
        assert not FUNDED.intersection(row.values())
        return
    assert row[Month.of(until)] in FUNDED
    assert until == Month.of(until).last_day
    assert row.get(Month.of(until) + 1) not in FUNDED


@given(ROWS, DAYS)
def test_one_more_funded_month_never_makes_cover_end_earlier(row: dict[Month, MonthState], day: date) -> None:
    before = standing(row, day)
    if before.standing not in {Standing.covered, Standing.ending}:
        return
    assert before.covered_until is not None
    more = {**row, Month.of(before.covered_until) + 1: S.paid}
    after = standing(more, day)
    assert after.covered_until is not None
    assert after.covered_until > before.covered_until


@given(ROWS, DAYS)
def test_the_order_of_the_rows_does_not_matter(row: dict[Month, MonthState], day: date) -> None:
    assert standing(list(row.items()), day) == standing(list(reversed(row.items())), day) == standing(row, day)


@given(DAYS)
def test_the_month_that_the_sql_twin_compares_with_is_the_last_that_ends_soon(day: date) -> None:
    last = last_ending(day)
    assert (last.last_day - day).days <= ENDING_DAYS < ((last + 1).last_day - day).days


def test_a_run_ends_where_the_first_month_is_missing() -> None:
    assert run_end([Month(2026, 11), Month(2026, 12), Month(2027, 2)], Month(2026, 11)) == Month(2026, 12)


# ---- moves ---------------------------------------------------------------------------------------------------------------------

TABLE = """
reserved paid|reserved released|reserved void|paid remitted|paid released|paid void|remitted posted|remitted bounced
released refunded|released credited|bounced paid|bounced released
"""
ALLOWED = {tuple(pair.split()) for line in TABLE.split("\n") for pair in line.split("|") if pair.strip()}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(S, S)))
def test_i7_every_pair_of_states_moves_as_the_table_of_the_product_says(before: MonthState, after: MonthState) -> None:
    if (before.value, after.value) in ALLOWED:
        check_move(before, after)
    else:
        with pytest.raises(IllegalMove):
            check_move(before, after)


def test_every_state_has_its_row_and_what_is_final_stays() -> None:
    assert set(MOVES) == set(S)
    assert {state for state in S if not MOVES[state]} == {S.posted, S.refunded, S.credited, S.void}
    assert FUNDED < LIVE


# ---- reminders -----------------------------------------------------------------------------------------------------------------

END = date(2027, 5, 31)
LONG_AGO = date(2026, 11, 22)
PLAN = [
    (-31, None),
    (-30, "reminder_30"),
    (-11, "reminder_30"),
    (-10, "reminder_10"),
    (-4, "reminder_10"),
    (-3, "reminder_3"),
    (0, "reminder_3"),
    (1, "grace"),
    (24, "grace"),
    (25, "rescue_25"),
    (49, "rescue_25"),
    (50, "rescue_50"),
    (76, "rescue_50"),  # 15 August
    (77, "cliff"),  # 16 August: fifteen days before the third unpaid month closes
    (92, "cliff"),  # 31 August
    (93, "lapsed"),  # 1 September
    (122, "lapsed"),
    (123, None),
]


@pytest.mark.parametrize(("days", "kind"), PLAN)
def test_the_plan_of_messages_around_the_end_of_cover(days: int, kind: str | None) -> None:
    due = plan(END, LONG_AGO, END + timedelta(days=days))
    assert due == ([ReminderKind(kind)] if kind else [])


def test_nothing_is_asked_for_a_week_after_a_payment() -> None:
    end, paid = date(2026, 12, 31), date(2026, 12, 15)
    assert plan(end, paid, date(2026, 12, 21)) == []
    assert plan(end, paid, date(2026, 12, 22)) == [ReminderKind.reminder_10]
    assert plan(date(2026, 11, 30), date(2026, 11, 27), date(2026, 12, 1)) == []


def test_i14_nothing_when_the_caller_asks_for_silence_or_nothing_was_ever_funded() -> None:
    assert plan(END, LONG_AGO, END, silent=True) == []
    assert plan(None, None, END) == []


def test_a_payment_that_pays_itself_is_announced_and_never_asked_for() -> None:
    kinds = [plan(END, LONG_AGO, END - timedelta(days=days), auto=True) for days in (31, 30, 10, 3, 0)]
    assert kinds == [[], *[[ReminderKind.announcement]] * 4]
    assert plan(END, LONG_AGO, END + timedelta(days=1), auto=True) == [ReminderKind.grace]


@given(st.integers(0, 60).map(lambda step: (Month(2026, 1) + step).last_day), st.booleans())
def test_stages_follow_each_other_without_gap_or_overlap(end: date, auto: bool) -> None:
    steps = stages(end, auto)
    for one, two in itertools.pairwise(steps):
        assert one.from_on <= one.to_on
        assert two.from_on == one.to_on + timedelta(days=1)


@given(st.integers(0, 60).map(lambda step: (Month(2026, 1) + step).last_day), st.integers(-40, 140))
def test_the_words_of_a_message_fit_the_standing_of_that_day(end: date, days: int) -> None:
    day = end + timedelta(days=days)
    now = standing({Month.of(end): S.posted}, day).standing
    for kind in plan(end, None, day):
        if kind in {ReminderKind.grace, ReminderKind.rescue_25, ReminderKind.rescue_50}:
            assert now in {Standing.grace, Standing.cliff}
        elif kind in {ReminderKind.cliff, ReminderKind.lapsed}:
            assert now.value == kind.value
        else:
            assert now in {Standing.ending, Standing.future, Standing.covered}


@given(st.integers(1, 40))
def test_a_clock_that_stood_still_catches_up_with_one_message(down: int) -> None:
    seen = {kind for day in range(-60, 200, down) for kind in plan(END, LONG_AGO, END + timedelta(days=day))}
    every = {kind for day in range(-60, 200) for kind in plan(END, LONG_AGO, END + timedelta(days=day))}
    assert seen <= every
    if down == 1:
        assert seen == set(ReminderKind) - {ReminderKind.announcement}


def test_both_rescues_are_one_text() -> None:
    assert {kind.notice for kind in ReminderKind} == {
        "announcement", "reminder_30", "reminder_10", "reminder_3", "grace", "rescue", "cliff", "lapsed"
    }  # fmt: skip
