"""Every no of this room: its name, its sentence and its status."""

from sertakan.kit.errors import N_, Refused


class AlreadyDecided(Refused):
    message = N_("Pengajuan ini sudah diputuskan. Muat ulang halaman untuk melihat hasilnya.")
    status = 409


class AlreadyClosed(Refused):
    message = N_("Dukungan ini sudah berakhir atau dibatalkan.")
    status = 409


class ConsentMissing(Refused):
    message = N_("Centang bila pekerja sudah setuju didaftarkan")


class RiskNotRead(Refused):
    message = N_("Centang bila Anda sudah membaca hal-hal penting sebelum membayar")


class OccupationMissing(Refused):
    message = N_("Pilih pekerjaannya dulu")


class NameMissing(Refused):
    message = N_("Isi nama sesuai KTP")


class NameTooLong(Refused):
    message = N_("Terlalu panjang: paling banyak %(most)s huruf.")


class CityPays(Refused):
    message = N_("Jawab dulu apakah iurannya sudah dibayar kota")


class CityAlreadyPays(Refused):
    message = N_("Kalau kota sudah membayar iurannya, Anda tidak perlu membayar lagi. Anda dapat melindungi orang lain.")


class MonthsMissing(Refused):
    message = N_("Pilih berapa lama Anda ingin melindungi")


class CountOutOfRange(Refused):
    message = N_("Lama perlindungan 1 sampai %(most)s bulan.")


class MonthInThePast(Refused):
    message = N_("Bulan %(month)s sudah lewat. Mulailah dari bulan ini atau bulan depan.")


class MonthTooFar(Refused):
    message = N_("Bulan %(month)s terlalu jauh. Paling jauh %(most)s bulan dari sekarang.")


class SavingsRequired(Refused):
    message = N_("Pekerja yang mempekerjakan orang lain wajib ikut Jaminan Hari Tua (JHT).")


class PriceChanged(Refused):
    message = N_("Harga berubah sejak Anda membuka halaman ini. Periksa lagi totalnya.")
    status = 409


class WorkerUnavailable(Refused):
    message = N_("Pekerja ini tidak dapat didaftarkan lewat halaman ini. Hubungi petugas kami.")


class StillInReview(Refused):
    message = N_("Pengajuan ini masih diperiksa petugas. Anda dapat memperpanjang setelah disetujui.")
    status = 409


class NotRenewable(Refused):
    message = N_("Dukungan ini tidak dapat diperpanjang. Ajukan perlindungan baru.")
    status = 409


class NothingToDecline(Refused):
    message = N_("Belum ada bulan yang terbayar, jadi tidak ada yang perlu dilanjutkan.")
    status = 409


class HoleInMonths(Refused):
    message = N_("Perpanjangan harus mulai %(month)s, supaya tidak ada bulan yang kosong.")


class AnswerMissing(Refused):
    message = N_("Tulis jawaban Anda dulu")


class QuestionMissing(Refused):
    message = N_("Tulis pertanyaannya dulu")


class NothingAsked(Refused):
    message = N_("Tidak ada pertanyaan yang menunggu jawaban.")
    status = 409


class LinkOver(Refused):
    message = N_("Tautan ini sudah kedaluwarsa atau tidak berlaku. Masuk ke Dukungan saya untuk melanjutkan.")
    status = 410
