"""Residents, codes, sessions and staff as rows; each test names the item of the check-list that it shows."""

from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts import codes, passwords, queries, rules, service, staff
from sertakan.accounts.models import OneTimeCode, Person, SignIn
from sertakan.accounts.permissions import Permission, Role
from sertakan.audit import queries as audit
from sertakan.audit.models import AuditEntry
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.notices import queries as notices
from sertakan.notices.models import Notice, NoticeState
from sertakan.notices.rules import MUTED, NO_CONTACT
from tests.cast import Cast
from tests.conftest import NOW
from tests.factories import count

SARI = rules.Contact("email", "sari@contoh.test")
NEW = rules.Contact("email", "baru@contoh.test")
PASSWORD = "kopi jeruk perahu"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def start(contact: rules.Contact) -> tuple[str, str, str]:
    """Ask for a code; returns the ref in the browser, the code and the link's token from the message."""
    with transaction():
        ref = service.start_sign_in(contact=contact, locale="id")
    body = notices.list_recent(1)[0].body
    code = body.split("Kode masuk Anda: ")[1][:6]
    token = body.split("/masuk/tautan/")[1].split()[0]
    return ref, code, token


def finish(ref: str, code: str) -> Person | Refused:
    with transaction():
        return service.finish_sign_in(ref=ref, code=code)


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


# ---- becoming known ------------------------------------------------------------------------------------------------------------


def test_a_new_contact_makes_a_person(app: Flask) -> None:
    with transaction():
        person = service.find_or_create_resident(contact=NEW, name="Baru", locale="en")
    assert (person.name, person.email, person.locale, person.role) == ("Baru", "baru@contoh.test", "en", None)
    assert "baru@contoh.test" not in (person.email_sealed or "")
    assert audit.list_for(f"person:{person.ref}")[0].action == "account.create"


def test_the_same_contact_is_the_same_person_and_nothing_of_her_changes(app: Flask, cast: Cast) -> None:
    with transaction():
        person = service.find_or_create_resident(contact=SARI, name="Penyamar", locale="en")
    assert person.id == cast.sari.id
    assert (person.name, person.locale) == ("Sari Wulandari", "id")


def test_a_mobile_number_makes_a_person_too(app: Flask) -> None:
    contact = rules.parse_contact("0812 3456 7890")
    with transaction():
        person = service.find_or_create_resident(contact=contact, name="Tanpa surel", locale="id")
    assert (person.phone, person.email) == ("+6281234567890", None)
    assert queries.find_person(contact) is person


# ---- codes and links -----------------------------------------------------------------------------------------------------------


def test_the_code_of_the_message_signs_in(app: Flask, cast: Cast) -> None:
    ref, code, _token = start(SARI)
    found = finish(ref, code)
    assert isinstance(found, Person) and found.id == cast.sari.id
    assert actions()[-1] == "account.sign_in"


def test_a9_a_code_works_once(app: Flask, cast: Cast) -> None:
    ref, code, _token = start(SARI)
    finish(ref, code)
    assert isinstance(finish(ref, code), rules.WrongCode)
    assert actions()[-1] == "account.refused"


def test_a9_a_code_is_over_after_ten_minutes(app: Flask) -> None:
    ref, code, _token = start(SARI)
    with clock.frozen(NOW + timedelta(minutes=10)):
        assert isinstance(finish(ref, code), rules.WrongCode)
    ref, code, _token = start(SARI)
    with clock.frozen(NOW + timedelta(minutes=9, seconds=59)):
        assert isinstance(finish(ref, code), Person)


def test_a12_the_sixth_try_is_refused_even_with_the_right_code(app: Flask) -> None:
    ref, code, _token = start(SARI)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _try in range(5):
        assert isinstance(finish(ref, wrong), rules.WrongCode)
    assert isinstance(finish(ref, code), rules.WrongCode)


def test_a_code_of_another_request_does_not_fit(app: Flask) -> None:
    _ref, code, _token = start(SARI)
    other, *_rest = start(rules.Contact("email", "tono@contoh.test"))
    assert isinstance(finish(other, code), rules.WrongCode)


def test_a10_the_table_holds_only_hashes_of_code_and_link(app: Flask) -> None:
    ref, code, token = start(SARI)
    row = queries.find_code(ref)
    assert row is not None
    stored = " ".join(str(value) for value in (row.code_hash, row.link_hash, row.contact_hash))
    assert code not in stored and token not in stored and "sari" not in stored
    assert len(token) >= 32  # 192 bits, base64


def test_a10_the_link_works_once_and_looking_at_it_changes_nothing(app: Flask) -> None:
    _ref, code, token = start(SARI)
    assert codes.find_by_link(token, codes.Purpose.sign_in) is not None
    assert codes.find_by_link(token, codes.Purpose.sign_in) is not None
    with transaction():
        assert isinstance(service.finish_by_link(token=token), Person)
    with transaction():
        assert isinstance(service.finish_by_link(token=token), rules.LinkOver)
    assert isinstance(finish(_ref, code), rules.WrongCode)


def test_a_link_for_one_purpose_opens_nothing_else(app: Flask) -> None:
    *_rest, token = start(SARI)
    assert codes.find_by_link(token, codes.Purpose.staff_setup) is None
    with pytest.raises(rules.LinkOver), transaction():
        staff.finish_setup(token=token, password=PASSWORD, secret=SECRET, code=staff.totp_now(SECRET))


def test_a11_an_unknown_contact_leaves_the_same_rows_and_gets_no_message(app: Flask) -> None:
    before = {model: count(model) for model in (OneTimeCode, Notice, AuditEntry, Person)}
    with transaction():
        service.start_sign_in(contact=SARI, locale="id")
    known = {model: count(model) - before[model] for model in before}
    with transaction():
        service.start_sign_in(contact=NEW, locale="id")
    unknown = {model: count(model) - before[model] - known[model] for model in before}
    assert known == unknown == {OneTimeCode: 1, Notice: 1, AuditEntry: 0, Person: 0}
    row = notices.list_recent(1)[0]
    assert (row.state, row.reason, row.to) == (NoticeState.skipped, NO_CONTACT, "")


def test_a_code_for_an_unknown_contact_signs_nobody_in(app: Flask) -> None:
    ref, code, token = start(NEW)
    assert isinstance(finish(ref, code), rules.WrongCode)
    with transaction():
        assert isinstance(service.finish_by_link(token=token), rules.LinkOver)
    assert count(SignIn) == 0


def test_a_closed_account_gets_no_code_and_no_entry(app: Flask, cast: Cast) -> None:
    ref, code, _token = start(SARI)
    with transaction():
        service.disable(actor=None, person=cast.sari)
    assert isinstance(finish(ref, code), rules.WrongCode)
    start_again = start(SARI)
    assert notices.list_recent(1)[0].state is NoticeState.skipped
    assert isinstance(finish(start_again[0], start_again[1]), rules.WrongCode)


# ---- sessions ------------------------------------------------------------------------------------------------------------------


def test_a13_a_session_token_has_256_random_bits_and_is_stored_as_a_hash(app: Flask, cast: Cast) -> None:
    with transaction():
        tokens = {service.open_session(person=cast.sari, agent="uji") for _again in range(20)}
    assert len(tokens) == 20 and all(len(token) >= 43 for token in tokens)
    stored = set(db.session.scalars(select(SignIn.token_hash)))
    assert not tokens & stored and {codes.hash_token(token) for token in tokens} <= stored


def test_ending_all_sessions_can_leave_this_one(app: Flask, cast: Cast) -> None:
    with transaction():
        tokens = [service.open_session(person=cast.sari, agent="uji") for _again in range(3)]
        other = service.open_session(person=cast.tono, agent="uji")
    mine = queries.find_sign_in(codes.hash_token(tokens[0]))
    assert mine is not None
    with transaction():
        assert service.end_all(actor=cast.sari.ref, person=cast.sari, but=mine) == 2
    assert [row.id for row in queries.list_sign_ins(cast.sari.id)] == [mine.id]
    kept = queries.find_sign_in(codes.hash_token(other))
    assert kept is not None and kept.ended_at is None


def test_a13_a_change_of_role_ends_every_session(app: Flask, cast: Cast) -> None:
    with transaction():
        service.open_session(person=cast.dewi, agent="uji", second_factor=True)
        staff.set_role(actor=cast.wira, person=cast.dewi, role=Role.supervisor)
    assert queries.list_sign_ins(cast.dewi.id) == []
    assert cast.dewi.may(Permission.refund_approve)
    entry = audit.list_for(f"person:{cast.dewi.ref}")[0]
    assert (entry.action, entry.after) == ("account.role", {"from": "officer", "to": "supervisor"})


def test_a_closed_account_may_nothing(app: Flask, cast: Cast) -> None:
    with transaction():
        service.disable(actor=cast.wira, person=cast.dewi)
    assert not any(cast.dewi.may(permission) for permission in Permission)


# ---- muting --------------------------------------------------------------------------------------------------------------------


def test_muting_drops_waiting_reminders_and_nothing_else(app: Flask, cast: Cast) -> None:
    from tests.notices.test_service import facts, write

    write("reminder_10", cast.sari, facts("reminder_10"))
    write("refunded", cast.sari, facts("refunded"))
    with transaction():
        service.mute(actor=cast.sari.ref, person=cast.sari, muted=True)
    refunded, reminder = notices.list_recent(2)
    assert (reminder.state, reminder.reason) == (NoticeState.skipped, MUTED)
    assert refunded.state is NoticeState.queued


# ---- staff ---------------------------------------------------------------------------------------------------------------------


def equip(person: Person, password: str = PASSWORD) -> None:
    with transaction():
        staff.set_staff_secrets(person, password, SECRET)


def first_half(email: str = "dewi@kota.test", password: str = PASSWORD) -> str | Refused:
    verified = staff.verify_password(email, password)
    with transaction():
        return staff.start_staff_sign_in(verified=verified)


def second_half(ref: str, code: str) -> Person | Refused:
    with transaction():
        return staff.finish_staff_sign_in(ref=ref, code=code)


def test_password_and_second_factor_let_an_officer_in(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    ref = first_half()
    assert isinstance(ref, str)
    found = second_half(ref, staff.totp_now(SECRET))
    assert isinstance(found, Person) and found.id == cast.dewi.id
    assert actions()[-2:] == ["account.password", "account.sign_in"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("dewi@kota.test", "salah sama sekali"),
        ("tidak.ada@kota.test", PASSWORD),
        ("sari@contoh.test", PASSWORD),
        ("bukan e-mail", PASSWORD),
        ("dewi@kota.test", ""),
        ("dewi@kota.test", PASSWORD + "\0"),
    ],
)
def test_everything_else_is_one_and_the_same_refusal(app: Flask, cast: Cast, email: str, password: str) -> None:
    equip(cast.dewi)
    assert isinstance(first_half(email, password), rules.WrongPassword)
    assert actions()[-1] == "account.refused"


def test_a8_no_second_factor_no_entry(app: Flask, cast: Cast) -> None:
    with transaction():
        cast.dewi.password_hash = passwords.hash_of(PASSWORD)
    assert isinstance(first_half(), rules.WrongPassword)


def test_a9_an_authenticators_code_works_once(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    code = staff.totp_now(SECRET)
    first, second = first_half(), first_half()
    assert isinstance(first, str) and isinstance(second, str)
    assert isinstance(second_half(first, code), Person)
    assert isinstance(second_half(second, code), rules.WrongTotp)


def test_a9_an_older_code_than_the_last_used_is_refused(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    earlier = staff.totp_now(SECRET)
    with clock.frozen(NOW + timedelta(seconds=30)):
        first, second = first_half(), first_half()
        assert isinstance(first, str) and isinstance(second, str)
        assert isinstance(second_half(first, staff.totp_now(SECRET)), Person)
        assert isinstance(second_half(second, earlier), rules.WrongTotp)


def test_a9_an_authenticators_code_is_over_after_forty_seconds(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    code = pyotp.TOTP(SECRET).at(NOW)
    with clock.frozen(NOW + timedelta(seconds=40)):
        ref = first_half()
        assert isinstance(ref, str)
        assert isinstance(second_half(ref, code), rules.WrongTotp)


def test_a12_five_wrong_codes_ask_for_the_password_again(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    ref = first_half()
    assert isinstance(ref, str)
    for _try in range(5):
        assert isinstance(second_half(ref, "12345x"), rules.WrongTotp)
    assert isinstance(second_half(ref, staff.totp_now(SECRET)), rules.SignInAgain)


def test_the_second_half_waits_ten_minutes(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    ref = first_half()
    assert isinstance(ref, str)
    with clock.frozen(NOW + timedelta(minutes=10)):
        assert isinstance(second_half(ref, staff.totp_now(SECRET)), rules.SignInAgain)


def test_a5_an_old_hash_is_made_anew_at_sign_in(app: Flask, cast: Cast) -> None:
    from argon2 import PasswordHasher

    equip(cast.dewi)
    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    with transaction():
        cast.dewi.password_hash = old
    assert isinstance(first_half(), str)
    assert cast.dewi.password_hash is not None and cast.dewi.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_changed_in_between_is_refused(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    verified = staff.verify_password("dewi@kota.test", PASSWORD)
    equip(cast.dewi, "perahu lampu dermaga")
    with transaction():
        assert isinstance(staff.start_staff_sign_in(verified=verified), rules.WrongPassword)


# ---- invitations ---------------------------------------------------------------------------------------------------------------


def invite(email: str = "baru@kota.test", role: Role = Role.officer) -> str:
    with transaction():
        return staff.invite_staff(actor=None, name="Baru Sekali", email=email, role=role)


def test_a7_nobody_has_a_password_or_a_second_factor_until_she_sets_them(app: Flask, cast: Cast) -> None:
    assert list(db.session.scalars(select(Person).where(Person.password_hash.is_not(None)))) == []


def test_an_invitation_makes_an_officer_who_sets_her_own_secrets(app: Flask) -> None:
    token = invite()
    with transaction():
        person = staff.finish_setup(token=token, password=PASSWORD, secret=SECRET, code=staff.totp_now(SECRET))
    assert person.role is Role.officer
    assert SECRET not in (person.totp_sealed or "") and PASSWORD not in (person.password_hash or "")
    with clock.frozen(NOW + timedelta(seconds=30)):
        ref = first_half("baru@kota.test")
        assert isinstance(ref, str)
        assert isinstance(second_half(ref, staff.totp_now(SECRET)), Person)


def test_the_code_of_the_set_up_does_not_sign_in_again(app: Flask) -> None:
    token = invite()
    with transaction():
        staff.finish_setup(token=token, password=PASSWORD, secret=SECRET, code=staff.totp_now(SECRET))
    ref = first_half("baru@kota.test")
    assert isinstance(ref, str)
    assert isinstance(second_half(ref, staff.totp_now(SECRET)), rules.WrongTotp)


def test_a10_an_invitation_works_once_for_three_days_and_only_the_newest(app: Flask) -> None:
    def use(token: str) -> None:
        with transaction():
            staff.finish_setup(token=token, password=PASSWORD, secret=SECRET, code=staff.totp_now(SECRET))

    first, second = invite(), invite()
    with pytest.raises(rules.LinkOver):
        use(first)
    with clock.frozen(NOW + timedelta(hours=72)), pytest.raises(rules.LinkOver):
        use(second)
    use(second)
    with pytest.raises(rules.LinkOver):
        use(second)


def test_a10_a_recovery_never_bypasses_the_second_factor(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    token = invite("dewi@kota.test")
    with pytest.raises(rules.WrongTotp), transaction():
        staff.finish_setup(token=token, password="perahu lampu dermaga", secret=staff.new_secret(), code="000000")
    assert isinstance(first_half(), str)  # the old password works until the new one is set


@pytest.mark.parametrize(
    ("password", "no"),
    [("pendek", rules.PasswordTooShort), ("sertakan123456", rules.PasswordTooEasy), ("baru.sekali.99", rules.PasswordIsYou)],
)
def test_an_easy_password_is_refused_and_the_invitation_stays(app: Flask, password: str, no: type[Refused]) -> None:
    token = invite()
    with pytest.raises(no), transaction():
        staff.finish_setup(token=token, password=password, secret=SECRET, code=staff.totp_now(SECRET))
    assert codes.find_by_link(token, codes.Purpose.staff_setup) is not None


def test_a4_the_old_password_is_asked_for(app: Flask, cast: Cast) -> None:
    equip(cast.dewi)
    with pytest.raises(rules.WrongOldPassword):
        staff.check_change(cast.dewi, "bukan yang lama", "perahu lampu dermaga")
    assert passwords.fits("perahu lampu dermaga", staff.check_change(cast.dewi, PASSWORD, "perahu lampu dermaga"))
