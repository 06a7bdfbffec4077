"""The two machines and what is due for a seat, without an application."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from sertakan.coverage.rules import IllegalMove, MonthState
from sertakan.kit.months import Month
from sertakan.relay import rules
from sertakan.relay.rules import Asked, AskState, Leg, SeatState, Step

TODAY = date(2026, 4, 20)
NOW = datetime(2026, 4, 20, 3, 0, tzinfo=UTC)
S, A = SeatState, AskState


def months(text: str) -> dict[Month, MonthState]:
    """`03p 04p 05r`: month and the first letter of its state, of 2026."""
    words = {"p": MonthState.paid, "r": MonthState.reserved, "a": MonthState.posted}
    return {Month(2026, int(word[:2])): words[word[2]] for word in text.split()}


SEAT_EDGES = {
    ("offered", "held"), ("offered", "expired"), ("offered", "withdrawn"), ("held", "taken"), ("held", "expired"),
    ("held", "withdrawn"), ("held", "declined"), ("taken", "handed_on"), ("taken", "withdrawn"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(product(S, S)))
def test_every_pair_of_states_of_a_seat(before: SeatState, after: SeatState) -> None:
    if (before.value, after.value) in SEAT_EDGES:
        rules.check_move(before, after)
    else:
        with pytest.raises(IllegalMove):
            rules.check_move(before, after)


@pytest.mark.parametrize(("before", "after"), list(product(A, A)))
def test_a_question_is_answered_once(before: AskState, after: AskState) -> None:
    if before is A.asked and after is not A.asked:
        rules.check_ask(before, after)
    else:
        with pytest.raises(IllegalMove):
            rules.check_ask(before, after)


@pytest.mark.parametrize(
    ("why", "live", "start"),
    [
        ("after all that is promised", "03a 04a 05p", "06"),
        ("promised counts, paid or not", "03a 04a 05r", "06"),
        ("a hole comes first", "03a 04a 06p", "05"),
        ("one unpaid month: this one is the next", "02a 03a", "04"),
        ("two unpaid months: rescue comes first", "01a 02a", ""),
        ("never funded", "05r", ""),
    ],
)
def test_where_the_next_leg_begins(why: str, live: str, start: str) -> None:
    found = rules.start_of(months(live), TODAY)
    assert (str(found)[-2:] if found else "") == start, why


@pytest.mark.parametrize(
    ("longest", "lengths"), [(0, []), (1, [1]), (2, [1, 2]), (3, [1, 3]), (5, [1, 3, 5]), (12, [1, 3, 6, 12])]
)
def test_the_usual_lengths_that_fit_and_all(longest: int, lengths: list[int]) -> None:
    assert rules.counts(longest) == lengths


@pytest.mark.parametrize(
    ("why", "first", "live", "hole"),
    [
        ("May fell free", 6, "03a 04a 06p", [5]),
        ("nothing fell free", 6, "03a 04a 05p 06p", []),
        ("two months, the oldest first", 6, "03a 06p", [4, 5]),
        ("what is past is no longer asked for", 6, "06p", [4, 5]),
        ("a month just promised is not free", 6, "03a 04a 05r 06p", []),
    ],
)
def test_the_months_that_fell_free(why: str, first: int, live: str, hole: list[int]) -> None:
    assert [month.month for month in rules.hole_before(Month(2026, first), months(live), TODAY)] == hole, why


def leg(state: SeatState, own: str = "", *, first: int = 6, left: int = 3, asked: Asked | None = None, **more: bool) -> Leg:
    facts = {"gone": False, "told": False} | more
    return Leg(state, Month(2026, first), NOW + timedelta(days=left), own=months(own), asked=asked, **facts)


def asked(state: AskState, left: int = 2) -> Asked:
    return Asked(state, [Month(2026, 5)], NOW + timedelta(days=left))


RUN = "03a 04a 05p"


@pytest.mark.parametrize(
    ("why", "seat", "live", "step"),
    [
        ("an offer that waits", leg(S.offered), RUN, None),
        ("an offer whose time is over", leg(S.offered, left=0), RUN, Step.expire),
        ("the sponsor went on herself", leg(S.offered), RUN + " 06r", Step.move),
        ("May fell free before an open seat", leg(S.held), "03a 04a", Step.move),
        ("two unpaid months", leg(S.offered), "01a 02a", Step.close),
        ("the worker died", leg(S.held, gone=True), RUN, Step.close),
        ("a seat that is held", leg(S.held), RUN, None),
        ("held too long", leg(S.held, left=0), RUN, Step.expire),
        ("held, and its bill is open", leg(S.held, "06r", left=0), RUN + " 06r", None),
        ("held and paid", leg(S.held, "06p"), RUN + " 06p", Step.paid),
        ("taken, its turn is far", leg(S.taken, "06p"), RUN + " 06p", None),
        ("taken, its months were given up", leg(S.taken), RUN, Step.close),
        ("taken, the worker died", leg(S.taken, "06p", gone=True), RUN + " 06p", Step.close),
        ("May fell free", leg(S.taken, "06p"), "03a 04a 06p", Step.ask),
        ("asked already", leg(S.taken, "06p", asked=asked(A.asked)), "03a 04a 06p", None),
        ("no answer in time", leg(S.taken, "06p", asked=asked(A.asked, 0)), "03a 04a 06p", Step.unanswered),
        ("somebody is just paying May", leg(S.taken, "06p", asked=asked(A.asked, 0)), RUN[:8] + "05r 06p", None),
        ("May is paid", leg(S.taken, "06p", asked=asked(A.asked)), RUN + " 06p", Step.filled),
        ("she said no: not asked again", leg(S.taken, "06p", asked=asked(A.passed)), "03a 04a 06p", None),
        ("April fell free, too", leg(S.taken, "06p", asked=asked(A.passed)), "03a 06p", Step.ask),
        ("handed on already", leg(S.handed_on, "06p"), RUN + " 06p", None),
        ("withdrawn", leg(S.withdrawn), RUN, None),
    ],
)
def test_what_is_due_for_a_seat(why: str, seat: Leg, live: str, step: Step | None) -> None:
    assert rules.next_step(seat, months(live), TODAY, NOW) is step, why


@pytest.mark.parametrize(
    ("day", "told", "step"),
    [
        (date(2026, 5, 23), False, None),
        (date(2026, 5, 24), False, Step.tell),
        (date(2026, 5, 24), True, None),
        (date(2026, 5, 31), True, None),  # the last day is still the first sponsor's (Forus #1380: the end day counts)
        (date(2026, 6, 1), True, Step.hand_on),
        (date(2026, 6, 1), False, Step.hand_on),
    ],
)
def test_when_the_baton_passes(day: date, told: bool, step: Step | None) -> None:
    assert rules.next_step(leg(S.taken, "06p", told=told), months(RUN + " 06p"), day, NOW) is step
