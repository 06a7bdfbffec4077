"""The pages that belong to nobody else. None of them looks at the cookie."""

import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, current_app, make_response, render_template, url_for
from flask_babel import gettext as _

from sertakan.front import style
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.reports import health as whole
from sertakan.runs import queries as runs
from sertakan.tariff import queries as tariff
from sertakan.tariff import rules as tariff_rules
from sertakan.tariff.rules import Package, PayerKind, Sector
from sertakan.web import assets
from sertakan.web.access import public
from sertakan.web.headers import cacheable
from sertakan.web.kept import kept

bp = Blueprint("front", __name__, template_folder="templates")
COMMON_WORK = "asisten_rumah_tangga"


def _page(template: str, **more: Any) -> Response:
    return cacheable(make_response(render_template(template, **more)))


def _relief_end(month: Month) -> Month | None:
    """The last month of the relief that helps most workers now; None when there is none."""
    ends = [
        row.to_month
        for row in tariff.tariff_book().reliefs
        if row.sector is Sector.other and row.to_month and tariff_rules.valid(row.from_month, row.to_month, month)
    ]
    return min(ends) if ends else None


@bp.get("/")
@public
@kept
def home() -> Response:
    """What it is, what it costs this month, where to begin."""
    month = Month.of(clock.today())
    price = tariff.quote_for([month], COMMON_WORK, PayerKind.private, Package.jkk_jkm).lines[0]
    return _page("front/home.html", price=price, relief_end=_relief_end(month), cells=style.year_around(month))


@bp.get("/bantuan")
@public
@kept
def help() -> Response:
    return _page("front/help.html")


@bp.get("/privasi")
@public
@kept
def privacy() -> Response:
    return _page("front/privacy.html")


@bp.get("/aksesibilitas")
@public
@kept
def accessibility() -> Response:
    return _page("front/accessibility.html")


@bp.get("/dasar-hukum")
@public
@kept
def law() -> Response:
    """The regulations behind the rules, and what we could not confirm."""
    return _page("front/law.html")


@bp.get("/luring")
@public
def offline() -> Response:
    """What the service worker shows without a connection."""
    return _page("front/offline.html")


@bp.get("/komponen")
@public
def components() -> Response:
    """Every component, for those who build pages; demo and tests only."""
    if not (current_app.config["DEMO"] or current_app.testing):
        abort(404)
    return _page("front/components.html", **style.samples(clock.today()))


ICONS = (
    ("icon-192", {"sizes": "192x192"}),
    ("icon-512", {"sizes": "512x512"}),
    ("maskable-512", {"sizes": "512x512", "purpose": "maskable"}),
    ("logo", {"sizes": "any"}),
    ("logo-maskable", {"sizes": "any", "purpose": "maskable"}),
)


@bp.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """What makes the site installable."""
    built = current_app.extensions["assets"]
    icons = [{"src": f"/static/{built[name].path}", "type": built[name].mime.split(";")[0]} | facts for name, facts in ICONS]
    body = {
        "name": "Sertakan Pontianak",
        "short_name": "Sertakan",
        "description": _("Lindungi pekerja di sekitar Anda di Kota Pontianak dengan iuran BPJS Ketenagakerjaan."),
        "start_url": url_for("front.home"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#F4F6F1",
        "theme_color": "#FFC83A",
        "icons": icons,
        "shortcuts": [{"name": _("Dukungan saya"), "url": url_for("sponsorships.index")}],
    }
    response = Response(json.dumps(body, ensure_ascii=False), content_type="application/manifest+json; charset=utf-8")
    return cacheable(response, int(timedelta(hours=1).total_seconds()))


@bp.get("/sw.js")
@public
def service_worker() -> Response:
    """Keeps the shell and the offline page; pages come from the network first, forms are never queued."""
    built = current_app.extensions["assets"]
    shell = [f"/static/{built[name].path}" for name in ("css", "js", "icons", "font", "logo")]
    text = (assets.HERE / "js" / "sw.js").read_text(encoding="utf-8").replace("[/* shell */]", json.dumps(["/luring", *shell]))
    return cacheable(Response(text, content_type="text/javascript; charset=utf-8"))


def _told(lines: list[str], status: int = 200) -> Response:
    response = Response("\n".join(lines) + "\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/healthz")
@public
def health() -> Response:
    """`ok` once it serves and the database answers; with a second line when no worker is seen, which is no fault of this process."""
    return _told(["ok"] if runs.worker_seen() else ["ok", "worker: not seen"])


@bp.get("/readyz")
@public
def readiness() -> Response:
    """Whether all of it works: 503 with the word that is wrong, and no detail, which staff see on `/petugas/pekerjaan`."""
    parts = whole.ready()
    return _told([f"{name}: {'ok' if good else 'bad'}" for name, good in parts.items()], 200 if all(parts.values()) else 503)


@bp.get("/robots.txt")
@public
def robots() -> Response:
    """The list of waiting workers and every page of a person stay out of search engines."""
    closed = ("/pekerja", "/lindungi", "/dukungan", "/bayar", "/terima-kasih", "/p/", "/petugas", "/masuk", "/akun", "/demo")
    lines = ["User-agent: *", *(f"Disallow: {prefix}{path}" for path in closed for prefix in ("", "/en"))]
    return cacheable(Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8"), 3600)
