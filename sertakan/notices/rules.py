"""What kinds of message there are, what each needs to be written, and when it may be sent. Pure."""

from datetime import datetime, time, timedelta
from email.utils import formataddr

from sertakan.kit import clock
from sertakan.kit.errors import N_

TURNS = frozenset({"hand_over", "your_turn"})
_ENDS = frozenset({"reminder_30", "reminder_10", "reminder_3", "grace", "rescue", "cliff", "lapsed"})
REMINDERS = _ENDS | TURNS | {"reminders", "officers"}
QUIET = REMINDERS | {"autopay_soon"}  # nothing in it is urgent tonight
_COVER = frozenset({"worker", "covered_until", "url"})
_DISPUTE = frozenset({"code", "worker", "amount", "months", "kept", "url"})
NEEDS: dict[str, frozenset[str]] = {
    "code": frozenset({"code", "link"}),
    "contact_code": frozenset({"code"}),
    "contact_changed": frozenset({"contact"}),
    "order_paid": frozenset({"code", "amount", "months", "worker", "receipt_url"}),
    "bill_paid": frozenset({"invoice", "amount", "workers", "receipt_url"}),
    **dict.fromkeys(("bill_ready", "bill_due"), frozenset({"invoice", "amount", "workers", "due_on", "url"})),
    "balance_came": frozenset({"amount", "balance", "receipt_url", "url"}),
    "pool_spent": frozenset({"rule", "workers", "amount", "balance", "url"}),
    "pool_low": frozenset({"organisation", "balance", "url"}),
    "matched": frozenset({"code", "worker", "organisation", "months", "url"}),
    "match_declined": frozenset({"code", "worker", "organisation", "url"}),
    "batch_approved": frozenset({"file", "workers", "left", "url"}),
    "bill_closed": frozenset({"invoice", "amount", "workers", "url"}),
    "approved": frozenset({"code", "worker", "covered_from", "covered_until"}),
    "rejected": frozenset({"code", "worker", "reason", "note", "refund_amount"}),
    "question": frozenset({"code", "worker", "question", "url"}),
    "refunded": frozenset({"code", "amount"}),
    "refunded_by_transfer": frozenset({"code", "amount", "account"}),
    "account_needed": frozenset({"code", "amount", "url"}),
    "month_taken": frozenset({"code", "worker", "months", "amount"}),
    "taken_over": frozenset({"code", "worker", "first", "months", "amount", "days", "url"}),
    "taken_back": frozenset({"code", "worker", "months", "url"}),
    "rescued": frozenset({"code", "worker", "months"}),
    "continued": frozenset({"code", "worker", "months"}),
    "posted": frozenset({"code", "worker", "months", "url"}),
    "bounced": frozenset({"code", "worker", "months", "reason", "url"}),
    "answers": frozenset({"posted", "bounced", "url"}),
    "withdrawn": frozenset({"code"}),
    "cancelled": frozenset({"code", "worker", "months", "refund_amount"}),
    "declined": frozenset({"code", "worker", "refund_amount"}),
    "refund_failed": frozenset({"code", "amount"}),
    **dict.fromkeys(("dispute_opened", "dispute_won", "dispute_lost"), _DISPUTE),
    "dispute_desk": frozenset({"amount", "url"}),
    "autopay_on": frozenset({"code", "worker", "count", "card", "url"}),
    "autopay_off": frozenset({"code", "worker", "count", "card", "url"}),
    "autopay_soon": frozenset({"code", "worker", "lines", "total", "charge_on", "card", "url"}),
    "autopay_failed": frozenset({"code", "worker", "covered_until", "card", "url"}),
    "organisation_verified": frozenset({"organisation", "url"}),
    "organisation_refused": frozenset({"organisation", "reason", "note", "url"}),
    "organisation_invited": frozenset({"organisation", "url"}),
    "seat_held": frozenset({"months", "amount", "until", "url"}),
    "seat_moved": frozenset({"months", "amount", "url"}),
    "seat_over": frozenset({"month"}),
    "seat_open": frozenset({"code", "month", "url"}),
    "seat_ask": frozenset({"code", "months", "amount", "until", "url"}),
    "seat_unfilled": frozenset({"code", "months", "url"}),
    **dict.fromkeys(TURNS, frozenset({"code", "worker", "month", "url"})),
    **dict.fromkeys(_ENDS, _COVER),
    "reminders": frozenset({"items", "url"}),  # several workers of one sponsor
    "officers": frozenset({"counts", "url"}),  # what an officer finds on her lists today
}

QUIET_FROM = time(20, 0)
QUIET_UNTIL = time(7, 0)
MOST_TRIES = 48
MOST_FAILURES = 3  # in a row, before a run leaves the mail server alone
FAILING_TRIES = 4  # more than half an hour of failures
LATE = timedelta(hours=1)  # a message that waits longer than this makes the outbox red
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
LEASE = timedelta(minutes=10)

# why a message was not sent; shown to staff beside the message
NO_CONTACT = N_("tidak ada alamat tujuan")
MUTED = N_("penerima tidak mau diingatkan")
DISABLED = N_("akun penerima ditutup")
STALE = N_("sudah tidak perlu dikirim")
NO_SMS = N_("pengiriman SMS belum tersedia")
CODES = frozenset({"code", "contact_code"})
TOO_MANY = N_("sudah dicoba berkali-kali")
BAD_ADDRESS = N_("alamat ditolak server surat")
CHANGED = N_("keadaannya berubah, ditulis ulang")
INTERRUPTED = N_("terputus saat dikirim, mungkin sudah sampai")


class MissingWords(RuntimeError):
    """A message was queued without the words that its text needs. Always a bug of ours."""


def check_words(kind: str, given: frozenset[str]) -> None:
    """Refuses an unknown kind and missing words before anything is written."""
    if kind not in NEEDS:
        raise MissingWords(f"no such message: {kind}")
    missing = NEEDS[kind] - given
    if missing:
        raise MissingWords(f"{kind} also needs {', '.join(sorted(missing))}")


def may_be_muted(kind: str) -> bool:
    """Reminders may be refused by their reader; codes, money and decisions are always told."""
    return kind in REMINDERS


def after_quiet(kind: str, instant: datetime) -> datetime:
    """The same instant, or 07.00 in Pontianak when a reminder or an announcement would come between 20.00 and 07.00 (UX 6)."""
    local = clock.local(instant)
    if kind not in QUIET or QUIET_UNTIL <= local.time() < QUIET_FROM:
        return instant
    day = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
    return datetime.combine(day, QUIET_UNTIL, local.tzinfo).astimezone(instant.tzinfo)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: five minutes, doubling, at most six hours."""
    doublings = min(max(attempts - 1, 0), 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def one_header_line(text: str) -> str:
    """Text that can stand in a mail header: no control characters, so nobody's name adds a header of its own (QUALITY A 36)."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def is_mobile(address: str) -> bool:
    """A number as it is kept, `+62…`, and no mailbox."""
    return address.startswith("+")


def gateway_address(number: str, gateway: str) -> str:
    """The mailbox in which an SMS gateway takes messages for a number: `62812…@gateway`."""
    return f"{number.lstrip('+')}@{gateway}"


def sender(address: str, name: str) -> str:
    return formataddr((one_header_line(name), one_header_line(address)))
