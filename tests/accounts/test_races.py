"""Two requests at the same moment, on a database with real commits; each with its control that shows the race is real."""

import threading
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from sertakan.accounts import codes, rules, service, staff
from sertakan.accounts.models import OneTimeCode, Person, SignIn
from sertakan.db import db, transaction
from sertakan.notices import queries as notices
from tests.accounts.test_service import NEW, SECRET, equip, first_half, start
from tests.cast import Cast
from tests.notices.test_jobs import _in_parallel

ROUNDS = 3


def sign_in(ref: str, code: str) -> bool:
    with transaction():
        found = service.finish_sign_in(ref=ref, code=code)
        if isinstance(found, Person):
            service.open_session(person=found, agent="uji")
    return isinstance(found, Person)


def test_a9_a_code_works_once_even_from_many_requests_at_once(live: tuple[Flask, Cast]) -> None:
    app, _cast = live
    for _round in range(ROUNDS):
        with app.app_context():
            before = db.session.scalar(select(func.count()).select_from(SignIn)) or 0
            ref, code, _token = start(rules.Contact("email", "sari@contoh.test"))
        results = _in_parallel(app, 4, lambda ref=ref, code=code: sign_in(ref, code))
        assert sorted(results) == [False, False, False, True]
        with app.app_context():
            assert db.session.scalar(select(func.count()).select_from(SignIn)) == before + 1


def test_the_control_without_compare_and_set_lets_two_in(live: tuple[Flask, Cast]) -> None:
    """The test above must be able to fail: looking first and stamping later, as one would by mistake, admits more than one."""
    app, _cast = live
    seen = threading.Barrier(4)

    def look_then_stamp(ref: str) -> bool:
        free = db.session.scalar(select(OneTimeCode.used_at).where(OneTimeCode.ref == ref)) is None
        db.session.rollback()
        seen.wait(10)
        with transaction():
            row = db.session.scalars(select(OneTimeCode).where(OneTimeCode.ref == ref)).one()
            row.used_at = row.used_at or row.created_at
        return free

    with app.app_context():
        ref, _code, _token = start(rules.Contact("email", "sari@contoh.test"))
    assert _in_parallel(app, 4, lambda: look_then_stamp(ref)) == [True] * 4


def test_a10_a_link_works_once_even_from_many_requests_at_once(live: tuple[Flask, Cast]) -> None:
    app, _cast = live
    with app.app_context():
        *_rest, token = start(rules.Contact("email", "sari@contoh.test"))

    def press() -> bool:
        with transaction():
            return isinstance(service.finish_by_link(token=token), Person)

    assert sorted(_in_parallel(app, 4, press)) == [False, False, False, True]


def test_a9_an_authenticators_code_works_once_even_from_many_requests_at_once(live: tuple[Flask, Cast]) -> None:
    app, cast = live
    with app.app_context():
        equip(cast.dewi)
        refs = [first_half() for _half in range(4)]
        code = staff.totp_now(SECRET)
    waiting = list(refs)

    def press() -> bool:
        with transaction():
            return isinstance(staff.finish_staff_sign_in(ref=str(waiting.pop()), code=code), Person)

    assert sorted(_in_parallel(app, 4, press)) == [False, False, False, True]


def test_a12_five_tries_are_five_tries_from_many_requests_at_once(live: tuple[Flask, Cast]) -> None:
    app, _cast = live
    with app.app_context():
        ref, code, _token = start(rules.Contact("email", "sari@contoh.test"))
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert not any(_in_parallel(app, 8, lambda: sign_in(ref, wrong)))
    with app.app_context():
        assert db.session.scalar(select(OneTimeCode.attempts).where(OneTimeCode.ref == ref)) == 5


def test_one_contact_typed_twice_at_once_is_one_person(live: tuple[Flask, Cast]) -> None:
    app, _cast = live

    def become() -> int:
        with transaction():
            return service.find_or_create_resident(contact=NEW, name="Baru", locale="id").id

    assert len(set(_in_parallel(app, 4, become))) == 1


def test_an_invitation_is_used_once_even_from_many_requests_at_once(live: tuple[Flask, Cast]) -> None:
    app, _cast = live
    with app.app_context(), transaction():
        token = staff.invite_staff(actor=None, name="Baru", email="baru@kota.test", role=staff.Role.officer)

    def use() -> bool:
        try:
            with transaction():
                staff.finish_setup(token=token, password="kopi jeruk perahu", secret=SECRET, code=staff.totp_now(SECRET))
        except rules.LinkOver:
            return False
        return True

    assert sorted(_in_parallel(app, 3, use)) == [False, False, True]
    with app.app_context():
        assert codes.find_by_link(token, codes.Purpose.staff_setup) is None


def _cpu_milliseconds(work: Callable[[], Any]) -> float:
    """The processor's time of this thread: a busy machine does not stretch it."""
    started = time.thread_time()
    work()
    return (time.thread_time() - started) * 1_000


def _compare(measure: Callable[[str], float], known: str, unknown: str, times: int) -> tuple[float, float]:
    """Medians of interleaved tries, the order changing each time, so that what warms up or collects garbage falls on both alike."""
    found: dict[str, list[float]] = {known: [], unknown: []}
    for turn in range(times):
        for name in (known, unknown) if turn % 2 else (unknown, known):
            found[name].append(measure(name))
    return median(found[known]), median(found[unknown])


def test_a11_known_and_unknown_take_the_same_time(live: tuple[Flask, Cast]) -> None:
    """Within a fifth, for the resident's code, the staff's password and the staff's invitation; what is written and answered is
    compared exactly in test_service and test_sign_in.
    """
    app, cast = live
    with app.app_context():
        equip(cast.dewi)
        with transaction():
            invited = staff.invite_staff(actor=None, name="Baru", email="baru@kota.test", role=staff.Role.officer)

        def resident(name: str) -> float:
            def ask() -> None:
                with transaction():
                    service.start_sign_in(contact=rules.Contact("email", name), locale="id")

            return _cpu_milliseconds(ask)

        def officer(name: str) -> float:
            def try_() -> None:
                verified = staff.verify_password(name, "salah semua ini")
                with transaction():
                    staff.start_staff_sign_in(verified=verified)

            return _cpu_milliseconds(try_)

        def invitation(token: str) -> float:
            return _cpu_milliseconds(lambda: codes.find_by_link(token, codes.Purpose.staff_setup))

        for measure, known, unknown, times in (
            (resident, "sari@contoh.test", "x@contoh.test", 60),
            (officer, "dewi@kota.test", "x@kota.test", 20),
            (invitation, invited, "b" * len(invited), 60),
        ):
            measure(known), measure(unknown)
            ratios = []
            for _again in range(3):  # the quietest of three decides
                first, second = _compare(measure, known, unknown, times)
                ratios.append(first / second)
            assert min(abs(ratio - 1) for ratio in ratios) < 0.2, f"{measure.__name__}: {ratios}"
        assert notices.list_recent(1)
