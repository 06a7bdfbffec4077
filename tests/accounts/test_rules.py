"""Contacts, passwords, time-outs and where sign-in may lead; no app."""

from datetime import UTC, datetime, timedelta

import pytest

from sertakan.accounts import passwords, rules
from sertakan.kit.errors import Refused

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        ("sari@contoh.test", "email", "sari@contoh.test"),
        ("  Sari.W@Contoh.TEST ", "email", "sari.w@contoh.test"),
        ("0812-3456-7890", "phone", "+6281234567890"),
        ("+62 812 3456 7890", "phone", "+6281234567890"),
        ("81234567890", "phone", "+6281234567890"),
    ],
)
def test_a_contact_is_normalised(typed: str, kind: str, value: str) -> None:
    assert rules.parse_contact(typed) == rules.Contact(kind, value)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "sari",
        "sari@",
        "@contoh.test",
        "sari@contoh",
        "sari@contoh.test\r\nBcc: x@contoh.test",
        "0561 765432",
        "0812",
        "😀@😀.test",
        "a" * 400 + "@contoh.test",
        "08" + "1" * 10_000,
        "sari@contoh.test, tono@contoh.test",
        "<sari@contoh.test>",
    ],
)
def test_nonsense_is_no_contact_and_gets_a_sentence(typed: str) -> None:
    with pytest.raises(Refused) as no:
        rules.parse_contact(typed)
    assert no.value.field == "contact"
    assert no.value.message


def test_a_contact_is_shown_masked() -> None:
    assert rules.parse_contact("sari@contoh.test").masked == "s•••@contoh.test"
    assert rules.parse_contact("081234567781").masked == "0812••••7781"


@pytest.mark.parametrize("path", ["/dukungan", "/en/dukungan/7KQ2-M9XF?hal=2", "/"])
def test_a30_a_page_of_ours_is_a_place_to_go_on(path: str) -> None:
    assert rules.safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https:evil.test",
        "https://evil.test/",
        "evil",
        "",
        None,
        "/a\r\nX: y",
        "/a\\b",
        "javascript:alert(1)",
    ],
)
def test_a30_no_other_place_is(path: str | None) -> None:
    assert rules.safe_next(path) is None


@pytest.mark.parametrize("life", [rules.RESIDENT_LIFE, rules.STAFF_LIFE])
def test_a16_a_session_ends_after_idling_and_after_its_whole_life(life: rules.Life) -> None:
    second = timedelta(seconds=1)
    assert rules.is_alive(life=life, created_at=NOW, last_seen_at=NOW, now=NOW + life.idle - second)
    assert not rules.is_alive(life=life, created_at=NOW, last_seen_at=NOW, now=NOW + life.idle)
    end = NOW + life.absolute
    assert rules.is_alive(life=life, created_at=NOW, last_seen_at=end - second, now=end - second)
    assert not rules.is_alive(life=life, created_at=NOW, last_seen_at=end - second, now=end)


def test_a16_staff_sessions_are_shorter() -> None:
    assert rules.STAFF_LIFE.idle < rules.RESIDENT_LIFE.idle
    assert rules.STAFF_LIFE.absolute < rules.RESIDENT_LIFE.absolute


# ---- passwords -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [12, 64, 71, 72, 73, 200])
def test_a1_long_passwords_are_accepted_and_never_cut(length: int) -> None:
    password = ("payung kuning di dermaga kapuas 7 " * 10)[: length - 1] + "Z"
    passwords.check_password(password)
    stored = passwords.hash_of(password)
    assert passwords.fits(password, stored)
    assert not passwords.fits(password[:-1] + "Y", stored)


def test_a1_eleven_letters_are_too_few_and_201_too_many() -> None:
    with pytest.raises(rules.PasswordTooShort):
        passwords.check_password("kopi jeruk7")
    with pytest.raises(rules.PasswordTooLong):
        passwords.check_password("kopi jeruk perahu " * 12)


def common_passwords() -> set[str]:
    """More than three thousand of what people really take when twelve letters are asked for."""
    words = sorted(passwords._easy_words())
    tails = ["123456789", "1234567890", "123456", "2026", "!2026!", "12345678", "00000000", "1", "!!!!!!!!", "_1990"]
    made = {f"{word}{tail}" for word in words for tail in tails}
    made |= {f"{word.capitalize()}{tail}" for word in words for tail in ("123456789!", "@2025", "2026!!")}
    made |= {word * 3 for word in words} | {f"{word}{word[::-1]}" for word in ("123456", "qwerty", "asdfgh")}
    made |= {str(year) * 3 for year in range(1950, 2027)} | {digit * 12 for digit in "0123456789abcxyz"}
    made |= {
        "123456789012",
        "1234567890123",
        "qwertyuiopas",
        "qwertyuiop12",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "qazwsxedcrfv",
        "abcdefghijkl",
    }
    return {password for password in made if 12 <= len(password) <= 200}


def test_a2_the_most_common_passwords_are_refused() -> None:
    common = common_passwords()
    assert len(common) > 3_000
    assert [password for password in common if not passwords.is_easy(password)] == []


@pytest.mark.parametrize(
    "password",
    [
        "sertakan-pontianak",
        "BPJS-Pontianak-2026",
        "S3rt4k4n2026!",
        "p@ssw0rd1234",
        "Ketenagakerjaan1",
        "tugu khatulistiwa",
        "walikota 2026 !!",
    ],
)
def test_a2_words_of_the_town_and_the_programme_are_refused(password: str) -> None:
    with pytest.raises(rules.PasswordTooEasy):
        passwords.check_password(password)


def test_a2_ones_own_name_and_address_are_refused() -> None:
    with pytest.raises(rules.PasswordIsYou):
        passwords.check_password("dewi.lestari.77", name="Dewi Lestari", email="dewi@kota.test")


@pytest.mark.parametrize(
    "password", ["kopi jeruk perahu", "tttrrrzzz-kolong", "不知道什么密码才好呢真的好难", "perahu  dua   lampu", "zxkvjwqpmrtl"]
)
def test_a3_there_are_no_rules_of_composition(password: str) -> None:
    passwords.check_password(password)


def test_a5_passwords_are_kept_by_argon2id_with_current_parameters() -> None:
    stored = passwords.hash_of("kopi jeruk perahu")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(stored)
    assert passwords.is_outdated(stored.replace("m=19456", "m=8192"))


def test_checking_ten_thousand_letters_is_quick_and_final() -> None:
    with pytest.raises(rules.PasswordTooLong):
        passwords.check_password("a1" * 5_000)


def test_an_authenticators_code_counts_while_it_is_shown_and_ten_seconds_more() -> None:
    start = datetime.fromtimestamp(30 * 59_000_000, UTC)
    assert rules.totp_steps(start + timedelta(seconds=29))[0] == 59_000_000
    assert 59_000_000 in rules.totp_steps(start + timedelta(seconds=39))
    assert 59_000_000 not in rules.totp_steps(start + timedelta(seconds=40))
