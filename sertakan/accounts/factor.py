"""A resident's second factor, which she may turn on: an authenticator's code after the code of the message, and codes on paper for
the day on which the telephone is gone (ASVS 6.3.3). Verbs of signing in return their refusal: the counted try must stay.
"""

from datetime import timedelta

from sertakan.accounts import codes, rules, staff
from sertakan.accounts.codes import Purpose
from sertakan.accounts.models import Person, SignIn
from sertakan.accounts.trail import note
from sertakan.audit.service import SYSTEM
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.codes import new_code
from sertakan.kit.errors import Refused

RECOVERY_CODES = 8
RECOVERY_LIFE = timedelta(days=3_650)


def asks(person: Person) -> bool:
    """Whether this resident's sign-in needs her authenticator. Staff have a door of their own."""
    return person.role is None and person.totp_sealed is not None


def turn_on(*, person: Person, secret: str, code: str) -> list[str]:
    """From now on sign-in asks for it. Returns the codes for the paper, shown this once. Refuses WrongTotp, AlreadyOn."""
    if person.totp_sealed is not None:
        raise rules.AlreadyOn
    step = staff.matching_step(secret, code)
    if step is None:
        raise rules.WrongTotp(field="code")
    person.totp_secret, person.totp_last_step = secret, step
    codes.revoke(person.id, Purpose.recovery)
    note(person.ref, "factor_on", person)
    return [_recovery(person) for _n in range(RECOVERY_CODES)]


def _recovery(person: Person) -> str:
    """80 random bits; only their hash is kept."""
    plain = f"{new_code()}-{new_code()}"
    hash_ = person.email_hash or person.phone_hash or ""
    codes.issue(
        purpose=Purpose.recovery, contact_hash=hash_, person_id=person.id, life=RECOVERY_LIFE, token=codes.plain_recovery(plain)
    )
    return plain


def turn_off(*, person: Person, code: str) -> None:
    """No second factor any more; the codes on paper end with it. Refuses WrongTotp without a right code of either kind."""
    if not fits(person, code):
        raise rules.WrongTotp(field="code")
    person.totp_sealed = person.totp_last_step = None
    codes.revoke(person.id, Purpose.recovery)
    note(person.ref, "factor_off", person)


def fits(person: Person, code: str) -> bool:
    """A code of the authenticator, or one from the paper; each counts once, also from two requests at the same moment."""
    step = staff.matching_step(person.totp_secret or "", code)
    if step is not None:
        return staff.use_step(person, step)
    row = codes.find_by_link(codes.plain_recovery(code), Purpose.recovery)
    return row is not None and row.person_id == person.id and codes.use_up(row)


def show(*, person: Person, here: SignIn, code: str) -> None:
    """This session has shown it from now on. Refuses WrongTotp, also when she has none."""
    if not fits(person, code):
        raise rules.WrongTotp(field="code")
    showed(person=person, here=here)


def showed(*, person: Person, here: SignIn) -> None:
    """Its code was right just now, in this session; the second time changes nothing."""
    if here.second_factor_at is None:
        here.second_factor_at = clock.unmoved()
        note(person.ref, "factor_shown", person, after={"session": here.ref})


def start(*, person: Person) -> str:
    """The first half of her sign-in was right; returns the ref under which the second is awaited for ten minutes."""
    hash_ = person.email_hash or person.phone_hash or ""
    return codes.issue(purpose=Purpose.resident_factor, contact_hash=hash_, person_id=person.id, life=rules.PENDING_LIFE).ref


def finish(*, ref: str, code: str) -> Person | Refused:
    """Five tries a sign-in."""
    row = codes.count_try(ref, Purpose.resident_factor)
    person = db.session.get(Person, row.person_id) if row else None
    if row is None or person is None or person.disabled_at is not None:
        return rules.SignInAgain()
    if not fits(person, code) or not codes.use_up(row):
        note(SYSTEM, "refused", person, reason="second_factor")
        return rules.WrongTotp(field="code")
    note(person.ref, "sign_in", person, after={"by": "code and second factor"})
    return person


def papers_left(person: Person) -> int:
    """How many codes on paper are unused."""
    return codes.count_open(person.id, Purpose.recovery)
