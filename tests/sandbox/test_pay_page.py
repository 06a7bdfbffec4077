"""The payment page: both languages, every button, every state; no scripts, no inline styles, back to the merchant."""

import http.client
import re
from urllib.parse import urlencode, urlsplit

import pytest

from sertakan.sandbox.words import WORDS, rupiah
from tests.sandbox.test_api import create
from tests.sandbox_process import Sandbox

BACK = "http://127.0.0.1:8000/bayar/kembali?s={CHECKOUT_SESSION_ID}"
CANCEL = "http://127.0.0.1:8000/bayar/batal"


def open_page(sandbox: Sandbox, **changes: str) -> str:
    """The path of a new session's page."""
    fields = {"success_url": BACK, "cancel_url": CANCEL, "locale": "id", "client_reference_id": "7KQ2-M9XF"} | changes
    return urlsplit(create(sandbox, **fields)[1]["url"]).path


def visit(sandbox: Sandbox, path: str, method: str = "GET", /, **form: str) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": form.pop("language", "")}
    try:
        connection.request(method, path, urlencode(form), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def press(sandbox: Sandbox, path: str, action: str) -> str:
    """Where a button leads."""
    status, _, headers = visit(sandbox, f"{path}/{action}", "POST", method="qris")
    assert status == 303
    return headers["location"]


def heading(html: str) -> str:
    found: list[str] = re.findall(r"<h1>(.*?)</h1>", html)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("locale", "title"), [("id", "Bayar Rp16.800"), ("en", "Pay Rp16,800"), ("fr", "Pay Rp16,800")])
def test_it_speaks_the_language_of_the_session(sandbox: Sandbox, locale: str, title: str) -> None:
    status, html, _ = visit(sandbox, open_page(sandbox, locale=locale))
    language = "id" if locale == "id" else "en"
    assert status == 200
    assert heading(html) == title
    assert f'<html lang="{language}">' in html
    assert WORDS[language]["test"] in html
    assert "Iuran" in html
    assert "7KQ2-M9XF" in html


def test_without_a_language_it_follows_the_browser(sandbox: Sandbox) -> None:
    path = open_page(sandbox, locale="auto")
    assert heading(visit(sandbox, path, language="en-US,en;q=0.9")[1]).startswith("Pay")
    assert heading(visit(sandbox, path, language="jv")[1]).startswith("Bayar")


def test_paying_leads_back_with_the_session_filled_in(sandbox: Sandbox) -> None:
    path = open_page(sandbox)
    session_id = path.rsplit("/", 1)[1]
    assert press(sandbox, path, "pay") == BACK.replace("{CHECKOUT_SESSION_ID}", session_id)
    assert heading(visit(sandbox, path)[1]) == "Rp16.800 sudah dibayar"
    assert sandbox.books()["charged_rupiah"] == 16_800
    assert sandbox.things("charge")[0]["payment_method_details"] == {"type": "qris"}


def test_paying_an_old_page_again_changes_nothing(sandbox: Sandbox) -> None:
    path = open_page(sandbox)
    press(sandbox, path, "pay")
    assert press(sandbox, path, "pay") == path
    assert press(sandbox, path, "decline") == path
    assert sandbox.books()["charged_rupiah"] == 16_800


def test_a_declined_payment_can_be_tried_again(sandbox: Sandbox) -> None:
    path = open_page(sandbox)
    assert press(sandbox, path, "decline") == path
    assert WORDS["id"]["declined"] in visit(sandbox, path)[1]
    press(sandbox, path, "pay")
    assert len(sandbox.things("payment_intent")) == 1
    assert sandbox.books()["orders"][""]["charges"] == 1


def test_a_transfer_is_paid_only_when_it_is_completed(sandbox: Sandbox) -> None:
    path = open_page(sandbox)
    assert press(sandbox, path, "later") == path
    assert heading(visit(sandbox, path)[1]) == "Menunggu transfer Rp16.800"
    assert sandbox.books()["charged_rupiah"] == 0
    assert press(sandbox, path, "settle").startswith("http://127.0.0.1:8000/bayar/kembali")
    assert sandbox.books()["charged_rupiah"] == 16_800


def test_a_transfer_may_fail_for_good(sandbox: Sandbox) -> None:
    path = open_page(sandbox)
    press(sandbox, path, "later")
    press(sandbox, path, "fail")
    html = visit(sandbox, path)[1]
    assert heading(html) == WORDS["id"]["failed_title"]
    assert CANCEL in html
    assert press(sandbox, path, "settle") == path
    assert sandbox.books()["charged_rupiah"] == 0


@pytest.mark.parametrize("first", ["", "pay"])
def test_paying_twice_takes_the_money_twice(sandbox: Sandbox, first: str) -> None:
    path = open_page(sandbox)
    if first:
        press(sandbox, path, first)
    assert press(sandbox, path, "twice").startswith("http://127.0.0.1:8000/bayar/kembali")
    assert sandbox.books()["charged_rupiah"] == 33_600


def test_an_expired_page_takes_no_money(sandbox: Sandbox) -> None:
    path = open_page(sandbox)
    sandbox.control("clock", advance_s=25 * 3600)
    assert heading(visit(sandbox, path)[1]) == WORDS["id"]["expired_title"]
    assert press(sandbox, path, "pay") == path
    assert sandbox.books()["charged_rupiah"] == 0


def test_an_unknown_page_says_so(sandbox: Sandbox) -> None:
    status, html, _ = visit(sandbox, "/pay/cs_test_unknown", language="en")
    assert status == 404
    assert heading(html) == WORDS["en"]["unknown_title"]


def test_the_page_needs_no_script_and_sends_forms_home_only(sandbox: Sandbox) -> None:
    path = open_page(sandbox)
    for action in ("", "decline", "later", "settle"):
        if action:
            press(sandbox, path, action)
        _, html, headers = visit(sandbox, path)
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", html)
        assert "form-action 'self' http://127.0.0.1:8000" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
    assert visit(sandbox, "/static/pay.css")[0] == 200


def test_what_the_merchant_writes_is_text_only(sandbox: Sandbox) -> None:
    name = "line_items[0][price_data][product_data][name]"
    html = visit(sandbox, open_page(sandbox, **{name: "<b>Iuran</b>"}))[1]
    assert "&lt;b&gt;Iuran" in html


def test_both_languages_say_everything() -> None:
    assert WORDS["id"].keys() == WORDS["en"].keys()
    for word, text in WORDS["id"].items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", WORDS["en"][word])


def test_rupiah_are_written_as_each_language_does() -> None:
    assert rupiah(9_240_000, "id") == "Rp92.400"
    assert rupiah(123_456_700, "en") == "Rp1,234,567"
