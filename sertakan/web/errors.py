"""A no that a person can read. Refused becomes a page with its own status; a bug becomes a reference, never a trace."""

import logging
import secrets
from typing import Any

from flask import Flask, Response, current_app, make_response, render_template, request
from flask_babel import format_date
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from sertakan.db import db
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month

log = logging.getLogger("sertakan.errors")

TITLES: dict[int, tuple[str, str]] = {
    400: (N_("Permintaan tidak dapat dibaca"), N_("Muat ulang halaman, lalu coba lagi.")),
    401: (N_("Masuk dulu"), N_("Halaman ini hanya untuk pengguna yang sudah masuk.")),
    403: (N_("Tidak diizinkan"), N_("Buka lagi halamannya dari awal, lalu coba sekali lagi.")),
    404: (N_("Halaman tidak ada"), N_("Mungkin salah ketik, atau tautannya sudah tidak berlaku.")),
    405: (N_("Cara membuka halaman ini keliru"), N_("Buka halamannya dari menu.")),
    409: (N_("Sudah berubah"), N_("Muat ulang halaman untuk melihat keadaan terbaru.")),
    410: (N_("Tautan sudah tidak berlaku"), N_("Minta tautan baru dari halaman Dukungan.")),
    413: (N_("Terlalu besar"), N_("Kiriman Anda terlalu besar. Kirim yang lebih kecil.")),
    422: (N_("Belum bisa dilanjutkan"), N_("Periksa lagi isian Anda.")),
    429: (N_("Terlalu sering mencoba"), N_("Tunggu satu menit, lalu coba lagi.")),
    500: (N_("Ada gangguan di sistem kami"), N_("Data Anda aman. Coba lagi sebentar.")),
    503: (N_("Sistem sedang sibuk"), N_("Isian Anda belum hilang. Tunggu sebentar, lalu kirim lagi.")),
}


def say(no: Refused) -> str:
    """The refusal's sentence in the language of this request; a month is named as people name it."""
    words = {name: _month_name(value) if isinstance(value, Month) else value for name, value in no.params.items()}
    return str(_(no.message, **words))


def _month_name(month: Month) -> str:
    return str(format_date(month.first_day, "MMMM yyyy"))


def error_page(code: int, message: str | None = None, reference: str | None = None) -> Response:
    """The page for a status; `message` replaces the standing sentence."""
    title, standing = TITLES.get(code, TITLES[400 if code < 500 else 500])
    page = render_template(
        "errors/error.html", code=code, title=_(title), message=message or _(standing), reference=reference, action=None
    )
    response = make_response(page, code)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(no: Refused) -> Response:
    return error_page(no.status, say(no))


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    response = error_page(error.code)
    if error.code == 405 and error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _csrf(error: CSRFError) -> Response:
    return error_page(403, _("Demi keamanan, halaman ini sudah kedaluwarsa. Buka lagi halamannya; isian Anda tersimpan."))


def _busy(error: OperationalError) -> Response:
    db.session.rollback()
    if any(
        words in str(error.orig) for words in ("database is locked", "lock timeout", "statement timeout", "deadlock detected")
    ):
        response = error_page(503)
        response.headers["Retry-After"] = "5"
        return response
    return _bug(error)


def _bug(error: Exception) -> Response:
    """Log the kind and place of the fault under a reference; the page shows the reference only."""
    reference = secrets.token_hex(4).upper()
    log.error("fault %s at %s %s", reference, request.method, request.endpoint, exc_info=error)
    db.session.rollback()
    if current_app.testing and current_app.config.get("PROPAGATE_EXCEPTIONS") is not False:
        raise error
    return error_page(500, reference=reference)


def init_errors(app: Flask) -> None:
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _bug)
