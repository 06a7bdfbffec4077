"""Who may be registered, and what the public may see. No app, no tables."""

import itertools
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.workers import rules
from sertakan.workers.rules import GONE, MOVES, SMALLEST_GROUP, Person, Shown, WorkerState, coarsen

TODAY = date(2026, 11, 22)

# ---- age -----------------------------------------------------------------------------------------------------------------------

AGES = [
    (date(2008, 11, 22), None),  # 18 today
    (date(2008, 11, 23), rules.TooYoung),
    (date(1961, 11, 23), None),  # 65 tomorrow
    (date(1961, 11, 22), rules.TooOld),  # 65 today
    (date(1984, 3, 12), None),
    (date(1940, 1, 1), rules.TooOld),
]


@pytest.mark.parametrize(("born_on", "no"), AGES)
def test_a_new_participant_is_18_or_older_and_not_yet_65(born_on: date, no: type[Refused] | None) -> None:
    if no is None:
        rules.check_new_age(born_on, TODAY)
    else:
        with pytest.raises(no) as refusal:
            rules.check_new_age(born_on, TODAY)
        assert refusal.value.field == "nik"


def test_who_is_born_on_29_february_is_18_on_1_march() -> None:
    with pytest.raises(rules.TooYoung):
        rules.check_new_age(date(2008, 2, 29), date(2026, 2, 28))
    rules.check_new_age(date(2008, 2, 29), date(2026, 3, 1))


def test_an_age_band_holds_five_years() -> None:
    assert [rules.age_band(date(2026 - age, 1, 1), TODAY) for age in (44, 45, 49, 50)] == [40, 45, 45, 50]


# ---- attestation, phrases, states ----------------------------------------------------------------------------------------------


def test_an_attestation_is_of_the_past_and_at_most_twelve_months_old() -> None:
    rules.check_seen(Month(2019, 5), TODAY, TODAY)
    rules.check_seen(None, date(2025, 11, 1), TODAY)
    with pytest.raises(rules.SeenInFuture):
        rules.check_seen(None, date(2026, 11, 23), TODAY)
    with pytest.raises(rules.SeenTooLongAgo):
        rules.check_seen(None, date(2025, 10, 31), TODAY)
    with pytest.raises(rules.SinceAfterSeen):
        rules.check_seen(Month(2026, 12), TODAY, TODAY)


def test_phrases_come_from_the_list_and_are_at_most_two() -> None:
    rules.check_phrases([])
    rules.check_phrases(["breadwinner", "on_water"])
    with pytest.raises(rules.TooManyPhrases):
        rules.check_phrases(["breadwinner", "on_water", "parents"])
    for text in ("Ibu Sumiati yang baik", "breadwinner ", ""):
        with pytest.raises(rules.UnknownPhrase):
            rules.check_phrases([text])


@pytest.mark.parametrize(("before", "after"), list(itertools.product(WorkerState, WorkerState)))
def test_i7_a_workers_state_moves_only_along_its_table(before: WorkerState, after: WorkerState) -> None:
    if after in MOVES[before]:
        rules.check_move(before, after)
    else:
        with pytest.raises(rules.IllegalMove):
            rules.check_move(before, after)


def test_the_dead_stay_dead_and_everyone_else_may_withdraw() -> None:
    assert MOVES[WorkerState.deceased] == frozenset()
    assert all(WorkerState.withdrawn in MOVES[state] for state in WorkerState if state not in GONE)


@pytest.mark.parametrize(("name", "letter"), [("Sumiati", "S"), (" 'ani", "A"), ("éva", "É"), ("123", "–"), ("", "–")])
def test_only_the_initial_of_a_name_is_shown(name: str, letter: str) -> None:
    assert rules.initial(name) == letter


# ---- no group under five -------------------------------------------------------------------------------------------------------

WORKS = {"ojek": "transport", "kurir": "transport", "sayur": "trade", "warung": "trade", "nelayan": "farming"}
PLACES = {"A1": "A", "A2": "A", "A3": "A", "B1": "B", "B2": "B"}


def someone(work: str = "sayur", place: str = "A1", band: int = 45, key: str = "x") -> Person:
    return Person(key, WORKS[work], work, place, PLACES[place], band)


PEOPLE = st.lists(
    st.builds(someone, st.sampled_from(sorted(WORKS)), st.sampled_from(sorted(PLACES)), st.sampled_from([25, 30, 45])),
    max_size=60,
).map(lambda people: [Person(str(i), *_words(one)) for i, one in enumerate(people)])


def _words(one: Person) -> tuple[str, str, str, str, int]:
    return one.group, one.occupation, one.kelurahan, one.kecamatan, one.band


def same(person: Person, shown: Shown) -> bool:
    """Whether what is shown is true of her."""
    pairs = [
        (shown.group, person.group),
        (shown.occupation, person.occupation),
        (shown.kelurahan, person.kelurahan),
        (shown.kecamatan, person.kecamatan),
        (shown.band, person.band),
    ]
    return all(said is None or said == truth for said, truth in pairs)


@given(PEOPLE)
def test_i17_nobody_is_shown_in_a_group_under_five(people: list[Person]) -> None:
    shown = coarsen(people)
    assert all(count >= SMALLEST_GROUP for count in Counter(shown.values()).values())


@given(PEOPLE)
def test_i17_everybody_is_shown_truly_or_nobody_at_all(people: list[Person]) -> None:
    shown = coarsen(people)
    assert set(shown) == ({one.key for one in people} if len(people) >= SMALLEST_GROUP else set())
    assert all(same(one, shown[one.key]) for one in people if shown)


@given(PEOPLE)
def test_i17_every_place_and_every_kind_of_work_that_can_be_filtered_holds_at_least_five(people: list[Person]) -> None:
    """Filters look at what is shown: whatever set of places is chosen, its counts are made of whole groups."""
    shown = coarsen(people)
    cells = Counter((one.group, one.kelurahan or one.kecamatan) for one in shown.values())
    assert all(count >= SMALLEST_GROUP for count in cells.values())


@given(PEOPLE)
def test_i17_the_order_of_the_list_changes_nothing_that_is_shown(people: list[Person]) -> None:
    assert Counter(coarsen(people).values()) == Counter(coarsen(list(reversed(people))).values())


def test_i17_a_cell_of_two_is_never_shown_alone() -> None:
    people = [someone(key=f"a{i}") for i in range(6)] + [someone("nelayan", "B1", key=f"b{i}") for i in range(2)]
    shown = coarsen(people)
    assert {shown["b0"], shown["b1"]} == {Shown(band=45)}
    assert Counter(shown.values())[Shown(band=45)] == 8  # the traders join: else the two are found by subtraction


def test_five_of_one_work_in_one_kelurahan_are_shown_there() -> None:
    shown = coarsen([someone(key=f"a{i}") for i in range(5)])
    assert set(shown.values()) == {Shown("trade", "sayur", "A1", "A", 45)}


def test_fewer_in_a_kelurahan_are_shown_under_their_kecamatan() -> None:
    people = [someone(place=place, key=f"{place}{i}") for place in ("A1", "A2") for i in range(3)]
    assert set(coarsen(people).values()) == {Shown("trade", "sayur", None, "A", 45)}


def test_fewer_in_a_kecamatan_are_shown_under_the_city() -> None:
    people = [someone(place=place, key=f"{place}{i}") for place in ("A1", "B1") for i in range(3)]
    assert set(coarsen(people).values()) == {Shown("trade", "sayur", None, None, 45)}


def test_the_age_band_goes_before_the_place_does() -> None:
    people = [someone(band=band, key=f"{band}{i}") for band in (25, 45) for i in range(3)]
    assert set(coarsen(people).values()) == {Shown("trade", "sayur", "A1", "A", None)}


def test_different_works_of_one_group_stand_under_the_group() -> None:
    people = [someone(work, key=f"{work}{i}") for work in ("sayur", "warung") for i in range(4)]
    assert {one.occupation for one in coarsen(people).values()} == {None}
    assert {one.group for one in coarsen(people).values()} == {"trade"}
