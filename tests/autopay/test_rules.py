"""The machines and the days of automatic renewal, without an application."""

from datetime import date
from itertools import product

import pytest

from sertakan.autopay import rules
from sertakan.autopay.rules import CHARGE_MOVES, CONSENT_MOVES, ChargeState, ConsentState
from sertakan.coverage.rules import IllegalMove


def test_every_pair_of_states_of_a_consent() -> None:
    for before, after in product(ConsentState, repeat=2):
        if after in CONSENT_MOVES[before]:
            rules.check_consent(before, after)
        else:
            with pytest.raises(IllegalMove):
                rules.check_consent(before, after)
    assert not CONSENT_MOVES[ConsentState.ended], "a no is never turned into a yes"


def test_every_pair_of_states_of_a_charge() -> None:
    for before, after in product(ChargeState, repeat=2):
        if after in CHARGE_MOVES[before]:
            rules.check_charge(before, after)
        else:
            with pytest.raises(IllegalMove):
                rules.check_charge(before, after)
    assert not CHARGE_MOVES[ChargeState.paid] and not CHARGE_MOVES[ChargeState.dropped]


@pytest.mark.parametrize(
    ("why", "until", "announced", "charged"),
    [
        ("thirty days before", date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 24)),
        ("the sweep was down until ten days before", date(2026, 12, 31), date(2026, 12, 21), date(2026, 12, 24)),
        ("five days before: three days to object", date(2026, 12, 31), date(2026, 12, 26), date(2026, 12, 29)),
        ("after the end: as soon as may be", date(2026, 12, 31), date(2027, 1, 4), date(2027, 1, 7)),
        ("the end of February in a leap year", date(2028, 2, 29), date(2028, 1, 30), date(2028, 2, 22)),
    ],
)
def test_the_day_of_the_charge(why: str, until: date, announced: date, charged: date) -> None:
    assert rules.charge_day(until, announced) == charged, why


@pytest.mark.parametrize(
    ("until", "today", "may"),
    [
        (None, date(2026, 12, 1), False),
        (date(2026, 12, 31), date(2026, 11, 30), False),
        (date(2026, 12, 31), date(2026, 12, 1), True),
        (date(2026, 12, 31), date(2027, 1, 10), True),
    ],
)
def test_nothing_is_announced_more_than_thirty_days_ahead(until: date | None, today: date, may: bool) -> None:
    assert rules.may_announce(until, today) is may


@pytest.mark.parametrize(
    ("announced", "today", "wants"),
    [
        (date(2026, 12, 1), date(2026, 12, 20), False),
        (date(2026, 12, 1), date(2026, 12, 21), True),
        (date(2026, 12, 1), date(2026, 12, 23), True),
        (date(2026, 12, 1), date(2026, 12, 24), False),
        (date(2026, 12, 20), date(2026, 12, 21), False),
    ],
)
def test_the_second_word_comes_three_days_before(announced: date, today: date, wants: bool) -> None:
    assert rules.wants_second_notice(announced, date(2026, 12, 24), today) is wants


@pytest.mark.parametrize(
    ("code", "tries", "again"),
    [
        ("card_declined", 1, True),
        ("card_declined", 2, False),
        ("authentication_required", 1, False),
        ("expired_card", 1, False),
        ("payment_method_unexpected_state", 1, False),
    ],
)
def test_at_most_two_tries_and_none_when_she_must_agree_herself(code: str, tries: int, again: bool) -> None:
    assert rules.tries_again(code, tries) is again
