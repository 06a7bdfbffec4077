"""Receipts: what a payment filled, month by month, on a page and on paper. Not a document of BPJS Ketenagakerjaan, and says so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask_babel import gettext as _

from sertakan.kit.months import Month
from sertakan.payments import bills, receipt_queries
from sertakan.payments.models import Receipt
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.web.filters import bulan, ribuan, rupiah, waktu
from sertakan.web.language import current_language

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = Path(__file__).parent / "templates" / "payments" / "receipt.typ"


@dataclass(frozen=True)
class Line:
    """One month: the parts of its price in whole rupiah, and whether the money went back later."""

    month: Month
    jkk_rupiah: int
    jkm_rupiah: int
    jht_rupiah: int
    relief_rupiah: int
    price_rupiah: int
    returned: bool
    workers: int = 1


@dataclass(frozen=True)
class Paper:
    """Everything that a receipt says. `nik_end` are the last four digits, or None when the payer knows the worker only coarsely."""

    number: str
    code: str
    paid_at: datetime
    payer: str
    worker: str
    nik_end: str | None
    lines: Sequence[Line]
    total_rupiah: int
    returned_rupiah: int
    voided: bool
    topup: bool = False  # paid ahead, for nobody yet

    @property
    def for_many(self) -> bool:
        """Of an organisation's bill; then a line is a month of many workers."""
        return self.code.startswith("TG-")

    @property
    def with_jht(self) -> bool:
        return any(line.jht_rupiah for line in self.lines)

    @property
    def with_relief(self) -> bool:
        return any(line.relief_rupiah for line in self.lines)


def read(receipt: Receipt) -> Paper:
    """The receipt with its months as they were paid; of a bill for many workers summed by month."""
    order = receipt.payment.order
    if order.organisation is not None:
        return _of_topup(receipt, order.organisation.name) if order.topup else _of_many(receipt, order.organisation.name)
    sponsorship = order.promise
    lines = [
        Line(
            month=month.month,
            jkk_rupiah=month.jkk_rupiah,
            jkm_rupiah=month.jkm_rupiah,
            jht_rupiah=month.jht_rupiah,
            relief_rupiah=month.relief_rupiah,
            price_rupiah=allocation.amount_rupiah,
            returned=allocation.freed_at is not None,
        )
        for month, allocation in receipt_queries.receipt_lines(receipt.payment_id)
    ]
    return Paper(
        number=receipt.label,
        code=sponsorship.code,
        paid_at=receipt.payment.received_at,
        payer=sponsorship.sponsor.name,
        worker=sponsorship_queries.display_name(sponsorship),
        nik_end=None if sponsorship.chosen_from_list else sponsorship.worker.nik[-4:],
        lines=lines,
        total_rupiah=sum(line.price_rupiah for line in lines),
        returned_rupiah=sum(line.price_rupiah for line in lines if line.returned),
        voided=receipt.voided_at is not None,
    )


def _of_many(receipt: Receipt, payer: str) -> Paper:
    """Each month with how many workers; without the parts of the price, of which a payment in several may fill some only."""
    invoice, rows = bills.invoice_of(receipt.payment.order_id), receipt_queries.receipt_sums(receipt.payment_id)
    lines = [Line(row.month, 0, 0, 0, 0, int(row.rupiah), returned=False, workers=row.workers) for row in rows]
    return Paper(
        number=receipt.label,
        code=invoice.label,
        paid_at=receipt.payment.received_at,
        payer=payer,
        worker=_("%(count)s pekerja", count=ribuan(invoice.workers)),
        nik_end=None,
        lines=lines,
        total_rupiah=sum(line.price_rupiah for line in lines),
        returned_rupiah=sum(int(row.returned) for row in rows),
        voided=receipt.voided_at is not None,
    )


def _of_topup(receipt: Receipt, payer: str) -> Paper:
    """What was paid ahead, whole; the months that it fills later stand on the bills that it pays."""
    return Paper(
        number=receipt.label,
        code=bills.invoice_of(receipt.payment.order_id).label,
        paid_at=receipt.payment.received_at,
        payer=payer,
        worker="",
        nik_end=None,
        lines=[],
        total_rupiah=receipt.payment.amount_rupiah,
        returned_rupiah=0,
        voided=receipt.voided_at is not None,
        topup=True,
    )


def columns(paper: Paper) -> list[str]:
    """The heads of the table; a column that would be empty is left out."""
    if paper.topup:
        return [_("Untuk"), _("Dibayar")]
    if paper.for_many:
        return [_("Bulan iuran"), _("Pekerja"), _("Dibayar")]
    heads = [_("Bulan iuran"), "JKK", "JKM"]
    heads += ["JHT"] if paper.with_jht else []
    heads += [_("Potongan")] if paper.with_relief else []
    return [*heads, _("Dibayar")]


def rows(paper: Paper) -> list[list[str]]:
    """The table, as words."""
    if paper.topup:
        return [[_("Isi saldo"), rupiah(paper.total_rupiah)]]
    return [cells(paper, line) for line in paper.lines]


def cells(paper: Paper, line: Line) -> list[str]:
    """One row of the table, as words."""
    month = _("%(month)s (dikembalikan)", month=bulan(line.month)) if line.returned else bulan(line.month)
    if paper.for_many:
        return [month, ribuan(line.workers), rupiah(line.price_rupiah)]
    row = [month, rupiah(line.jkk_rupiah), rupiah(line.jkm_rupiah)]
    row += [rupiah(line.jht_rupiah)] if paper.with_jht else []
    row += ["−" + rupiah(line.relief_rupiah) if line.relief_rupiah else "–"] if paper.with_relief else []
    return [*row, rupiah(line.price_rupiah)]


def facts(paper: Paper) -> list[tuple[str, str]]:
    """Who, for whom and when: pairs of a word and its value."""
    rows = [
        (_("Nomor bukti"), paper.number),
        (_("Dibayar pada"), waktu(paper.paid_at)),
        (_("Dibayar oleh"), paper.payer),
    ]
    rows += [(_("Untuk pekerja"), paper.worker)] if paper.worker else []
    rows += [(_("NIK"), _("berakhiran %(digits)s", digits=paper.nik_end))] if paper.nik_end else []
    return [*rows, (_("Nomor tagihan") if paper.for_many else _("Nomor dukungan"), paper.code)]


def pdf(paper: Paper) -> bytes:
    """The receipt as a tagged PDF in the language of the page."""
    words = {
        "lang": current_language(),
        "title": _("Bukti pembayaran"),
        "subtitle": _("Iuran BPJS Ketenagakerjaan, peserta Bukan Penerima Upah"),
        "number": paper.number,
        "facts": facts(paper),
        "columns": columns(paper),
        "rows": rows(paper),
        "returned": [line.returned for line in paper.lines] or [False],
        "total": [_("Jumlah"), rupiah(paper.total_rupiah)],
        "back": [_("Sudah dikembalikan"), rupiah(paper.returned_rupiah)] if paper.returned_rupiah else [],
        "void": _("BATAL") if paper.voided else "",
        "notes": notes(paper),
    }
    return printed(words)


def printed(words: dict[str, object]) -> bytes:
    """A paper of this form as a tagged PDF."""
    import typst  # 6 MiB that a server process needs only once somebody prints

    return typst.compile(
        str(TEMPLATE),
        root=str(ROOT),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(words, ensure_ascii=False)},
        pdf_standards="ua-1",
    )


def notes(paper: Paper) -> list[str]:
    """What the reader must know about this paper."""
    lines = [_("Ini bukti pembayaran dari Sertakan, bukan dokumen BPJS Ketenagakerjaan.")]
    if paper.topup:
        return [*lines, _("Saldo tidak hangus. Dipakai untuk tagihan lembaga Anda, atau dikembalikan bila diminta.")]
    lines.append(
        _(
            "Uang diteruskan penuh ke BPJS Ketenagakerjaan setelah petugas menyetujui. Bulan berstatus aktif setelah buktinya masuk."
        )
    )
    if paper.with_relief:
        lines.append(_("Potongan: keringanan separuh iuran JKK dan JKM dari pemerintah (PP 50/2025)."))
    return lines
