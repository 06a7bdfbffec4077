"""An organisation's bill from both sides: its finance department transfers it in two parts, ours takes the bank's statements."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.site import Site
from tests.browser.visitor import DESK, Visitor

Visit = Callable[..., Visitor]


def take_statement(maya: Visitor, account: str, amount: int) -> None:
    """A file of the bank with one line for this account."""
    maya.go("/petugas/mutasi/baru")
    data = f"Tanggal;Keterangan;Kredit;Nomor VA\n22/11/2026;TRANSFER {amount};{amount};{account}\n".encode()
    maya.page.set_input_files("input[type=file]", {"name": "mutasi.csv", "mimeType": "text/csv", "buffer": data})
    maya.press("Unggah dan cocokkan")


def test_two_transfers_pay_the_bill_of_an_organisation_and_leave_receipts(site: Site, visit: Visit) -> None:
    payer, maya = visit(size=DESK), visit(size=DESK)
    found = re.search(r"/tagihan/[\w-]+", payer.message("rina@demo.test", "TG-2026-000001"))
    assert found
    bill = found.group()
    payer.go(bill)  # the link is all that the finance department has
    amount = int(re.sub(r"\D", "", payer.page.locator("h1").inner_text()))
    account = payer.page.locator("code").first.inner_text()
    maya.sign_in_as_staff("finance")
    take_statement(maya, account, 100_000)
    payer.until_shown("Transfer sisanya dari bank", bill)
    expect(payer.button("Ke halaman pembayaran")).to_have_count(0)
    take_statement(maya, account, amount - 100_000)
    payer.until_shown("Lunas", bill)
    payer.page.get_by_role("link", name=re.compile("KW-2026")).last.click()
    payer.sees("Nomor tagihan")
    site.books_are_clean()
