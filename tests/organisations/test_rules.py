"""Numbers of organisations and the machine of a registration."""

import itertools

import pytest

from sertakan.kit.errors import Refused
from sertakan.organisations import rules
from sertakan.organisations.rules import MOVES, NumberKind, RegistrationState, check_number, spellings

NIB, NPWP = NumberKind.nib, NumberKind.npwp


@pytest.mark.parametrize(
    ("kind", "typed", "digits"),
    [
        (NIB, "9120001234567", "9120001234567"),
        (NIB, " 9120 0012 34567 ", "9120001234567"),
        (NPWP, "01.234.567.8-701.000", "012345678701000"),
        (NPWP, "0012345678701000", "0012345678701000"),
    ],
)
def test_a_number_is_read_however_it_is_punctuated(kind: NumberKind, typed: str, digits: str) -> None:
    assert check_number(kind, typed) == digits


@pytest.mark.parametrize(
    ("kind", "typed", "no"),
    [
        (NIB, "", rules.NumberMissing),
        (NIB, " - . ", rules.NumberMissing),
        (NIB, "912000123456", rules.NibLength),
        (NIB, "91200012345678", rules.NibLength),
        (NIB, "91200O1234567", rules.NumberLetters),
        (NIB, "９１２０００１２３４５６７", rules.NumberLetters),
        (NPWP, "01234567870100", rules.NpwpLength),
        (NPWP, "01234567870100000", rules.NpwpLength),
    ],
)
def test_a_wrong_number_is_refused_with_what_to_do(kind: NumberKind, typed: str, no: type[Refused]) -> None:
    with pytest.raises(no) as refused:
        check_number(kind, typed)
    assert refused.value.field == "number"


def test_old_and_new_npwp_of_the_same_body_are_found_together() -> None:
    assert spellings(NPWP, "012345678701000") == ["0012345678701000", "012345678701000"]
    assert spellings(NPWP, "0012345678701000") == ["0012345678701000", "012345678701000"]
    assert spellings(NPWP, "1234567890123456") == ["1234567890123456"]
    assert spellings(NIB, "0123456789012") == ["0123456789012"]


@pytest.mark.parametrize(("before", "to"), list(itertools.product(list(RegistrationState), repeat=2)))
def test_only_the_moves_of_the_table_are_made(before: RegistrationState, to: RegistrationState) -> None:
    if to in MOVES[before]:
        rules.check_move(before, to)
    else:
        with pytest.raises(rules.AlreadyDecided):
            rules.check_move(before, to)
