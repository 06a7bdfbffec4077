"""What the pages of this room show. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote_plus

from flask import abort, render_template, url_for
from flask_babel import gettext as _

from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, MonthState, MonthTaken
from sertakan.kit import clock
from sertakan.kit.errors import N_
from sertakan.kit.months import due_on, next_working_day
from sertakan.notices.wording import months as month_words
from sertakan.payments import checkout, gateway, incoming, queries, receipt_queries, rules, virtual
from sertakan.payments import receipts as receipts_
from sertakan.payments.forms import CancelForm, CheckForm, RenewForm
from sertakan.payments.models import Order
from sertakan.payments.receipts import Paper
from sertakan.payments.rules import OrderState
from sertakan.sponsorships import links, prices, wording
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships.answers import DEFAULT_MONTHS, Answers
from sertakan.sponsorships.models import ActionLink, Sponsorship
from sertakan.tariff import queries as tariff_queries
from sertakan.tariff.rules import MonthPrice
from sertakan.web.errors import say
from sertakan.web.filters import bulan
from sertakan.web.language import current_language
from sertakan.workers import queries as worker_queries

# Version 2026-11 of the risk list (sponsorships.rules.RISK_VERSION); other words here mean another version there.
RISKS = (
    N_("Pekerja harus sungguh bekerja saat didaftarkan. Bila tidak, santunan dapat ditolak."),
    N_("Sakit yang sudah ada saat didaftarkan dapat membuat santunan kematian tidak dibayar penuh."),
    N_("Meninggal bukan karena kecelakaan kerja dalam tiga bulan pertama: santunannya Rp10 juta, bukan Rp42 juta."),
    N_("Tiga bulan berturut-turut tanpa iuran membuat kepesertaan tidak aktif."),
    N_("Bila pekerja sudah terdaftar di tempat lain, bulan yang sama tidak dibayar dua kali; uang Anda kembali."),
)
SHARE = N_("Saya baru saja melindungi seorang pekerja di sekitar saya lewat Sertakan Pontianak. Yuk, ikut: %(url)s")


# ---- the last step -------------------------------------------------------------------------------------------------------------


def check(form: CheckForm, answers: Answers, *, taken: MonthTaken | None = None, status: int = 200) -> Any:
    """Everything typed, with a way to change each; the price of each month; the payer; the risks."""
    chosen = prices.chosen(answers)
    page = render_template(
        "payments/check.html",
        form=form,
        rows=_rows(answers, chosen),
        chosen=chosen,
        risks=RISKS,
        taken=taken,
        taken_words=say(taken) if taken else "",
    )
    return page, status


def _rows(answers: Answers, chosen: prices.Offer) -> list[tuple[str, str, str | None]]:
    work = tariff_queries.get_occupation(answers.occupation_code)
    who: list[tuple[str, str, str | None]]
    if answers.waiting_code:
        worker = worker_queries.get_waiting(answers.waiting_code).worker
        who = [(_("Pekerja"), f"{worker_queries.coarse_title(worker)}, {_(work.label)}", url_for("workers.waiting"))]
    else:
        who = [
            (_("Pekerjaan"), _(work.label), url_for("sponsorships.start")),
            (_("Nama"), answers.name, url_for("sponsorships.data")),
            (_("NIK"), _grouped(answers.nik), url_for("sponsorships.data")),
        ]
        if answers.worker_phone:
            who.append((_("Nomor HP pekerja"), answers.worker_phone, url_for("sponsorships.data")))
    package = _("JKK, JKM dan JHT") if answers.package.value.endswith("jht") else _("JKK dan JKM")
    span = bulan(chosen.first) if chosen.count == 1 else f"{bulan(chosen.first)} – {bulan(chosen.last)}"
    length = url_for("sponsorships.length")
    return [
        *who,
        (_("Masa perlindungan"), _("%(span)s (%(count)s bulan)", span=span, count=chosen.count), length),
        (_("Program"), package, length),
        (_("Pengingat"), _("Ya, sebelum berakhir") if answers.remind else _("Tidak"), length),
    ]


def _grouped(nik: str) -> str:
    """The payer's own typing, with the middle hidden from who looks over her shoulder."""
    digits = "".join(letter for letter in nik if letter.isdigit())
    return f"{digits[:4]} •••• •••• {digits[-4:]}"


# ---- the bill ------------------------------------------------------------------------------------------------------------------


PAYABLE = ("opening", "open", "declined")


@dataclass(frozen=True)
class Bill:
    """An order as its payer sees it. `state`: opening, open, declined, transfer, paid, returned, held, expired, cancelled."""

    state: str
    months: Sequence[CoverageMonth]
    worker: str
    again: bool
    account: str = ""  # the number that an organisation may transfer to
    received_rupiah: int = 0  # what came there already

    @property
    def waiting(self) -> bool:
        return self.state in ("opening", "open", "declined", "transfer", "held")

    @property
    def payable(self) -> bool:
        return self.state in PAYABLE

    @property
    def lines(self) -> list[MonthPrice]:
        return [_line(month) for month in self.months]


def _line(month: CoverageMonth) -> MonthPrice:
    return MonthPrice(
        month=month.month,
        base_rupiah=month.base_rupiah,
        jkk_rupiah=month.jkk_rupiah,
        jkm_rupiah=month.jkm_rupiah,
        jht_rupiah=month.jht_rupiah,
        relief_rupiah=month.relief_rupiah,
        row_ids={},
    )


def bill(order: Order) -> Bill:
    """Whoever holds the address sees no NIK and no full name."""
    months = queries.months_of_order(order.id)
    again = checkout.may_open_again(order, order.promise)
    found = Bill(state_of(order), months, sponsorship_queries.coarse_name(order.promise.worker), again)
    prefix = gateway.settings().va_prefix
    if not (prefix and found.payable and order.promise.organisation_id):
        return found
    return replace(found, account=virtual.number_of(prefix, order.id), received_rupiah=incoming.received(order.id))


def state_of(order: Order) -> str:
    """How its payer sees it, see Bill."""
    if order.state is OrderState.paid:
        return "paid" if order.topup or queries.fills_months(order.id) else "held" if order.held_reason else "returned"
    if order.held_reason:
        return "held"
    if order.state is not OrderState.open:
        return order.state.value
    return "transfer" if order.transfer_at else "declined" if order.declined_at else "open"


# ---- thanks --------------------------------------------------------------------------------------------------------------------


def thanks(sponsorship: Sponsorship, *, named: bool) -> Any:
    """404 while nothing is paid: the page says only what is true."""
    months = coverage_queries.months_of_sponsorship(sponsorship.id)
    funded = [row for row in months if row.state in FUNDED]
    if not funded:
        abort(404)
    first = next((row for row in funded if row.month >= clock.this_month()), funded[-1])
    paid_at = max((row.paid_at for row in funded if row.paid_at), default=None)
    home = gateway.settings().base_url + ("/en/" if current_language() == "en" else "/")
    return render_template(
        "payments/thanks.html",
        sponsorship=sponsorship,
        worker=sponsorship_queries.display_name(sponsorship) if named else None,
        named=named,
        first=first.month,
        last=funded[-1].month,
        paid_at=paid_at,
        decided=sponsorship.decided_at is not None,
        check_by=next_working_day(clock.today(), tariff_queries.holidays()),
        remit_by=due_on(first.month, tariff_queries.holidays()),
        share="https://wa.me/?text=" + quote_plus(_(SHARE, url=home)),
    )


# ---- going on and stopping -----------------------------------------------------------------------------------------------------


def renew_list(link: ActionLink, token: str) -> Any:
    """Several workers of one sponsor: each with what going on costs, to be paid one by one, the most urgent first."""
    views = sponsorship_queries.views_of(sponsorship_queries.list_by_ids(links.named_by(link)))
    views.sort(key=lambda view: (view.covered_until or date.max, view.code))
    rows = [(view, prices.renewals(view.sponsorship, view.next_start) if view.renewable else []) for view in views]
    usual = [(view, next((offer for offer in offers if offer.count == DEFAULT_MONTHS), None)) for view, offers in rows]
    return render_template("payments/renew_list.html", rows=usual, token=token, wording=wording)


def renew(
    form: RenewForm,
    sponsorship: Sponsorship,
    action: str,
    *,
    since: datetime | None = None,
    decline_url: str | None = None,
    status: int = 200,
) -> Any:
    """The presets from the first free month; an unpaid bill that waits already is offered first.

    `since`: when the link was made; money that came after it means that the reader has renewed already.
    """
    view = sponsorship_queries.view_of(sponsorship)
    offers = prices.renewals(sponsorship, view.next_start) if view.renewable else []
    wanted = form.chosen() or DEFAULT_MONTHS
    chosen = next((offer for offer in offers if offer.count == wanted), offers[0] if offers else None)
    if chosen:
        form.count.data = str(chosen.count)
    page = render_template(
        "payments/renew.html",
        form=form,
        view=view,
        offers=offers,
        chosen=chosen,
        action=action,
        waiting=queries.open_orders(sponsorship.id),
        decline_url=decline_url,
        month_words=month_words,
        renewed=since is not None and any(row.paid_at and row.paid_at > since for row in view.months),
    )
    return page, status


def cancel(form: CancelForm, sponsorship: Sponsorship, *, status: int = 200) -> Any:
    """What stopping means, month by month, before the button."""
    view = sponsorship_queries.view_of(sponsorship)
    page = render_template(
        "payments/cancel.html",
        form=form,
        view=view,
        refund=queries.refundable(sponsorship.id),
        back=[row.month for row in view.months if row.returnable],
        unpaid=[row.month for row in view.months if row.state is MonthState.reserved],
        stay=[row.month for row in view.months if row.state in FUNDED and not row.returnable],
        month_words=month_words,
    )
    return page, status


# ---- receipts ------------------------------------------------------------------------------------------------------------------


REFUND_WORDS = {
    rules.RefundState.requested: ("wait", N_("Menunggu persetujuan")),
    rules.RefundState.approved: ("wait", N_("Sedang disiapkan")),
    rules.RefundState.sent: ("wait", N_("Dalam perjalanan")),
    rules.RefundState.succeeded: ("ok", N_("Sudah dikembalikan")),
    rules.RefundState.failed: ("bad", N_("Gagal, petugas mengurusnya")),
    rules.RefundState.cancelled: ("", N_("Dibatalkan")),
}


def receipts(sponsorship: Sponsorship) -> Any:
    """The receipts of one sponsorship, newest first, and the money that went back."""
    return render_template(
        "payments/receipts.html",
        sponsorship=sponsorship,
        worker=sponsorship_queries.display_name(sponsorship),
        receipts=receipt_queries.receipts_of(sponsorship.id),
        refunds=queries.refunds_of(sponsorship.id),
        words=REFUND_WORDS,
    )


def receipt(paper: Paper, ref: str) -> Any:
    """One receipt, month by month."""
    return render_template(
        "payments/receipt.html",
        paper=paper,
        ref=ref,
        facts=receipts_.facts(paper),
        columns=receipts_.columns(paper),
        rows=receipts_.rows(paper),
        notes=receipts_.notes(paper),
    )
