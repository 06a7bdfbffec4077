"""The table of every route and every visitor (QUALITY A 19 to 21, 26; R12). A route without a row fails here.

A row names the endpoint, the method, an address in the furnished house, the mark of its view, and the answer each visitor gets:
nobody, sari (the owner), tono (another resident), dewi (officer), agus (supervisor), maya (finance), hasan (attestor who
registered the worker), nina (auditor), wira (administrator). Forms are sent empty: what answers then is the way in, not the work.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed

from sertakan.db import db
from sertakan.web.access import access_of
from sertakan.web.extensions import limiter
from tests.house.world import HIDDEN_NAME, contents
from tests.page import Page, PageClient

As = Callable[[str], PageClient]
VISITORS = ("nobody", "sari", "tono", "dewi", "agus", "maya", "hasan", "nina", "wira")
RESIDENTS = ("sari", "tono")
BATCHES, REPAIR = "agus maya nina", "/petugas/perbaikan/{repair}"
SIGN_IN, STAFF_SIGN_IN = "/masuk", "/petugas/masuk"


@dataclass(frozen=True)
class Row:
    """One way in. `answers` holds a status per visitor; who is not named gets `others`, nobody gets `nobody`."""

    endpoint: str
    method: str
    path: str
    access: str
    nobody: int
    others: int
    answers: dict[str, int]

    def expects(self, visitor: str) -> int:
        return self.nobody if visitor == "nobody" else self.answers.get(visitor, self.others)


def anyone(endpoint: str, path: str, status: int = 200, *, method: str = "GET", access: str = "public", **answers: int) -> Row:
    """The same for all."""
    return Row(endpoint, method, path, access, status, status, answers)


def link(endpoint: str, path: str, status: int = 200, *, method: str = "GET") -> Row:
    """For whoever holds the random part of the address."""
    return anyone(endpoint, path, status, method=method, access="link")


def program(endpoint: str, path: str, *, method: str = "GET") -> Row:
    """For programs with a token; no visitor has one, signed in or not."""
    return anyone(endpoint, path, 401, method=method, access="token")


def member(endpoint: str, path: str, status: int = 200, *, method: str = "GET", **answers: int) -> Row:
    """For everybody with a session."""
    return Row(endpoint, method, path, "signed_in", 303, status, answers)


def owner(endpoint: str, path: str, status: int = 200, *, method: str = "GET") -> Row:
    """For Sari alone; anybody else who is signed in finds nothing there."""
    return Row(endpoint, method, path, "signed_in", 303, 404, {"sari": status})


def resident(endpoint: str, path: str, status: int = 200, *, method: str = "GET") -> Row:
    """For those without an office; staff find nothing there."""
    return Row(endpoint, method, path, "signed_in", 303, 404, dict.fromkeys(RESIDENTS, status))


def staff(endpoint: str, path: str, access: str, who: str, status: int = 200, *, method: str = "GET", **answers: int) -> Row:
    """For these officers; to others it is not there."""
    return Row(endpoint, method, path, access, 303, 404, dict.fromkeys(who.split(), status) | answers)


SEE, DECIDE, REGISTER = "dewi agus nina", "dewi agus", "dewi agus hasan"
MONEY = "agus maya nina"
QUEUE, DESK = "/petugas/antrean/{queued}", "/petugas/pekerja/{worker}"
DECREES = "/perusahaan/{city}/sk"
UPLOAD = "/perusahaan/{organisation}/unggah/{upload}"
TABLE: tuple[Row, ...] = (
    # the pages that belong to nobody else
    anyone("front.home", "/"),
    anyone("front.help", "/bantuan"),
    anyone("front.privacy", "/privasi"),
    anyone("front.accessibility", "/aksesibilitas"),
    anyone("front.law", "/dasar-hukum"),
    anyone("reports.self_check", "/pemeriksaan"),
    anyone("front.components", "/komponen"),
    anyone("front.offline", "/luring"),
    anyone("front.manifest", "/manifest.webmanifest"),
    anyone("front.service_worker", "/sw.js"),
    anyone("front.robots", "/robots.txt"),
    anyone("front.health", "/healthz"),
    anyone("front.readiness", "/readyz", 503),
    anyone("assets.file", "{asset}"),
    anyone("tariff.index", "/tarif"),
    # the demo
    anyone("demo.index", "/demo"),
    anyone("demo.index", "/demo", 303, method="POST"),
    anyone("demo.messages", "/demo/pesan"),
    # who waits
    anyone("workers.waiting", "/pekerja"),
    anyone("workers.waiting_one", "/pekerja/{waiting}"),
    anyone("sponsorships.pick", "/pekerja/pilihkan"),
    anyone("sponsorships.pick", "/pekerja/pilihkan", 303, method="POST"),
    anyone("workers.leave", "/pekerja/keluar"),
    anyone("workers.leave", "/pekerja/keluar", 422, method="POST"),
    # a new protection
    anyone("sponsorships.start", "/lindungi"),
    anyone("sponsorships.start", "/lindungi", 422, method="POST"),
    anyone("sponsorships.data", "/lindungi/data", 303),
    anyone("sponsorships.data", "/lindungi/data", 303, method="POST"),
    anyone("sponsorships.length", "/lindungi/lama", 303),
    anyone("sponsorships.length", "/lindungi/lama", 303, method="POST"),
    anyone("sponsorships.chosen", "/lindungi/pilih/{waiting}", 303),
    anyone("sponsorships.choose", "/lindungi/pilih/2222-2222", 409, method="POST"),
    anyone("payments.check", "/lindungi/periksa", 303),
    anyone("payments.check", "/lindungi/periksa", 303, method="POST"),
    # paying
    link("payments.wait", "/bayar/{order}", 303),
    link("payments.look", "/bayar/{order}", 303, method="POST"),
    link("payments.status", "/bayar/{order}/status"),
    anyone("payments.thanks", "/terima-kasih/{code}"),
    link("payments.renew_by_link", "/p/{renew}"),
    link("payments.renew_by_link", "/p/{renew}", 422, method="POST"),
    link("sponsorships.decline", "/p/{renew}/tidak-lanjut"),
    link("sponsorships.decline", "/p/{renew}/tidak-lanjut", 303, method="POST"),
    link("sponsorships.calendar_feed", "/kalender/{feed}.ics"),
    anyone("rescue.listed", "/selamatkan"),
    anyone("rescue.listed", "/selamatkan", 303, method="POST"),
    link("rescue.pay", "/selamatkan/{rescue}"),
    link("rescue.pay", "/selamatkan/{rescue}", 422, method="POST"),
    link("relay.seat", "/estafet/{relay}"),
    link("relay.seat", "/estafet/{relay}", 422, method="POST"),
    link("relay.turn", "/giliran/{turn}"),
    link("relay.turn", "/giliran/{turn}", 422, method="POST"),
    link("relay.release", "/giliran/{turn}/lepas", 303, method="POST"),
    link("relay.back_to_turn", "/giliran/{turn}/lepas", 303),
    owner("relay.chain", "/dukungan/{code}/estafet"),
    owner("relay.chain", "/dukungan/{code}/estafet", 422, method="POST"),
    owner("relay.withdraw", "/dukungan/{code}/estafet/{seat}/tarik", 303, method="POST"),
    owner("relay.introduce", "/dukungan/{code}/estafet/{seat}/kenalkan", 303, method="POST"),
    member("relay.back", "/dukungan/{code}/estafet/{seat}/tarik", 303),
    owner("rescue.ask", "/dukungan/{late}/minta-tolong"),
    owner("rescue.ask", "/dukungan/{late}/minta-tolong", method="POST"),
    link("bills.show", "/tagihan/{bill}"),
    link("bills.pay", "/tagihan/{bill}", 503, method="POST"),
    link("bills.paper", "/tagihan/{bill}/faktur.pdf"),
    link("payments.receipt", "/bukti/{receipt}"),
    link("payments.receipt_pdf", "/bukti/{receipt}.pdf"),
    # the worker's own word
    Row("consents.invite", "GET", "/dukungan/{code}/ajak", "public", 303, 404, {"sari": 200}),
    Row("consents.invite", "POST", "/dukungan/{code}/ajak", "public", 303, 404, {"sari": 200}),
    anyone("consents.start", "/setuju"),
    anyone("consents.start", "/setuju", 422, method="POST"),
    link("consents.answer", "/setuju/{consent}"),
    link("consents.decide", "/setuju/{consent}", 303, method="POST"),
    link("consents.back", "/setuju/{consent}/lapor", 303),
    link("consents.report", "/setuju/{consent}/lapor", 422, method="POST"),
    staff("consents.reports", "/petugas/kabar", "review:see", SEE),
    staff("consents.handled", "/petugas/kabar/{report}", "review:see", SEE, 303),
    staff("consents.handle", "/petugas/kabar/{report}", "review:decide", DECIDE, 422, method="POST"),
    # one's own
    member("sponsorships.index", "/dukungan"),
    owner("sponsorships.detail", "/dukungan/{code}"),
    member("sponsorships.answering", "/dukungan/{asked}/jawab", 303),
    owner("sponsorships.answer", "/dukungan/{asked}/jawab", 422, method="POST"),
    owner("sponsorships.calendar_of", "/dukungan/{code}.ics"),
    owner("payments.renew", "/dukungan/{code}/perpanjang"),
    owner("payments.renew", "/dukungan/{code}/perpanjang", 422, method="POST"),
    owner("autopay.manage", "/dukungan/{code}/otomatis"),
    owner("autopay.manage", "/dukungan/{code}/otomatis", 422, method="POST"),
    link("autopay.stop_by_link", "/otomatis/{autopay}"),
    link("autopay.stop_by_link", "/otomatis/{autopay}", 303, method="POST"),
    owner("giving.choose", "/dukungan/{code}/dana"),
    owner("giving.choose", "/dukungan/{code}/dana", 422, method="POST"),
    owner("payments.cancel", "/dukungan/{code}/batal"),
    owner("payments.cancel", "/dukungan/{code}/batal", 409, method="POST"),
    owner("payments.receipts_of", "/dukungan/{code}/bukti"),
    # accounts
    anyone("accounts.sign_in", "/masuk"),
    anyone("accounts.sign_in", "/masuk", 422, method="POST"),
    anyone("accounts.code", "/masuk/kode", 303),
    anyone("accounts.code", "/masuk/kode", 303, method="POST"),
    link("accounts.link", "/masuk/tautan/{link}"),
    link("accounts.link", "/masuk/tautan/{unknown}", 410, method="POST"),
    link("accounts.mute", "/berhenti/{mute}"),
    link("accounts.mute", "/berhenti/{mute}", 303, method="POST"),
    member("accounts.account", "/akun"),
    member("accounts.account", "/akun", 303, method="POST"),
    owner("accounts.end_one", "/akun/sesi/{sign_in}/akhiri", 303, method="POST"),
    member("accounts.end_others", "/akun/sesi/akhiri-lainnya", 303, method="POST"),
    member("accounts.password", "/akun/sandi", sari=303, tono=303),
    member("accounts.password", "/akun/sandi", 422, method="POST", sari=303, tono=303),
    resident("accounts.confirm", "/akun/pastikan"),
    resident("accounts.confirm", "/akun/pastikan", method="POST"),
    resident("accounts.contact", "/akun/kontak"),
    resident("accounts.contact", "/akun/kontak", 422, method="POST"),
    resident("accounts.contact_code", "/akun/kontak/kode", 303),
    resident("accounts.contact_code", "/akun/kontak/kode", 303, method="POST"),
    resident("accounts.authenticator", "/akun/autentikator"),
    resident("accounts.authenticator", "/akun/autentikator", 422, method="POST"),
    member("accounts.show_factor", "/akun/autentikator/kode", 303),
    member("accounts.show_factor", "/akun/autentikator/kode", 303, method="POST"),
    member("accounts.authenticator_back", "/akun/autentikator/matikan", 303),
    member("accounts.authenticator_off", "/akun/autentikator/matikan", 404, method="POST"),
    anyone("accounts.factor_code", "/masuk/autentikator", 303),
    anyone("accounts.factor_code", "/masuk/autentikator", 303, method="POST"),
    member("accounts.sign_out", "/keluar", 303, method="POST"),
    # organisations
    anyone("organisations.index", "/perusahaan"),
    Row("organisations.start", "GET", "/perusahaan/daftar", "public", 200, 303, {}),
    Row("organisations.start", "POST", "/perusahaan/daftar", "public", 422, 303, {}),
    member("organisations.register", "/perusahaan/baru"),
    member("organisations.register", "/perusahaan/baru", 422, method="POST"),
    owner("organisations.detail", "/perusahaan/{organisation}"),
    owner("organisations.profile", "/perusahaan/{organisation}/profil"),
    owner("organisations.profile", "/perusahaan/{organisation}/profil", 422, method="POST"),
    owner("organisations.members", "/perusahaan/{organisation}/anggota"),
    owner("organisations.members", "/perusahaan/{organisation}/anggota", 422, method="POST"),
    owner("organisations.change_role", "/perusahaan/{organisation}/anggota/{member}/peran", 422, method="POST"),
    owner("organisations.hand_over", "/perusahaan/{organisation}/anggota/{member}/narahubung", 303, method="POST"),
    owner("organisations.end_membership", "/perusahaan/{organisation}/anggota/{member}/keluar", 303, method="POST"),
    owner("organisations.withdraw_invitation", "/perusahaan/{organisation}/undangan/{invitation}/batal", 303, method="POST"),
    link("organisations.invitation", "/perusahaan/undangan/{invited_member}"),
    Row("organisations.invitation", "POST", "/perusahaan/undangan/{invited_member}", "link", 422, 409, {}),
    owner("roster.index", "/perusahaan/{organisation}/pekerja"),
    owner("roster.search", "/perusahaan/{organisation}/pekerja", 422, method="POST"),
    owner("roster.detail", "/perusahaan/{organisation}/pekerja/{on_roster}"),
    owner("planner.index", "/perusahaan/{organisation}/rencana"),
    owner("planner.prepare", "/perusahaan/{organisation}/rencana", 422, method="POST"),
    owner("bulk.renew", "/perusahaan/{organisation}/unggah/perpanjang"),
    owner("bulk.renew", "/perusahaan/{organisation}/unggah/perpanjang", 422, method="POST"),
    owner("bills.index", "/perusahaan/{organisation}/tagihan"),
    owner("bills.drop", "/perusahaan/{organisation}/tagihan/{bill}/keluarkan"),
    owner("bills.drop", "/perusahaan/{organisation}/tagihan/{bill}/keluarkan", 422, method="POST"),
    owner("pool.index", "/perusahaan/{organisation}/saldo"),
    owner("pool.top_up", "/perusahaan/{organisation}/saldo", 422, method="POST"),
    owner("pool.propose", "/perusahaan/{organisation}/saldo/aturan"),
    owner("pool.propose", "/perusahaan/{organisation}/saldo/aturan", 422, method="POST"),
    owner("pool.decide", "/perusahaan/{organisation}/saldo/aturan/{pool_rule}/tutup", 303, method="POST"),
    owner("pool.pay", "/perusahaan/{organisation}/tagihan/{bill}/saldo"),
    owner("pool.pay", "/perusahaan/{organisation}/tagihan/{bill}/saldo", 409, method="POST"),
    owner("matching.index", "/perusahaan/{organisation}/tambahan"),
    owner("matching.propose", "/perusahaan/{organisation}/tambahan/baru"),
    owner("matching.propose", "/perusahaan/{organisation}/tambahan/baru", 422, method="POST"),
    owner("matching.decide", "/perusahaan/{organisation}/tambahan/{match_rule}/tutup", 303, method="POST"),
    owner("matching.gather", "/perusahaan/{organisation}/tambahan/tagihan", 303, method="POST"),
    owner("matching.claim", "/dukungan/{code}/tambahan"),
    owner("matching.claim", "/dukungan/{code}/tambahan", 422, method="POST"),
    owner("payout.account_of_organisation", "/perusahaan/{organisation}/rekening"),
    owner("payout.account_of_organisation", "/perusahaan/{organisation}/rekening", 422, method="POST"),
    owner("leavers.index", "/perusahaan/{organisation}/keluar"),
    owner("leavers.index", "/perusahaan/{organisation}/keluar", 422, method="POST"),
    owner("leavers.template", "/perusahaan/{organisation}/keluar/templat.xlsx"),
    owner("leavers.detail", "/perusahaan/{organisation}/keluar/{leavers}"),
    owner("leavers.confirm", "/perusahaan/{organisation}/keluar/{leavers}/setujui", 409, method="POST"),
    owner("leavers.withdraw", "/perusahaan/{organisation}/keluar/{leavers}/batal", 303, method="POST"),
    owner("employees.index", "/perusahaan/{organisation}/karyawan"),
    owner("employees.index", "/perusahaan/{organisation}/karyawan", 422, method="POST"),
    owner("employees.forget", "/perusahaan/{organisation}/karyawan/hapus", 303, method="POST"),
    owner("papers.index", "/perusahaan/{organisation}/dokumen"),
    owner("papers.index", "/perusahaan/{organisation}/dokumen", 422, method="POST"),
    owner("papers.download", "/perusahaan/{organisation}/dokumen/{paper}"),
    anyone("papers.verify", "/verifikasi"),
    anyone("papers.verify", "/verifikasi", 422, method="POST"),
    anyone("papers.verified", "/verifikasi/{paper_code}"),
    owner("api_tokens.index", "/perusahaan/{organisation}/api"),
    owner("api_tokens.index", "/perusahaan/{organisation}/api", 422, method="POST"),
    owner("api_tokens.revoke", "/perusahaan/{organisation}/api/{api_token}/cabut"),
    owner("api_tokens.revoke", "/perusahaan/{organisation}/api/{api_token}/cabut", 303, method="POST"),
    owner("api_tokens.hooks", "/perusahaan/{organisation}/api/kabar"),
    owner("api_tokens.hooks", "/perusahaan/{organisation}/api/kabar", 422, method="POST"),
    owner("api_tokens.close_hook", "/perusahaan/{organisation}/api/kabar/{hook}/tutup", 303, method="POST"),
    anyone("api.openapi", "/api/v1/openapi.json"),
    program("api.workers", "/api/v1/workers"),
    program("api.worker", "/api/v1/workers/{on_roster}"),
    program("api.list_uploads", "/api/v1/uploads"),
    program("api.upload", "/api/v1/uploads", method="POST"),
    program("api.upload_state", "/api/v1/uploads/{upload}"),
    program("api.upload_problems", "/api/v1/uploads/{upload}/problems"),
    program("api.submit", "/api/v1/uploads/{upload}/submission", method="POST"),
    program("api.leave", "/api/v1/leavers", method="POST"),
    program("api.leavers_state", "/api/v1/leavers/{leavers}"),
    owner("decrees.index", DECREES),
    owner("decrees.new", DECREES + "/baru"),
    owner("decrees.new", DECREES + "/baru", 422, method="POST"),
    owner("decrees.change", DECREES + "/{decree}/ubah"),
    owner("decrees.change", DECREES + "/{decree}/ubah", 422, method="POST"),
    owner("decrees.detail", DECREES + "/{force}"),
    owner("decrees.file", DECREES + "/{force}/berkas.pdf"),
    owner("decrees.propose", DECREES + "/{decree}/usulkan", 303, method="POST"),
    owner("decrees.send_back", DECREES + "/{decree}/kembalikan", 409, method="POST"),
    owner("decrees.put_in_force", DECREES + "/{decree}/berlakukan", 409, method="POST"),
    owner("decrees.close", DECREES + "/{force}/tutup", 409, method="POST"),
    owner("decrees.withdraw", DECREES + "/{decree}/batal", 303, method="POST"),
    owner("offices.copy", DECREES + "/{force}/salin"),
    owner("offices.copy", DECREES + "/{force}/salin", 422, method="POST"),
    owner("offices.replace", DECREES + "/{force}/ganti/{holder}"),
    owner("offices.replace", DECREES + "/{force}/ganti/{holder}", 422, method="POST"),
    owner("bulk.index", "/perusahaan/{organisation}/unggah"),
    owner("bulk.index", "/perusahaan/{organisation}/unggah", 422, method="POST"),
    owner("bulk.template", "/perusahaan/{organisation}/unggah/templat.xlsx"),
    owner("bulk.detail", UPLOAD),
    owner("bulk.progress", UPLOAD + "/kemajuan"),
    owner("bulk.bad_rows", UPLOAD + "/masalah.xlsx"),
    owner("bulk.columns", UPLOAD + "/kolom", 409, method="POST"),
    owner("bulk.revise", UPLOAD + "/perbaiki", 303, method="POST"),
    owner("bulk.mended_file", UPLOAD + "/berkas", 422, method="POST"),
    owner("bulk.submit", UPLOAD + "/ajukan", 409, method="POST"),
    owner("bulk.send_back", UPLOAD + "/kembalikan", 409, method="POST"),
    owner("bulk.confirm", UPLOAD + "/setujui", 409, method="POST"),
    owner("bulk.withdraw", UPLOAD + "/batal", 303, method="POST"),
    # the staff's door
    anyone("accounts.staff_sign_in", "/petugas/masuk"),
    anyone("accounts.staff_sign_in", "/petugas/masuk", 422, method="POST"),
    anyone("accounts.staff_code", "/petugas/masuk/kode", 303),
    anyone("accounts.staff_code", "/petugas/masuk/kode", 303, method="POST"),
    link("accounts.staff_setup", "/petugas/siapkan/{invited}"),
    link("accounts.staff_setup", "/petugas/siapkan/{invited}", 422, method="POST"),
    # officers
    staff("review.queue", "/petugas/antrean", "review:see", SEE),
    staff("review.detail", QUEUE, "review:see", SEE),
    staff("review.back", QUEUE + "/setujui", "review:see", SEE, 303),
    staff("review.approve", QUEUE + "/setujui", "review:decide", DECIDE, 409, method="POST"),
    staff("review.reject", QUEUE + "/tolak", "review:decide", DECIDE, 422, method="POST"),
    staff("review.ask", QUEUE + "/tanya", "review:decide", DECIDE, 422, method="POST"),
    staff("review.approve_many", "/petugas/antrean/massal", "review:decide", DECIDE, 422, method="POST"),
    staff("review.many_back", "/petugas/antrean/massal", "review:see", SEE, 303),
    staff("review.witness", QUEUE + "/saksi", "review:decide", DECIDE, 303, method="POST"),
    staff("review.reveal", QUEUE + "/nik", "nik:reveal", DECIDE, method="POST"),
    staff("organisations.queue", "/petugas/organisasi", "organisation:verify", DECIDE),
    staff("organisations.check", "/petugas/organisasi/{registration}", "organisation:verify", DECIDE),
    staff("organisations.back", "/petugas/organisasi/{registration}/sahkan", "organisation:verify", DECIDE, 303),
    staff(
        "organisations.verify",
        "/petugas/organisasi/{registration}/sahkan",
        "organisation:verify",
        "dewi",
        303,
        method="POST",
        agus=409,
    ),
    staff("organisations.refuse", "/petugas/organisasi/{registration}/tolak", "organisation:verify", DECIDE, 422, method="POST"),
    staff("gaps.index", "/petugas/berakhir", "gaps:see", DECIDE),
    staff("gaps.download", "/petugas/berakhir/unduh.csv", "gaps:see", DECIDE, method="POST"),
    staff("gaps.detail", "/petugas/berakhir/{gap}", "gaps:see", DECIDE),
    staff("gaps.back", "/petugas/berakhir/{gap}/telepon", "gaps:see", DECIDE, 303),
    staff("gaps.number", "/petugas/berakhir/{gap}/nomor/sponsor", "gaps:see", DECIDE, 409, method="POST"),
    staff("gaps.link", "/petugas/berakhir/{gap}/tautan", "gaps:see", DECIDE, 409, method="POST"),
    staff("gaps.call", "/petugas/berakhir/{gap}/telepon", "gaps:see", DECIDE, 422, method="POST"),
    staff("reports.trail", "/petugas/jejak", "audit:see", "agus nina wira"),
    staff("reports.reminders_told", "/petugas/pengingat", "review:see", SEE),
    staff("reports.ledger_month", "/petugas/buku/2026-11", "money:see", MONEY),
    staff("reports.ledger_payers", "/petugas/buku/pembayar/private", "money:see", MONEY),
    staff("reports.check_now", "/petugas/buku/periksa", "money:see", MONEY, 303, method="POST"),
    staff("finance.funds", "/petugas/dana", "money:see", MONEY),
    staff("finance.fund", "/petugas/dana/{suspense}", "money:see", MONEY),
    staff("finance.fund_again", "/petugas/dana/{suspense}/bukukan", "money:see", MONEY, 303),
    staff("finance.book", "/petugas/dana/{suspense}/bukukan", "money:move", "maya", 422, method="POST"),
    staff("finance.give_back", "/petugas/dana/{suspense}/kembalikan", "money:move", "maya", 422, method="POST"),
    staff("intake.index", "/petugas/unggahan", "review:see", SEE),
    staff("intake.detail", "/petugas/unggahan/{whole}", "review:see", SEE),
    staff("intake.decree", "/petugas/unggahan/{whole}/sk.pdf", "review:see", SEE),
    staff("intake.decide", "/petugas/unggahan/{whole}", "review:decide", DECIDE, 422, method="POST"),
    staff("bank.index", "/petugas/mutasi", "money:see", MONEY),
    staff("bank.new", "/petugas/mutasi/baru", "money:move", "maya"),
    staff("bank.new", "/petugas/mutasi/baru", "money:move", "maya", 422, method="POST"),
    staff("bank.detail", "/petugas/mutasi/{mutation}", "money:see", MONEY),
    staff("bank.line", "/petugas/mutasi/baris/{bank_line}", "money:see", MONEY),
    staff("bank.back", "/petugas/mutasi/baris/{bank_line}/bukukan", "money:see", MONEY, 303),
    staff("bank.book", "/petugas/mutasi/baris/{bank_line}/bukukan", "money:move", "maya", 422, method="POST"),
    staff("bank.aside", "/petugas/mutasi/baris/{bank_line}/sisihkan", "money:move", "maya", 422, method="POST"),
    staff("finance.held", "/petugas/tagihan/{order}", "money:move", "maya"),
    staff("finance.held", "/petugas/tagihan/{order}", "money:move", "maya", 422, method="POST"),
    staff("finance.back", "/petugas/pengembalian", "money:see", MONEY),
    staff("finance.refund", "/petugas/pengembalian/{refund}", "money:see", MONEY),
    staff("finance.refund_again", "/petugas/pengembalian/{refund}/setujui", "money:see", MONEY, 303),
    owner("payout.account", "/dukungan/{code}/rekening"),
    owner("payout.account", "/dukungan/{code}/rekening", 422, method="POST"),
    link("payout.account_by_link", "/rekening/{account}"),
    link("payout.account_by_link", "/rekening/{account}", 422, method="POST"),
    staff("payout.ask", "/petugas/dana/{suspense}/minta", "money:move", "maya", 303, method="POST"),
    staff("payout.by_transfer", "/petugas/dana/{suspense}/transfer", "money:move", "maya", 422, method="POST"),
    staff("payout.fund_again", "/petugas/dana/{suspense}/minta", "money:see", MONEY, 303),
    staff("payout.reveal", "/petugas/pengembalian/{refund}/rekening", "money:move", "maya", 409, method="POST"),
    staff("payout.note", "/petugas/pengembalian/{refund}/catat", "money:move", "maya", 422, method="POST"),
    staff("payout.confirm", "/petugas/pengembalian/{refund}/pastikan", "refund:approve", "agus maya", 409, method="POST"),
    staff("payout.fail", "/petugas/pengembalian/{refund}/gagal", "refund:approve", "agus maya", 422, method="POST"),
    staff("payout.refund_again", "/petugas/pengembalian/{refund}/catat", "money:see", MONEY, 303),
    staff("contested.index", "/petugas/sengketa", "money:see", MONEY),
    staff("contested.detail", "/petugas/sengketa/{dispute}", "money:see", MONEY),
    staff("contested.propose", "/petugas/sengketa/{dispute}/usulkan", "money:move", "maya", 422, method="POST"),
    staff("contested.agree", "/petugas/sengketa/{dispute}/setujui", "refund:approve", "agus", 303, method="POST", maya=409),
    staff("contested.again", "/petugas/sengketa/{dispute}/setujui", "money:see", MONEY, 303),
    # the supervisor comes first and agrees; then it is decided
    staff("finance.agree", "/petugas/pengembalian/{refund}/setujui", "refund:approve", "agus", 303, method="POST", maya=409),
    staff("finance.drop", "/petugas/pengembalian/{refund}/batalkan", "refund:approve", "agus maya", 422, method="POST"),
    staff("reports.ledger", "/petugas/buku", "money:see", MONEY),
    staff("work.index", "/petugas/pekerjaan", "jobs:see", "agus maya nina wira"),
    staff("work.run", "/petugas/pekerjaan/sweep", "jobs:run", "wira", 303, method="POST"),
    staff("tariff.edit", "/petugas/tarif", "tariff:edit", "wira"),
    staff("tariff.back", "/petugas/tarif/libur", "tariff:edit", "wira", 303),
    staff("tariff.add_relief", "/petugas/tarif/keringanan", "tariff:edit", "wira", 422, method="POST"),
    staff("tariff.add_rate", "/petugas/tarif/iuran", "tariff:edit", "wira", 422, method="POST"),
    staff("tariff.close", "/petugas/tarif/rate/{rate}/tutup", "tariff:edit", "wira", 422, method="POST"),
    staff("tariff.add_holiday", "/petugas/tarif/libur", "tariff:edit", "wira", 422, method="POST"),
    staff("tariff.remove_holiday", "/petugas/tarif/libur/{holiday}/hapus", "tariff:edit", "wira", 303, method="POST"),
    staff("workers.registered", "/petugas/pekerja", "worker:register", REGISTER),
    staff("workers.register", "/petugas/pekerja/baru", "worker:register", REGISTER),
    staff("workers.register", "/petugas/pekerja/baru", "worker:register", REGISTER, 422, method="POST"),
    staff("workers.registered_one", DESK, "worker:register", REGISTER),
    staff("workers.back", DESK + "/kertas", "worker:register", REGISTER, 303),
    staff("workers.attest", DESK + "/keterangan", "worker:attest", REGISTER, 422, method="POST"),
    # remittance
    staff("remittance.index", "/petugas/setoran", "remittance:see", BATCHES),
    staff("remittance.new", "/petugas/setoran/baru", "remittance:prepare", "maya"),
    staff("remittance.new", "/petugas/setoran/baru", "remittance:prepare", "maya", 422, method="POST"),
    staff("remittance.detail", "/petugas/setoran/{batch}", "remittance:see", BATCHES),
    staff("remittance.back", "/petugas/setoran/{batch}/kunci", "remittance:see", BATCHES, 303),
    staff("remittance.lock", "/petugas/setoran/{batch}/kunci", "remittance:prepare", "maya", 409, method="POST"),
    staff("remittance.note_code", "/petugas/setoran/{batch}/kode", "remittance:prepare", "maya", 422, method="POST"),
    staff("remittance.mark_paid", "/petugas/setoran/{batch}/dibayar", "remittance:confirm", "maya agus", 422, method="POST"),
    staff("remittance.drop", "/petugas/setoran/{batch}/batal", "remittance:prepare", "maya", 422, method="POST"),
    staff("remittance.answer", "/petugas/setoran/{batch}/jawaban", "remittance:prepare", "maya", 422, method="POST"),
    staff("remittance.answered", "/petugas/setoran/{batch}/jawaban/{answer}", "remittance:see", BATCHES),
    staff("remittance.download", "/petugas/setoran/{batch}/unduh.csv", "remittance:prepare", "maya"),
    staff("remittance.line", "/petugas/setoran/{batch}/bulan/{sent_month}", "remittance:prepare", "maya"),
    staff("remittance.line", "/petugas/setoran/{batch}/bulan/{sent_month}", "remittance:prepare", "maya", 422, method="POST"),
    staff("remittance.column_map", "/petugas/setoran/kolom/ekspor", "remittance:prepare", "maya"),
    staff("remittance.column_map", "/petugas/setoran/kolom/jawaban", "remittance:prepare", "maya", 422, method="POST"),
    staff("remittance.held_up", "/petugas/tertahan", "remittance:see", BATCHES),
    staff("repairs.index", "/petugas/perbaikan", "remittance:repair", DECIDE),
    staff("repairs.detail", REPAIR, "remittance:repair", DECIDE),
    staff("repairs.back", REPAIR + "/usul", "remittance:repair", DECIDE, 303),
    staff("repairs.propose", REPAIR + "/usul", "remittance:repair", DECIDE, 422, method="POST"),
    staff("repairs.confirm", REPAIR + "/setujui", "remittance:repair", DECIDE, 409, method="POST"),
    staff("repairs.reject", REPAIR + "/tolak", "remittance:repair", DECIDE, 409, method="POST"),
    staff("repairs.propose_return", REPAIR + "/kembalikan", "remittance:repair", "dewi", 303, method="POST", agus=409),
    staff("repairs.reveal", REPAIR + "/nik", "remittance:repair", DECIDE, method="POST"),
    staff("workers.put_on_list", DESK + "/daftar", "worker:register", REGISTER, 422, method="POST"),
    staff("workers.paper", DESK + "/kertas", "worker:register", REGISTER, 201, method="POST"),
    staff("workers.take_off_list", DESK + "/keluar", "worker:register", REGISTER, 303, method="POST"),
)
IDS = [f"{row.method} {row.endpoint}" for row in TABLE]
POSTS = [row for row in TABLE if row.method == "POST"]


def visitor(name: str, client: PageClient, as_: Callable[..., PageClient]) -> PageClient:
    """Staff with their second factor, residents without one."""
    who = client if name == "nobody" else as_(name, second_factor=name not in RESIDENTS)
    who.limit = 30  # the books ask a question per check; what other pages cost is counted in their own rooms
    return who


def come(who: PageClient, row: Row, path: str) -> Page:
    limiter.reset()
    return who.get(path) if row.method == "GET" else who.post(path)


def methods(app: Flask, endpoint: str) -> set[str]:
    found = {method for rule in app.url_map.iter_rules(endpoint) for method in rule.methods or ()}
    return found - {"HEAD", "OPTIONS"}


def test_a19_every_route_and_method_has_a_row(app: Flask) -> None:
    have = {(row.endpoint, row.method) for row in TABLE}
    want = {(rule.endpoint, method) for rule in app.url_map.iter_rules() for method in methods(app, rule.endpoint)}
    assert have == want, f"without a row: {sorted(want - have)}; without a route: {sorted(have - want)}"
    assert len(TABLE) == len(have)


def test_every_row_names_the_mark_of_its_view(app: Flask) -> None:
    assert {row.endpoint: row.access for row in TABLE} == {row.endpoint: access_of(app, row.endpoint) for row in TABLE}


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_a19_a20_each_visitor_gets_the_answer_of_the_table(row: Row, things: dict[str, str], client: PageClient, as_: As) -> None:
    path = row.path.format(**things)
    visitors = {name: visitor(name, client, as_) for name in VISITORS}
    refused = [
        name
        for name in VISITORS
        if row.expects(name) == 404 or (name == "nobody" and row.access not in ("public", "link", "token"))
    ]
    before = contents()
    found = {}
    for name in refused:  # first, while nobody has done anything: nothing may change and nothing be told
        page = come(visitors[name], row, path)
        found[name] = page.status
        page.misses(HIDDEN_NAME, things["nik"])
        if name == "nobody":
            assert page.location in (SIGN_IN, STAFF_SIGN_IN)
    assert contents() == before
    for name in VISITORS:
        if name not in found:
            found[name] = come(visitors[name], row, path).status
    assert found == {name: row.expects(name) for name in VISITORS}


@pytest.mark.parametrize("row", [row for row in TABLE if row.method == "GET"], ids=[i for i in IDS if i.startswith("GET")])
def test_a26_looking_changes_nothing(row: Row, things: dict[str, str], client: PageClient, as_: As) -> None:
    path = row.path.format(**things)
    visitors = [visitor(name, client, as_) for name in ("nobody", "sari", "dewi", "hasan", "nina")]
    before = contents()
    for who in visitors:
        who.get(path)
        who.http.head(path)
    assert contents() == before


def most_able(row: Row) -> str:
    """Somebody who gets past the door of this row."""
    return next((name for name in ("sari", "dewi", "wira") if row.expects(name) != 404), "nina")


# a program brings its token in a header that no page of another site can send, so no form token guards it
FORMS = [row for row in POSTS if row.access != "token"]


@pytest.mark.parametrize("row", FORMS, ids=[row.endpoint for row in FORMS])
def test_a26_a_form_needs_its_token_and_our_own_origin(row: Row, things: dict[str, str], client: PageClient, as_: As) -> None:
    path, who = row.path.format(**things), visitor(most_able(row), client, as_)
    good, foreign = who.form_token(), as_("tono").form_token()
    before = contents()
    for data in ({}, {"csrf_token": "x" * 90}, {"csrf_token": foreign}):
        assert who.post(path, data, token=False).status == 403
    for origin in (
        "https://evil.test",
        "null",
        "http://localhost.evil.test",
        "http://localhost:81",
        "http://evil.test/localhost",
    ):
        assert who.post(path, {"csrf_token": good}, headers={"Origin": origin}).status == 403, origin
    assert contents() == before
    assert who.post(path, {"csrf_token": good}).status == row.expects(most_able(row))  # the control


def test_a26_the_origin_may_come_as_referer_and_may_not_be_foreign_there(as_: As, things: dict[str, str]) -> None:
    sari = as_("sari")
    good = {"csrf_token": sari.form_token()}
    for referer, status in (("http://localhost/akun", 303), ("https://evil.test/localhost", 403)):
        answer = sari.http.post("/akun", data=good, headers={"Referer": referer})
        assert answer.status_code == status


def test_a26_without_any_origin_a_form_is_refused_outside_tests(app: Flask, as_: As, things: dict[str, str]) -> None:
    sari = as_("sari")
    good = {"csrf_token": sari.form_token()}
    app.config["TESTING"] = False
    try:
        assert sari.http.post("/keluar", data=good).status_code == 403
    finally:
        app.config["TESTING"] = True
    assert sari.get("/akun").status == 200


@pytest.mark.parametrize("row", POSTS, ids=[row.endpoint for row in POSTS])
def test_a26_what_changes_things_is_not_reachable_by_looking(row: Row, app: Flask, things: dict[str, str], as_: As) -> None:
    path = row.path.format(**things)
    adapter = app.url_map.bind("localhost")
    if "GET" in methods(app, row.endpoint):
        return  # the same view, which looks at the method: test_a26_looking_changes_nothing
    try:
        assert adapter.match(path, method="GET")[0] != row.endpoint
    except MethodNotAllowed:
        answer = as_(most_able(row)).http.get(path)
        assert answer.status_code == 405
        assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a61_no_other_method_does_anything(method: str, app: Flask, things: dict[str, str], as_: As) -> None:
    dewi = as_("dewi")
    token = {"X-CSRFToken": dewi.form_token(), "Origin": "http://localhost"}
    before = contents()
    for path in sorted({row.path.format(**things) for row in TABLE}):
        assert dewi.http.open(path, method=method, headers=token).status_code in (403, 404, 405), path
    assert contents() == before


ID_ROWS = [
    row
    for row in TABLE
    if "{" in row.path and row.endpoint != "assets.file" and "unknown" not in row.path and row.access != "token"
]
NONSENSE = ("2222-2222", "x" * 32, "0", "-1", "'%20OR%201=1--", "😀", "a" * 2_000, "%00")


@pytest.mark.parametrize("row", ID_ROWS, ids=[f"{row.method} {row.endpoint}" for row in ID_ROWS])
def test_a20_an_address_that_names_nothing_is_not_there(row: Row, things: dict[str, str], as_: As) -> None:
    who = as_(most_able(row))
    start, _, rest = row.path.partition("{")
    end = rest.partition("}")[2]
    before = contents()
    for nonsense in NONSENSE:
        page = who.get(start + nonsense + end) if row.method == "GET" else who.post(start + nonsense + end)
        redirected = page.status in (303, 308) and row.expects(most_able(row)) == 303 and row.method == "GET"
        assert page.status in (404, 405, 409, 410) or redirected, f"{page.status} for {nonsense[:40]!r}"
    assert contents() == before
    db.session.rollback()
