"""Security headers on every answer, and the check that a form comes from our own pages (QUALITY A 26 to 32)."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import current_user

from sertakan.web.access import access_of

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
)
SAFE = {"GET", "HEAD", "OPTIONS"}


def cacheable(response: Response, seconds: int = 60) -> Response:
    """Mark a public page that does not look at the cookie as storable by anybody."""
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    return response


def _check_origin() -> None:
    if request.method in SAFE or access_of(current_app, request.endpoint or "") == "token":
        return
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin is None:
        if not current_app.testing:
            abort(403)
        return
    if _host_of(origin) != request.host:
        abort(403)


def _check_address() -> None:
    """A NUL names nothing, and PostgreSQL cannot even look for it."""
    if "\0" in request.path:
        abort(404)


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).netloc
    except ValueError:  # not an address at all
        return None


def fixed_headers(app: Flask) -> dict[str, str]:
    """What every answer carries, whatever it is."""
    fixed = {
        # our own pages, and the payment page that a form's answer redirects to
        "Content-Security-Policy": CSP.format(form_action=f"'self' {app.config['CHECKOUT_ORIGIN']}"),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return fixed | ({"Strict-Transport-Security": "max-age=63072000; includeSubDomains"} if app.config["HTTPS"] else {})


def _set_headers(response: Response) -> Response:
    headers = response.headers
    for name, value in current_app.extensions["fixed_headers"].items():
        if name not in headers:
            headers[name] = value
    if "Cache-Control" not in headers or (_shared_page(headers["Cache-Control"]) and (session.modified or current_user_known())):
        headers["Cache-Control"] = "no-store"
    return response


def _shared_page(cache: str) -> bool:
    """A page that anybody may store, and that a signed-in visitor may not; an immutable file is the same for everybody."""
    return cache.startswith("public") and "immutable" not in cache


class SessionCookie(SecureCookieSessionInterface):
    """Flask's signed cookie. What anybody may store never varies by it, whoever looked into it on the way (QUALITY A 32)."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.modified or not response.headers.get("Cache-Control", "").startswith("public"):
            super().save_session(app, session, response)


def current_user_known() -> bool:
    return bool(session.get("_user_id")) and current_user.is_authenticated


def init_headers(app: Flask) -> None:
    app.session_interface = SessionCookie()
    app.extensions["fixed_headers"] = fixed_headers(app)
    app.before_request(_check_address)
    app.before_request(_check_origin)
    app.after_request(_set_headers)
