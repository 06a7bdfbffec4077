"""Stripe's HTTP API, as much of it as a shop with hosted checkout needs: strict, idempotent, paged."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from sertakan.sandbox import params
from sertakan.sandbox.errors import ApiError, Json
from sertakan.sandbox.faults import Fault
from sertakan.sandbox.parts import Parts, parts
from sertakan.sandbox.shapes import new_id

bp = Blueprint("api", __name__, url_prefix="/v1")

LOCALES = (
    *(
        "auto",
        "bg",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "en-GB",
        "es",
        "es-419",
        "et",
        "fi",
        "fil",
        "fr",
        "fr-CA",
        "hi-IN",
        "hr",
        "hu",
        "id",
    ),
    *("it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi"),
    *("zh", "zh-HK", "zh-TW"),
)
PRICE = params.Group(
    {
        "currency": params.Choice(required=True, options=("idr",)),
        "unit_amount": params.Whole(required=True),
        "product_data": params.Group(
            {"name": params.Text(required=True, longest=1500), "description": params.Text(), "metadata": params.Metadata()},
            required=True,
        ),
    },
    required=True,
)
SESSION: dict[str, Any] = {
    "mode": params.Choice(required=True, options=("payment", "setup")),
    "line_items": params.Rows({"quantity": params.Whole(required=True, least=1, most=999_999), "price_data": PRICE}),
    "currency": params.Choice(options=("idr",)),
    "customer": params.Text(),
    "setup_intent_data": params.Group({"metadata": params.Metadata(), "description": params.Text(longest=1000)}),
    "success_url": params.Url(required=True),
    "cancel_url": params.Url(),
    "client_reference_id": params.Text(longest=200),
    "expires_at": params.Whole(),
    "locale": params.Choice(options=LOCALES),
    "metadata": params.Metadata(),
    "payment_intent_data": params.Group({"metadata": params.Metadata(), "description": params.Text(longest=1000)}),
}
REFUND: dict[str, Any] = {
    "payment_intent": params.Text(),
    "charge": params.Text(),
    "amount": params.Whole(least=1),
    "metadata": params.Metadata(),
    "reason": params.Choice(options=("duplicate", "fraudulent", "requested_by_customer")),
}
CUSTOMER: dict[str, Any] = {"metadata": params.Metadata()}
YES = ("true", "false")
INTENT: dict[str, Any] = {
    "amount": params.Whole(required=True, least=1),
    "currency": params.Choice(required=True, options=("idr",)),
    "customer": params.Text(required=True),
    "payment_method": params.Text(required=True),
    "automatic_payment_methods": params.Group(
        {"enabled": params.Choice(required=True, options=YES), "allow_redirects": params.Choice(options=("always", "never"))}
    ),
    "off_session": params.Choice(required=True, options=YES),
    "confirm": params.Choice(required=True, options=YES),
    "description": params.Text(longest=1000),
    "metadata": params.Metadata(),
}
FILTERS: dict[str, dict[str, Any]] = {
    "checkout.session": {"payment_intent": params.Text(), "status": params.Choice(options=("open", "complete", "expired"))},
    "refund": {"payment_intent": params.Text(), "charge": params.Text()},
    "charge": {"payment_intent": params.Text()},
    "dispute": {"payment_intent": params.Text(), "charge": params.Text()},
    "payment_intent": {"customer": params.Text()},
    "setup_intent": {"customer": params.Text()},
    "payment_method": {"customer": params.Text()},
    "customer": {},
    "event": {"type": params.Text()},
}


# ---- the way of every call -----------------------------------------------------------------------------------------------------


def _key_of_caller() -> str:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[0]
        except ValueError:
            value = ""
    return value.strip()


def check_key(of: Parts) -> None:
    key = _key_of_caller()
    if "_live_" in key:
        raise ApiError(401, "This is a sandbox. It refuses live keys; treat this one as leaked and roll it.")
    if not key.startswith(("sk_test_", "rk_test_")) or (of.settings.api_key and key != of.settings.api_key):
        raise ApiError(401, "Invalid API Key provided.")


def _form() -> list[tuple[str, str]]:
    if request.mimetype != "application/x-www-form-urlencoded":
        raise ApiError(400, "POST requests need Content-Type: application/x-www-form-urlencoded, even without a body.")
    if request.args:
        raise ApiError(400, "Parameters of a POST request belong into its body.")
    return list(request.form.items(multi=True))


def _answer(status: int, body: Json, *, replayed: bool = False) -> Response:
    response = Response(json.dumps(body, indent=2), status=status, mimetype="application/json")
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _get(look: Callable[[Parts, list[tuple[str, str]]], Json]) -> Response:
    of = parts()
    check_key(of)
    fault = of.faults.take()
    replaced = of.faults.before(fault)
    if replaced is not None:
        return replaced
    if fault and fault.kind == "slow":
        of.faults.wait(fault.seconds)
    return of.faults.after(fault, _answer(200, look(of, list(request.args.items(multi=True)))))


def _post(run: Callable[[Parts, list[tuple[str, str]]], Json | ApiError]) -> Response:
    of = parts()
    check_key(of)
    fault = of.faults.take()
    replaced = of.faults.before(fault)
    if replaced is not None:
        return replaced
    form, key = _form(), request.headers.get("Idempotency-Key", "") or new_id("auto_")
    if len(key) > 255:
        raise ApiError(400, "Idempotency keys have at most 255 characters.", kind="idempotency_error")
    fingerprint = hashlib.sha256(json.dumps([request.path, sorted(form)]).encode()).hexdigest()
    first = of.store.reserve(key, fingerprint)
    if first is not None:
        return of.faults.after(fault, _answer(*first, replayed=True))
    return of.faults.after(fault, _run(of, run, form, key, fault))


def _run(
    of: Parts,
    run: Callable[[Parts, list[tuple[str, str]]], Json | ApiError],
    form: list[tuple[str, str]],
    key: str,
    fault: Fault | None,
) -> Response:
    """Run the endpoint and keep its answer under the key, in one transaction."""
    try:
        if fault and fault.kind == "slow":
            of.faults.wait(fault.seconds)
        with of.store.write():
            of.bank.request = {"id": new_id("req_", 14), "idempotency_key": key}
            made = run(of, form)  # a no that is returned, not raised, leaves its rows: a declined charge is one
            status, body = (made.status, made.body) if isinstance(made, ApiError) else (200, made)
            if fault and fault.kind == "error_after":
                status, body = 500, ApiError(500, "An unknown error occurred.", kind="api_error").body
            of.store.remember(key, status, body)
        return _answer(status, body)
    except ApiError as error:
        if error.stored:
            of.store.remember(key, error.status, error.body)
        raise
    finally:
        of.store.forget(key)
        of.sender.wake()


@bp.errorhandler(ApiError)
def refuse(error: ApiError) -> Response:
    response = _answer(error.status, error.body)
    response.headers.update(error.headers)
    return response


@bp.after_request
def describe(response: Response) -> Response:
    response.headers.setdefault("Request-Id", new_id("req_", 14))
    response.headers.setdefault("Stripe-Version", request.headers.get("Stripe-Version", "unpinned"))
    if key := request.headers.get("Idempotency-Key"):
        response.headers["Idempotency-Key"] = key
    return response


# ---- endpoints -----------------------------------------------------------------------------------------------------------------


@bp.post("/checkout/sessions")
def create_session() -> Response:
    base = request.host_url.rstrip("/")

    def run(of: Parts, form: list[tuple[str, str]]) -> Json:
        wanted = params.read(SESSION, form)
        return of.saved.open_setup(wanted, base) if wanted["mode"] == "setup" else of.bank.open_session(wanted, base)

    return _post(run)


@bp.post("/checkout/sessions/<session_id>/expire")
def expire_session(session_id: str) -> Response:
    def run(of: Parts, form: list[tuple[str, str]]) -> Json:
        params.read({}, form)
        return of.bank.expire_session(session_id)

    return _post(run)


@bp.post("/refunds")
def create_refund() -> Response:
    return _post(lambda of, form: of.bank.refund(params.read(REFUND, form)))


@bp.post("/customers")
def create_customer() -> Response:
    return _post(lambda of, form: of.saved.customer(params.read(CUSTOMER, form)))


@bp.post("/payment_intents")
def create_intent() -> Response:
    return _post(lambda of, form: of.saved.charge(params.read(INTENT, form)))


@bp.post("/payment_methods/<method_id>/detach")
def detach(method_id: str) -> Response:
    def run(of: Parts, form: list[tuple[str, str]]) -> Json:
        params.read({}, form)
        return of.saved.detach(method_id)

    return _post(run)


PLURALS = {
    "checkout/sessions": "checkout.session",
    "refunds": "refund",
    "disputes": "dispute",
    "charges": "charge",
    "payment_intents": "payment_intent",
    "setup_intents": "setup_intent",
    "payment_methods": "payment_method",
    "customers": "customer",
    "events": "event",
}


def get_thing(plural: str, thing_id: str) -> Response:
    def look(of: Parts, query: list[tuple[str, str]]) -> Json:
        params.read({}, query)
        of.bank.expire_due()
        return of.store.get(PLURALS[plural], thing_id)

    return _get(look)


def list_things(plural: str) -> Response:
    kind = PLURALS[plural]

    def look(of: Parts, query: list[tuple[str, str]]) -> Json:
        wanted = params.read(params.PAGING | FILTERS[kind], query)
        of.bank.expire_due()
        span = wanted.get("created", {})
        equals = {name: wanted[name] for name in FILTERS[kind] if name in wanted}
        rows, more = of.store.page(
            kind,
            lambda body: _within(body["created"], span) and all(body[name] == value for name, value in equals.items()),
            wanted.get("limit", 10),
            wanted.get("starting_after"),
            wanted.get("ending_before"),
        )
        return {"object": "list", "data": rows, "has_more": more, "url": f"/v1/{plural}"}

    return _get(look)


def _within(moment: int, span: dict[str, int]) -> bool:
    checks = {
        "gt": moment > span.get("gt", -1),
        "gte": moment >= span.get("gte", 0),
        "lt": moment < span.get("lt", 1 << 62),
        "lte": moment <= span.get("lte", 1 << 62),
    }
    return all(checks.values())


for plural in PLURALS:
    bp.add_url_rule(f"/{plural}/<thing_id>", f"get {plural}", get_thing, defaults={"plural": plural})
    bp.add_url_rule(f"/{plural}", f"list {plural}", list_things, defaults={"plural": plural})


@bp.route("/<path:unknown>", methods=["GET", "POST", "DELETE"])
def unknown_path(unknown: str) -> Response:
    check_key(parts())
    raise ApiError(404, f"Unrecognized request URL ({request.method}: /v1/{unknown}).")
