"""How the application is put together."""

import logging
from urllib.parse import urlsplit

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from sertakan.accounts import views as accounts
from sertakan.api import pages as api_tokens
from sertakan.api import views as api
from sertakan.autopay import views as autopay
from sertakan.bank import views as bank
from sertakan.bulk import offices
from sertakan.bulk import views as bulk
from sertakan.config import Config
from sertakan.consents import views as consents
from sertakan.db import db
from sertakan.decrees import views as decrees
from sertakan.demo import views as demo
from sertakan.demo.clock import follow_demo_clock
from sertakan.employees import views as employees
from sertakan.front import views as front
from sertakan.gaps import views as gaps
from sertakan.intake import views as intake
from sertakan.kit.crypto import Keyring
from sertakan.leavers import views as leavers
from sertakan.matching import views as matching
from sertakan.notices import views as notices
from sertakan.organisations import views as organisations
from sertakan.papers import views as papers
from sertakan.payments import bill_views, contested, finance, giving, payout
from sertakan.payments import views as payments
from sertakan.payments.door import EventDoor
from sertakan.planner import views as planner
from sertakan.pool import views as pool
from sertakan.relay import views as relay
from sertakan.remittance import repair_pages as repairs
from sertakan.remittance import views as remittance
from sertakan.reports import views as reports
from sertakan.reports import work
from sertakan.rescue import views as rescue
from sertakan.review import views as review
from sertakan.roster import views as roster
from sertakan.sponsorships import views as sponsorships
from sertakan.tariff import views as tariff
from sertakan.web import assets, compress, errors, filters, headers, knock, language, limits, uploads
from sertakan.web.access import check_every_route_is_marked
from sertakan.web.extensions import babel, csrf, limiter, login_manager
from sertakan.workers import views as workers

ROOMS = (
    front,
    tariff,
    accounts,
    organisations,
    bulk,
    decrees,
    offices,
    roster,
    planner,
    pool,
    matching,
    leavers,
    employees,
    papers,
    api,
    api_tokens,
    workers,
    sponsorships,
    payments,
    finance,
    contested,
    bill_views,
    payout,
    giving,
    autopay,
    bank,
    consents,
    rescue,
    relay,
    review,
    intake,
    remittance,
    repairs,
    gaps,
    reports,
    work,
    notices,
    demo,
)
MAX_BODY_BYTES = 1_000_000


def _settings(config: Config) -> dict[str, object]:
    name = "__Host-sertakan" if config.https else "sertakan"
    return {
        "SETTINGS": config,
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(config),
        "DEMO": config.demo,
        "HTTPS": config.https,
        "CHECKOUT_ORIGIN": checkout_origin(config.stripe_api_base),
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "MAX_FORM_PARTS": 200,
        "SESSION_COOKIE_NAME": name,
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_SECURE": config.https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": 12 * 3600,
        "WTF_CSRF_SSL_STRICT": False,  # headers._check_origin looks at Origin on every scheme
        "BABEL_DEFAULT_LOCALE": "id",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Pontianak",
        "BABEL_TRANSLATION_DIRECTORIES": "../translations",
        "RATELIMIT_STORAGE_URI": "database://",
        "RATELIMIT_HEADERS_ENABLED": False,
        **config.extra,
    }


def _engine_options(config: Config) -> dict[str, object]:
    """The values of a statement never stand in an error's text, so what somebody typed reaches no log (QUALITY A 55)."""
    options: dict[str, object] = {"hide_parameters": True}
    return options | {"pool_pre_ping": True} if config.database_url.startswith("postgresql") else options


def checkout_origin(api_base: str) -> str:
    """Where the hosted payment page lives: Stripe's own host, or the pretend one's."""
    parts = urlsplit(api_base)
    return "https://checkout.stripe.com" if parts.hostname == "api.stripe.com" else f"{parts.scheme}://{parts.netloc}"


def build(config: Config) -> Flask:
    """A Flask app for these settings; used by the server, the commands and the tests alike."""
    app = Flask("sertakan", instance_path=str(config.instance_path), static_folder=None)
    app.config.from_mapping(_settings(config))
    logging.getLogger("sertakan").setLevel(config.log_level)
    app.extensions["keyring"] = Keyring(config.seal_keys, next(iter(config.seal_keys)), config.blind_key)
    uploads.init_uploads(app)
    db.init_app(app)
    babel.init_app(app, locale_selector=language.current_language)
    csrf.init_app(app)
    login_manager.init_app(app)
    _ = limits.DatabaseStorage  # registers its scheme
    limiter.init_app(app)
    headers.init_headers(app)
    compress.init_compress(app)
    errors.init_errors(app)
    language.init_language(app)
    filters.init_filters(app)
    assets.init_assets(app)
    _register_rooms(app)
    app.wsgi_app = language.LanguagePrefix(app.wsgi_app)  # type: ignore[method-assign]
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.wsgi_app = EventDoor(app, app.wsgi_app, follow_demo_clock)  # type: ignore[method-assign]
    check_every_route_is_marked(app)
    return app


def _register_rooms(app: Flask) -> None:
    blank = Blueprint("web", "sertakan.web", template_folder="templates")
    app.register_blueprint(blank)
    for room in ROOMS:
        app.register_blueprint(room.bp)
        if init := getattr(room, "init_app", None):
            init(app)
    knock.init_knock(app)
