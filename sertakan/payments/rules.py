"""The machines of money: order, refund, suspense, event. Amounts are whole rupiah."""

from datetime import datetime, timedelta
from enum import StrEnum

from sertakan.coverage.rules import IllegalMove
from sertakan.kit.errors import N_, Refused
from sertakan.sponsorships.rules import ReviewState, TermState


class OrderState(StrEnum):
    opening = "opening"  # written, not yet known to the payment service
    open = "open"  # a payment page exists
    paid = "paid"
    expired = "expired"
    cancelled = "cancelled"


class RefundState(StrEnum):
    requested = "requested"
    approved = "approved"
    sent = "sent"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"


class RefundReason(StrEnum):
    rejected = "rejected"
    withdrawn = "withdrawn"
    cancelled = "cancelled"
    duplicate = "duplicate"
    overpayment = "overpayment"
    month_taken = "month_taken"
    worker_died = "worker_died"
    worker_formal = "worker_formal"  # she has an employer who must register her
    taken_over = "taken_over"  # the city's budget pays for her now
    scheme_refused = "scheme_refused"  # BPJS did not take the month
    disputed = "disputed"  # the payer's bank took it back
    error = "error"
    prepaid = "prepaid"  # nothing is wrong with it: an organisation paid it ahead


class SuspenseState(StrEnum):
    open = "open"
    booked = "booked"
    refunded = "refunded"


class DisputeState(StrEnum):
    open = "open"
    won = "won"
    lost = "lost"


class DisputeLoss(StrEnum):
    """Who bears what the bank took after the money had left for BPJS (PRODUCT 5.3)."""

    pool = "pool"
    written_off = "written_off"


class EventState(StrEnum):
    new = "new"
    done = "done"
    parked = "parked"  # its order is not known yet
    ignored = "ignored"


O, F = OrderState, RefundState  # noqa: E741
# Success beats failure whenever it arrives: an expired or cancelled order may still become paid (PRODUCT 5.1 rule 3).
ORDER_MOVES: dict[OrderState, frozenset[OrderState]] = {
    O.opening: frozenset({O.open, O.paid, O.expired, O.cancelled}),
    O.open: frozenset({O.paid, O.expired, O.cancelled}),
    O.paid: frozenset(),
    O.expired: frozenset({O.paid}),
    O.cancelled: frozenset({O.paid}),
}
REFUND_MOVES: dict[RefundState, frozenset[RefundState]] = {
    F.requested: frozenset({F.approved, F.cancelled}),
    F.approved: frozenset({F.sent, F.succeeded, F.failed, F.cancelled}),
    F.sent: frozenset({F.succeeded, F.failed}),
    F.succeeded: frozenset({F.failed}),  # a bank may return it days later
    F.failed: frozenset(),
    F.cancelled: frozenset(),
}
DISPUTE_MOVES: dict[DisputeState, frozenset[DisputeState]] = {
    DisputeState.open: frozenset({DisputeState.won, DisputeState.lost}),
    DisputeState.won: frozenset(),
    DisputeState.lost: frozenset(),
}
# what a person may give as the reason of a refund that she asks for (PRODUCT 5.5); the others are said by rules
ASKABLE = (
    RefundReason.duplicate,
    RefundReason.overpayment,
    RefundReason.worker_died,
    RefundReason.worker_formal,
    RefundReason.taken_over,
    RefundReason.cancelled,
    RefundReason.scheme_refused,
    RefundReason.error,
)
UNPAID = frozenset({O.opening, O.open})
ON_ITS_WAY = frozenset({F.requested, F.approved, F.sent})

# A payment made in the last second of a page may be told to us a little later.
PROCESSING = timedelta(minutes=30)
# How long a transfer code (virtual account) lives (DOMAIN 8).
TRANSFER = timedelta(hours=24)
# The payment service wants a page to live 30 minutes at least, so a create is not repeated with less than that left: ask instead.
SHORTEST_PAGE = timedelta(minutes=31)
# It keeps the answer to a key for 24 hours; later a repeat could pay twice, so ask instead (QUALITY B).
KEY_LIFE = timedelta(hours=23)
LONGEST_PAGE = timedelta(hours=24)
# An order that is open for this long is asked about, whether or not an event came.
ASK_AFTER = timedelta(minutes=10)
# How far back everything is compared with the payment service, and how long a transfer may still come in late.
LOOK_BACK = timedelta(days=3)
LATE_TRANSFER = timedelta(days=14)
GIVE_UP = timedelta(days=3)
LONGEST_PAUSE = timedelta(hours=1)


class BelowFloor(Refused):
    message = N_("Pembayaran paling sedikit %(floor)s, sedangkan ini %(amount)s. Tambah bulannya dulu.")


class TooSmallToday(Refused):
    message = N_("Layanan pembayaran menolak jumlah sekecil ini. Tambah bulannya, lalu bayar sekaligus.")


class OrderClosed(Refused):
    message = N_("Tagihan ini sudah ditutup. Uang Anda tidak terpotong.")
    status = 409


class OrderPaid(Refused):
    message = N_("Tagihan ini sudah dibayar. Terima kasih!")
    status = 409


class NothingToPay(Refused):
    message = N_("Tidak ada bulan yang perlu dibayar.")


class AlreadySent(Refused):
    message = N_("Isian ini sudah dikirim.")
    status = 409


class PromiseChanged(Refused):
    message = N_("Jumlah yang kembali berubah sejak Anda membuka halaman ini. Periksa lagi sebelum menghentikan.")
    status = 409


class NotInSuspense(Refused):
    message = N_("Uang ini sudah dibukukan atau dikembalikan.")
    status = 409


class OwnRequest(Refused):
    message = N_("Pengembalian dana disetujui oleh orang lain, bukan oleh pengusulnya.")
    status = 403


class PaymentDisputed(Refused):
    message = N_("Bank pembayar sedang mempersoalkan pembayaran ini. Tunggu sampai selesai.")
    status = 409


class RefundDecided(Refused):
    message = N_("Pengembalian ini sudah diputuskan.")
    status = 409


class OverLimit(Refused):
    message = N_("Di atas %(limit)s, pengembalian disetujui oleh penyelia.")
    status = 403


class ReasonMissing(Refused):
    message = N_("Pilih alasannya dulu")


class NoteMissing(Refused):
    message = N_("Tulis catatan singkat, supaya penyetuju tahu sebabnya.")


class NoMonths(Refused):
    message = N_("Pilih paling sedikit satu bulan.")


class MonthsCostMore(Refused):
    message = N_("Bulan yang dipilih %(total)s, sedangkan uangnya %(amount)s. Kurangi bulannya.")


class NotEnough(Refused):
    message = N_("Uangnya tidak cukup untuk satu bulan pekerja itu. Pilih pekerja lain, atau minta uangnya kembali.")


class PromiseOver(Refused):
    message = N_("Dukungan ini sudah berakhir, jadi uangnya tidak dapat mengisi bulan. Kembalikan kepada pembayarnya.")
    status = 409


class NotFinance(Refused):
    message = N_("Rekening lembaga diberikan oleh anggota bagian keuangannya.")
    status = 409


class BalanceTooLow(Refused):
    message = N_("Saldo tidak cukup untuk tagihan ini. Isi saldo dulu, atau bayar lewat tagihannya.")
    status = 409


class NotHeld(Refused):
    message = N_("Tagihan ini tidak sedang ditahan.")
    status = 409


class DropRole(Refused):
    message = N_("Hanya pembuat dan penyetuju yang dapat mengubah tagihan.")
    status = 409


class NotOnBill(Refused):
    message = N_("Nomor dukungan itu tidak ada di tagihan ini. Periksa lagi.")


class PriceMoved(Refused):
    message = N_("Jumlahnya berubah sejak Anda membuka halaman ini. Periksa lagi.")
    status = 409


class PayingNow(Refused):
    message = N_("Seseorang sedang membayar tagihan ini. Tunggu hasilnya dulu.")
    status = 409


class PartCame(Refused):
    message = N_("Sebagian sudah masuk lewat transfer. Lunasi sisanya ke nomor virtual account yang sama.")
    status = 409


class AskedToday(Refused):
    message = N_("Rekening sudah diminta hari ini. Tunggu jawabannya.")
    status = 409


class NumberWrong(Refused):
    message = N_("Nomor rekening terdiri dari 6 sampai 20 angka.")


class NotReady(Refused):
    message = N_("Pengembalian ini belum disetujui, atau transfernya sudah dicatat.")
    status = 409


class AccountMissing(Refused):
    message = N_("Pembayar belum memberi rekening. Minta dulu.")
    status = 409


class AccountInUse(Refused):
    message = N_("Uang Anda sedang dikirim ke rekening yang sudah Anda berikan. Rekening tidak dapat diganti sekarang.")
    status = 409


class NothingToReturn(Refused):
    message = N_("Tidak ada uang yang perlu dikembalikan, jadi rekening tidak perlu diisi.")
    status = 409


class ProofUsed(Refused):
    message = N_("Bukti ini sudah dipakai untuk pengembalian lain.")
    status = 409


class TransferDay(Refused):
    message = N_("Tanggal transfer tidak boleh sebelum pengembalian disetujui atau setelah hari ini.")


class OwnTransfer(Refused):
    message = N_("Transfer dipastikan oleh orang lain, bukan oleh yang mencatatnya.")
    status = 403


class OwnLoss(Refused):
    message = N_("Kerugian disetujui oleh orang lain, bukan oleh pengusulnya.")
    status = 403


class LossChoice(Refused):
    message = N_("Pilih siapa yang menanggung kerugiannya")


class NoLoss(Refused):
    message = N_("Tidak ada kerugian yang perlu dibukukan.")
    status = 409


class LossSettled(Refused):
    message = N_("Kerugian ini sudah dibukukan.")
    status = 409


def check_order(before: OrderState, after: OrderState) -> None:
    if after not in ORDER_MOVES[before]:
        raise IllegalMove(f"order: {before} -> {after}")


def check_refund(before: RefundState, after: RefundState) -> None:
    if after not in REFUND_MOVES[before]:
        raise IllegalMove(f"refund: {before} -> {after}")


def dispute_state(said: str) -> DisputeState:
    """What the payment service's word for a dispute means here; whatever is not over is open."""
    return {"won": DisputeState.won, "warning_closed": DisputeState.won, "lost": DisputeState.lost}.get(said, DisputeState.open)


def account_number(typed: str) -> str:
    """The digits of a bank account as typed with spaces, dots or dashes. Refuses NumberWrong."""
    digits = "".join(letter for letter in typed if letter not in " .-")
    if not (digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 20):
        raise NumberWrong(field="number")
    return digits


def check_floor(amount_rupiah: int, floor_rupiah: int, shown: tuple[str, str]) -> None:
    """`shown` are amount and floor as words, for the sentence. Below the floor the payment service charges nothing (DOMAIN 8)."""
    if amount_rupiah <= 0:
        raise NothingToPay
    if amount_rupiah < floor_rupiah:
        raise BelowFloor(amount=shown[0], floor=shown[1])


def refund_state(said: str) -> RefundState:
    """What the payment service's word for a refund means here; a word we do not know is still on its way."""
    return {"succeeded": F.succeeded, "failed": F.failed, "canceled": F.failed}.get(said, F.sent)


def learns(before: RefundState, after: RefundState) -> bool:
    """Whether this is news. Older knowledge (a `pending` read before a `succeeded`) changes nothing."""
    return after in REFUND_MOVES[before]


def why_closed(review: ReviewState, term: TermState, worker_state: str) -> RefundReason | None:
    """Why money for this sponsorship can fill no month and goes back; None while it can (I21)."""
    if worker_state == "deceased":
        return RefundReason.worker_died
    if worker_state in ("withdrawn", "merged") or review is ReviewState.withdrawn:
        return RefundReason.withdrawn
    if review is ReviewState.rejected:
        return RefundReason.rejected
    return RefundReason.cancelled if term in (TermState.cancelled, TermState.terminated, TermState.ended) else None


def may_repeat(session_expires_at: datetime, now: datetime) -> bool:
    """Whether a create with the same key and parameters is still welcome; afterwards ask what became of it. Real clock."""
    return session_expires_at - now >= SHORTEST_PAGE


def key_is_old(first_tried_at: datetime | None, now: datetime) -> bool:
    return first_tried_at is not None and now - first_tried_at >= KEY_LIFE


def next_key(key: str) -> str:
    """`refund_x_1` -> `refund_x_2`: only after the payment service said that nothing happened under the old one."""
    stem, _, number = key.rpartition("_")
    return f"{stem}_{int(number) + 1}"


def pause(attempts: int) -> timedelta:
    """Before the next try: a minute, doubling up to an hour."""
    return min(timedelta(minutes=2 ** min(max(attempts - 1, 0), 10)), LONGEST_PAUSE)


def page_life(minutes: int) -> timedelta:
    """How long a bill may be paid. Never less than the payment service wants, never more than its day."""
    return min(max(timedelta(minutes=minutes), SHORTEST_PAGE), LONGEST_PAGE)


def page_end(now: datetime, minutes: int) -> datetime:
    """Whole seconds: the same parameters must go out again when the answer was lost."""
    return (now + page_life(minutes)).replace(microsecond=0)
