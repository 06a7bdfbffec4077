"""The invoice of an organisation's bill on paper: what it is made of by month and tariff, how and until when it is paid."""

from flask_babel import gettext as _

from sertakan.payments import bills, gateway, virtual
from sertakan.payments.models import Invoice
from sertakan.payments.receipts import printed
from sertakan.payments.rules import OrderState
from sertakan.web.filters import bulan, ribuan, rupiah, tanggal, waktu
from sertakan.web.language import current_language


def pdf(invoice: Invoice) -> bytes:
    """The paper as a tagged PDF in the language of the page; it names no worker."""
    order = invoice.order
    assert order.organisation is not None  # only their bills have invoices
    columns, rows = _table(invoice)
    return printed(
        {
            "lang": current_language(),
            "title": _("Tagihan"),
            "subtitle": _("Iuran BPJS Ketenagakerjaan, peserta Bukan Penerima Upah"),
            "number": invoice.label,
            "facts": facts(invoice, order.organisation.name),
            "columns": columns,
            "rows": rows,
            "returned": [False] * len(rows),
            "total": [_("Jumlah"), rupiah(order.amount_rupiah)],
            "back": [],
            "void": _("BATAL") if invoice.voided_at or order.state in (OrderState.expired, OrderState.cancelled) else "",
            "notes": notes(invoice),
        }
    )


def _table(invoice: Invoice) -> tuple[list[str], list[list[str]]]:
    if invoice.order.topup:
        return [_("Untuk"), _("Jumlah")], [[_("Isi saldo"), rupiah(invoice.order.amount_rupiah)]]
    parts = bills.parts_of(invoice.order_id)
    rows = [[bulan(one.month), ribuan(one.workers), rupiah(one.price_rupiah), rupiah(one.amount_rupiah)] for one in parts]
    return [_("Bulan iuran"), _("Pekerja"), _("Iuran per orang"), _("Jumlah")], rows


def facts(invoice: Invoice, payer: str) -> list[tuple[str, str]]:
    """Whose bill, for how many, until when, to which account."""
    prefix = gateway.settings().va_prefix
    rows = [
        (_("Nomor tagihan"), invoice.label),
        (_("Kepada"), payer),
        (_("Dibuat"), waktu(invoice.issued_at)),
        (_("Jatuh tempo"), tanggal(invoice.due_on)),
    ]
    rows += [] if invoice.order.topup else [(_("Pekerja"), _("%(count)s orang", count=ribuan(invoice.workers)))]
    return [*rows, (_("Nomor virtual account"), virtual.number_of(prefix, invoice.order_id))] if prefix else rows


def notes(invoice: Invoice) -> list[str]:
    """What the reader must know about this paper."""
    lines = [_("Ini tagihan dari Sertakan, bukan dokumen BPJS Ketenagakerjaan.")]
    if invoice.order.topup:
        return [*lines, _("Saldo tidak hangus. Dipakai untuk tagihan lembaga Anda, atau dikembalikan bila diminta.")]
    lines.append(_("Tanpa biaya tambahan: seluruhnya diteruskan ke BPJS Ketenagakerjaan setelah petugas menyetujui datanya."))
    if any(part.relief_rupiah for part in bills.parts_of(invoice.order_id)):
        lines.append(_("Harga sudah termasuk keringanan separuh iuran JKK dan JKM dari pemerintah (PP 50/2025)."))
    lines.append(_("Lewat jatuh tempo, bulan yang belum dibayar dilepas supaya dapat dilindungi pihak lain."))
    return lines
