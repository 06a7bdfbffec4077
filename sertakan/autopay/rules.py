"""The two machines of automatic renewal, its days, and its refusals. Pure."""

from datetime import date, timedelta
from enum import StrEnum

from sertakan.coverage.rules import IllegalMove
from sertakan.kit.errors import N_, Refused

LINK = "autopay"  # the purpose of a link that can stop it, and nothing else
LINK_DAYS = 60
FIRST_NOTICE = timedelta(days=30)  # before the end of cover (PRODUCT 5.7)
SECOND_NOTICE = timedelta(days=3)  # before the charge, so ten days before the end
CHARGE_BEFORE = timedelta(days=7)  # early enough for a second try and for paying by hand
LEAST_NOTICE = timedelta(days=3)
AGAIN_AFTER = timedelta(days=2)
MOST_TRIES = 2
SETUP_LIFE_MINUTES = 60
DETACH_WITHIN = timedelta(hours=24)  # later a card that is still charge-able is an alarm (opencollective #7682)
# what the payer's bank may say differently two days later; anything else is for her to solve
PASSING = frozenset({"card_declined", "processing_error", "insufficient_funds"})

NO_LONGER = N_("perpanjangan otomatis sudah dimatikan")  # why an announcement that waits is not sent


class ConsentState(StrEnum):
    asking = "asking"  # a page to save a card is open
    living = "living"
    ended = "ended"


class ChargeState(StrEnum):
    announced = "announced"
    trying = "trying"  # written before the payment service is asked; nobody knows yet
    paid = "paid"
    failed = "failed"
    dropped = "dropped"  # not tried: stopped, renewed by hand, or announced anew for other months


class EndReason(StrEnum):
    stopped = "stopped"  # by her
    replaced = "replaced"  # by another card
    declined = "declined"  # by her bank
    closed = "closed"  # nothing to renew any more
    abandoned = "abandoned"  # no card was saved


C, A = ConsentState, ChargeState
CONSENT_MOVES: dict[ConsentState, frozenset[ConsentState]] = {
    C.asking: frozenset({C.living, C.ended}),
    C.living: frozenset({C.ended}),
    C.ended: frozenset(),
}
# Success beats failure whenever it arrives (PRODUCT 5.1 rule 3); a second try is announced already.
CHARGE_MOVES: dict[ChargeState, frozenset[ChargeState]] = {
    A.announced: frozenset({A.trying, A.dropped, A.failed}),
    A.trying: frozenset({A.paid, A.failed, A.announced}),
    A.paid: frozenset(),
    A.failed: frozenset({A.paid}),
    A.dropped: frozenset(),
}
WAITING = frozenset({A.announced, A.trying})


class AlreadyOn(Refused):
    message = N_("Perpanjangan otomatis sudah menyala untuk dukungan ini.")
    status = 409


class NotPossible(Refused):
    message = N_("Perpanjangan otomatis hanya untuk dukungan perorangan yang masih berjalan.")
    status = 409


class NoAddress(Refused):
    message = N_("Perpanjangan otomatis perlu alamat e-mail, supaya setiap penarikan kami kabari dulu.")
    status = 409


class NotOn(Refused):
    message = N_("Perpanjangan otomatis tidak sedang menyala.")
    status = 409


class LengthMissing(Refused):
    message = N_("Pilih berapa bulan setiap kali diperpanjang.")


def check_consent(before: ConsentState, after: ConsentState) -> None:
    if after not in CONSENT_MOVES[before]:
        raise IllegalMove(f"autopay: {before} -> {after}")


def check_charge(before: ChargeState, after: ChargeState) -> None:
    if after not in CHARGE_MOVES[before]:
        raise IllegalMove(f"auto charge: {before} -> {after}")


def may_announce(covered_until: date | None, today: date) -> bool:
    """From thirty days before the end of cover on; nothing for cover that was never funded."""
    return covered_until is not None and covered_until - FIRST_NOTICE <= today


def charge_day(covered_until: date, announced_on: date) -> date:
    """A week before the end, and never sooner than three days after the announcement."""
    return max(covered_until - CHARGE_BEFORE, announced_on + LEAST_NOTICE)


def wants_second_notice(announced_on: date, charge_on: date, today: date) -> bool:
    """Three days before the charge, unless the first word is that young itself."""
    return charge_on - SECOND_NOTICE <= today < charge_on and today - announced_on >= SECOND_NOTICE


def tries_again(code: str, tries: int) -> bool:
    """Whether a refusal may be asked about once more: at most two tries, and never when she herself has to agree."""
    return tries < MOST_TRIES and code in PASSING
