"""Sealing and blind indexes (QUALITY A 47 to 49)."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sertakan.kit.crypto import CannotOpen, Keyring

OLD, NEW, BLIND = os.urandom(32), os.urandom(32), os.urandom(32)
PLACE = "worker:a1:nik_sealed"


@pytest.fixture(scope="module")
def keys() -> Keyring:
    return Keyring({"k1": OLD}, "k1", BLIND)


@given(st.text(max_size=200))
def test_what_is_sealed_opens_in_its_place(text: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    ring = Keyring({"k1": OLD}, "k1", BLIND)
    assert ring.open(ring.seal(text, PLACE), PLACE) == text


def test_the_same_text_is_sealed_differently_each_time(keys: Keyring) -> None:
    assert len({keys.seal("6171045203840001", PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize("elsewhere", ["worker:b2:nik_sealed", "worker:a1:phone_sealed", "person:a1:nik_sealed", ""])
def test_a_ciphertext_moved_elsewhere_does_not_open(keys: Keyring, elsewhere: str) -> None:
    token = keys.seal("6171045203840001", PLACE)
    with pytest.raises(CannotOpen) as caught:
        keys.open(token, elsewhere)
    assert "6171" not in str(caught.value)


def test_a_changed_cut_or_foreign_token_does_not_open(keys: Keyring) -> None:
    token = keys.seal("6171045203840001", PLACE)
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for bad in (changed, token[:20], "", "k1.", "k1", f"k9.{token[3:]}", "k1.ééé", "k1.%%%"):
        with pytest.raises(CannotOpen):
            keys.open(bad, PLACE)


def test_after_a_change_of_key_old_values_open_and_move_over(keys: Keyring) -> None:
    token = keys.seal("6171045203840001", PLACE)
    both = Keyring({"k2": NEW, "k1": OLD}, "k2", BLIND)
    moved = both.reseal(token, PLACE)
    assert moved.startswith("k2.") and both.open(token, PLACE) == both.open(moved, PLACE) == "6171045203840001"
    assert both.reseal(moved, PLACE) == moved
    only_new = Keyring({"k2": NEW}, "k2", BLIND)
    assert only_new.open(moved, PLACE) == "6171045203840001"
    with pytest.raises(CannotOpen):
        only_new.open(token, PLACE)


def test_equal_values_are_found_by_purpose_and_key(keys: Keyring) -> None:
    assert len(keys.blind("6171045203840001", "nik")) == 32
    assert keys.blind("6171045203840001", "nik") == keys.blind("6171045203840001", "nik")
    assert keys.blind("6171045203840001", "nik") != keys.blind("6171045203840001", "phone")
    assert keys.blind("6171045203840001", "nik") != Keyring({"k1": OLD}, "k1", NEW).blind("6171045203840001", "nik")


def test_the_index_outlives_a_change_of_sealing_key(keys: Keyring) -> None:
    assert Keyring({"k2": NEW}, "k2", BLIND).blind("x", "nik") == keys.blind("x", "nik")


@pytest.mark.parametrize("bad", [b"", b"short", b"x" * 32, b"ab" * 16, bytes(range(31)), bytes(range(33))])
def test_short_and_example_keys_are_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        Keyring({"k1": bad}, "k1", BLIND)
    with pytest.raises(ValueError, match="32 random bytes"):
        Keyring({"k1": OLD}, "k1", bad)


def test_an_unknown_current_key_a_shared_key_and_a_dotted_name_are_refused() -> None:
    for keys, current, blind in (({"k1": OLD}, "k2", BLIND), ({"k1": OLD}, "k1", OLD), ({"k.1": OLD}, "k.1", BLIND)):
        with pytest.raises(ValueError, match="key"):
            Keyring(keys, current, blind)
