"""The payment page that Stripe would host, in Indonesian and English by the session's `locale`. Works without scripts."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from sertakan.sandbox.errors import ApiError, Json
from sertakan.sandbox.parts import parts
from sertakan.sandbox.saved import CARDS
from sertakan.sandbox.words import WORDS, rupiah

bp = Blueprint("pay", __name__, url_prefix="/pay")
METHODS = {"qris": "qris", "va": "customer_balance", "card": "card"}
STAY = {"decline", "later", "fail"}


def language_of(session: Json | None) -> str:
    """The session's own language; for `auto` and none, what the browser likes best; English for all others."""
    wanted = (session or {}).get("locale") or "auto"
    if wanted == "auto":
        return request.accept_languages.best_match(list(WORDS)) or "id"
    return wanted if wanted in WORDS else "en"


def state_of(session: Json, intent: Json | None) -> str:
    """Which page to show: open, waiting, failed, paid or expired."""
    if session["mode"] == "setup":
        return {"open": "save", "complete": "saved"}.get(session["status"], "expired")
    if session["status"] != "complete":
        return str(session["status"])
    if session["payment_status"] == "paid":
        return "paid"
    return "waiting" if intent and intent["status"] == "processing" else "failed"


def return_address(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _origin(url: str | None) -> str:
    split = urlsplit(url or "")
    return f"{split.scheme}://{split.netloc}" if split.netloc else ""


def _page(session: Json | None, status: int = 200, **more: Any) -> Response:
    language = language_of(session)
    words = WORDS[language]

    def say(name: str, **values: str) -> str:
        return words[name].format(**values)

    html = render_template(
        "sandbox/pay.html",
        say=say,
        language=language,
        session=session,
        merchant=parts().settings.merchant,
        methods=METHODS,
        **more,
    )
    response = make_response(html, status)
    targets = {_origin(session[name]) for name in ("success_url", "cancel_url")} if session else set()
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {' '.join(sorted(targets))}"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.errorhandler(ApiError)
def unknown(error: ApiError) -> Response:
    return _page(None, 404 if error.status == 404 else 409, state="unknown")


@bp.get("/<session_id>")
def show(session_id: str) -> Response:
    of = parts()
    session = of.bank.session(session_id)
    intent = of.store.find("payment_intent", session["payment_intent"])
    until = datetime.fromtimestamp(session["expires_at"], UTC).astimezone(ZoneInfo("Asia/Pontianak"))
    return _page(
        session,
        state=state_of(session, intent),
        amount=rupiah(session["amount_total"] or 0, language_of(session)),
        cards=CARDS,
        product=of.bank.product(session),
        declined=bool(intent and intent["last_payment_error"]),
        until=until.strftime("%H.%M" if language_of(session) == "id" else "%H:%M"),
        return_address=return_address(session),
        account="8808 " + "".join(str(ord(letter) % 10) for letter in session["id"][-8:]),
    )


@bp.post("/<session_id>/<any(pay, decline, later, settle, fail, twice, save):action>")
def act(session_id: str, action: str) -> BaseResponse:
    """Do it once, then go on: back to the merchant when money came, else to this page. An outdated page changes nothing."""
    of = parts()
    session = of.bank.session(session_id)
    method = METHODS.get(request.form.get("method", ""), "card")
    try:
        _do(action, session, method)
    except ApiError:
        return redirect(f"/pay/{session_id}", 303)
    of.sender.wake()
    return redirect(f"/pay/{session_id}" if action in STAY else return_address(session), 303)


def _do(action: str, session: Json, method: str) -> None:
    bank = parts().bank
    if action == "save":
        card = request.form.get("card", "good")
        parts().saved.save(session["id"], card if card in CARDS else "good")
    elif action == "twice":
        if session["status"] == "open":
            bank.pay(session["id"], method)
        bank.pay_again(session["id"])
    elif action in {"settle", "fail"}:
        bank.settle_later(session["id"], success=action == "settle")
    elif action == "later":
        bank.pay_later(session["id"])
    elif action == "decline":
        bank.decline(session["id"], method)
    else:
        bank.pay(session["id"], method)
