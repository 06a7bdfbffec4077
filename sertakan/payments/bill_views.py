"""`/perusahaan/<organisation>/tagihan` and `/tagihan/<share>`: the bills of an organisation, and the page on which one is paid.

The address of a bill may be passed on to whoever pays: it names the organisation and sums, and no worker.
"""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Membership
from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.organisations.queries import get_membership
from sertakan.payments import (
    balance,
    bills,
    dropping,
    gateway,
    incoming,
    invoices,
    pages,
    queries,
    receipt_queries,
    rules,
    service,
    virtual,
)
from sertakan.payments.forms import LeaveBillForm, WaitForm
from sertakan.payments.models import Invoice
from sertakan.payments.stripe import StripeError
from sertakan.sponsorships import queries as sponsorships
from sertakan.web.access import by_link, signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.knock import knock
from sertakan.web.paging import page_number

bp = Blueprint("bills", __name__, template_folder="templates")


@bp.get("/perusahaan/<ref>/tagihan")
@signed_in
def index(ref: str) -> Any:
    """All bills of the organisation, newest first."""
    member = get_membership(ref, current_user.person)
    return render_template(
        "payments/bills.html",
        member=member,
        organisation=member.organisation,
        page=bills.list_invoices(member.organisation_id, page_number()),
        balance=balance.of(member.organisation_id),
    )


@bp.route("/perusahaan/<ref>/tagihan/<share>/keluarkan", methods=["GET", "POST"])
@signed_in
@limiter.limit("60 per hour", methods=["POST"])
def drop(ref: str, share: str) -> Any:
    """Take one worker off an unpaid bill: first who it is and what changes, then, by the button, it is done."""
    member, form = get_membership(ref, current_user.person), LeaveBillForm()
    invoice = bills.get_own_invoice(member.organisation_id, share)
    if not form.sent:
        return _drop_page(member, invoice, form, 422 if form.errors else 200)
    try:
        leaving = dropping.find(invoice.order, form.code.data)
        if not form.seen.data:
            return _drop_page(member, invoice, form, 200, leaving)
        new_share = _drop(ref, invoice, form)
    except (Refused, StripeError) as no:
        form.refuse(no if isinstance(no, Refused) else rules.PayingNow())
        return _drop_page(
            get_membership(ref, current_user.person), bills.get_invoice(share), form, getattr(no, "status", 409) or 409
        )
    knock("notices")
    flash(_("Pekerja itu sudah dikeluarkan dari tagihan."), "ok")
    return redirect(url_for(".show", share=new_share) if new_share else url_for(".index", ref=ref), 303)


def _drop(ref: str, invoice: Invoice, form: LeaveBillForm) -> str:
    """Returns the address of the new bill, empty when nobody is left on it."""
    order_id = invoice.order_id
    dropping.close_page(order_id)
    with transaction():
        actor, order = get_membership(ref, current_user.person), queries.get_order(order_id, lock=True)
        new = dropping.drop(actor=actor, order=order, code=form.code.data, seen=form.seen.data or "")
        return bills.invoice_of(new.id).share_ref if new else ""


def _drop_page(
    member: Membership, invoice: Invoice, form: LeaveBillForm, status: int, leaving: dropping.Leaving | None = None
) -> Any:
    page = render_template(
        "payments/bill_drop.html",
        member=member,
        organisation=member.organisation,
        invoice=invoice,
        order=invoice.order,
        form=form,
        leaving=leaving,
        name=sponsorships.display_name(leaving.sponsorship) if leaving else "",
        may_drop=member.role in dropping.MAY_DROP,
    )
    return page, status


@bp.get("/tagihan/<share>")
@by_link
def show(share: str) -> Any:
    """One bill: what it is for, how it can be paid, what has come. Only reads."""
    return _page(bills.get_invoice(share))


def _page(invoice: Invoice, *, error: str = "", status: int = 200) -> Any:
    order = invoice.order
    state, prefix = pages.state_of(order), gateway.settings().va_prefix
    page = render_template(
        "payments/bill.html",
        invoice=invoice,
        order=order,
        state=state,
        payable=state in pages.PAYABLE,
        parts=bills.parts_of(order.id),
        account=virtual.number_of(prefix, order.id) if prefix else "",
        received=balance.came(order.id) if order.topup else incoming.received(order.id),
        receipts=receipt_queries.receipts_of_order(order.id),
        newer=bills.share_of(bills.successor(order)),
        error=error,
        form=WaitForm(formdata=None),
    )
    return page, status


@bp.post("/tagihan/<share>")
@by_link
@limiter.limit("12 per minute")
def pay(share: str) -> Any:
    """To the payment page, or look whether it was paid there."""
    invoice, form = bills.get_invoice(share), WaitForm()
    if not form.sent:
        abort(422)
    order_id, session_id = invoice.order_id, invoice.order.provider_session
    try:
        if form.look.data and session_id:
            service.settle(order_id)
        elif not invoice.order.topup and incoming.received(order_id):
            raise rules.PartCame
        else:
            return redirect(service.start_checkout(order_id), 303)
    except StripeError:
        words = _("Layanan pembayaran belum menjawab. Tunggu sebentar, lalu coba lagi. Tidak ada yang terpotong dua kali.")
        return _page(bills.get_invoice(share), error=words, status=503)
    except (rules.OrderPaid, rules.OrderClosed, rules.TooSmallToday, rules.PartCame) as no:
        flash(say(no), "bad")
    knock("notices")
    return redirect(url_for(".show", share=share), 303)


@bp.get("/tagihan/<share>/faktur.pdf")
@by_link
@limiter.limit("30 per minute")
def paper(share: str) -> Response:
    """The invoice, in the language of the page."""
    invoice = bills.get_invoice(share)
    response = Response(invoices.pdf(invoice), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{invoice.label}.pdf"'
    return response
