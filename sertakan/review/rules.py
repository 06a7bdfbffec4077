"""Outcomes, reasons and who may decide."""

from enum import StrEnum

from sertakan.kit.errors import N_, Refused


class Outcome(StrEnum):
    approved = "approved"
    rejected = "rejected"
    needs_info = "needs_info"


class RejectReason(StrEnum):
    """UX F3. The sentence that goes to the sponsor is in REASONS."""

    identity_mismatch = "identity_mismatch"
    already_covered = "already_covered"
    no_consent = "no_consent"
    not_informal = "not_informal"
    payment_problem = "payment_problem"
    too_old = "too_old"
    other = "other"


OUTCOMES: dict[Outcome, str] = {
    Outcome.approved: N_("Disetujui"),
    Outcome.rejected: N_("Ditolak"),
    Outcome.needs_info: N_("Ditanya dulu"),
}
REASONS: dict[RejectReason, str] = {
    RejectReason.identity_mismatch: N_("Data tidak cocok dengan KTP"),
    RejectReason.already_covered: N_("Pekerja sudah terlindungi"),
    RejectReason.no_consent: N_("Pekerja tidak setuju didaftarkan"),
    RejectReason.not_informal: N_("Bukan pekerja informal"),
    RejectReason.payment_problem: N_("Pembayaran tidak sesuai"),
    RejectReason.too_old: N_("Usia melewati batas pendaftaran baru"),
    RejectReason.other: N_("Alasan lain"),
}


class NotYourOwn(Refused):
    message = N_("Anda tidak dapat memutuskan pengajuan yang Anda buat, Anda biayai, atau dari lembaga Anda sendiri.")
    status = 403


class Changed(Refused):
    message = N_("Pengajuan ini berubah sejak Anda membukanya. Periksa lagi sebelum memutuskan.")
    status = 409


class AwaitsAnswer(Refused):
    message = N_("Pertanyaan untuk penanggung belum dijawab. Tunggu jawabannya, atau tolak.")
    status = 409
