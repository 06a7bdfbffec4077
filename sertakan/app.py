"""How the application is put together."""

import logging
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from sertakan.config import Config
from sertakan.db import db
from sertakan.kit.crypto import Keyring
from sertakan.web import errors, headers, language, limits
from sertakan.web.access import check_every_route_is_marked
from sertakan.web.extensions import babel, csrf, limiter, login_manager, migrate

ROOMS = (
    "front",
    "tariff",
    "places",
    "accounts",
    "workers",
    "coverage",
    "sponsorships",
    "payments",
    "review",
    "notices",
    "audit",
    "reports",
    "demo",
)
MAX_BODY_BYTES = 1_000_000


def _settings(config: Config) -> dict[str, object]:
    name = "__Host-sertakan" if config.https else "sertakan"
    return {
        "SETTINGS": config,
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True} if config.database_url.startswith("postgresql") else {},
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
    for room in ROOMS:
        _part(room, "models")
    db.init_app(app)
    migrate.init_app(app, db, directory="migrations")
    babel.init_app(app, locale_selector=language.current_language)
    csrf.init_app(app)
    login_manager.init_app(app)
    _ = limits.DatabaseStorage  # registers its scheme
    limiter.init_app(app)
    headers.init_headers(app)
    errors.init_errors(app)
    language.init_language(app)
    for part in ("filters", "assets"):
        if module := _part("web", part):
            getattr(module, f"init_{part}")(app)
    _register_rooms(app)
    app.wsgi_app = language.LanguagePrefix(app.wsgi_app)  # type: ignore[method-assign]
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    check_every_route_is_marked(app)
    return app


def _register_rooms(app: Flask) -> None:
    blank = Blueprint("web", "sertakan.web", template_folder="templates")
    app.register_blueprint(blank)
    for room in ROOMS:
        if module := _part(room, "views"):
            app.register_blueprint(module.bp)
            if init := getattr(module, "init_app", None):
                init(app)
    if module := _part("cli"):
        module.init_cli(app)


def _part(*names: str) -> Any:
    name = ".".join(("sertakan", *names))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            return None
        logging.getLogger("sertakan").warning("room not ready: %s needs %s", name, error.name)
        return None
    except ImportError as error:
        logging.getLogger("sertakan").warning("room not ready: %s: %s", name, error)
        return None
