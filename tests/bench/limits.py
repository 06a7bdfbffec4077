"""The least a page can cost: one step more in each, so that what each step costs is seen too.

Written the way Flask's own tutorial would: a base template, url_for, Flask-SQLAlchemy, and nothing else.
bare WSGI -> Flask -> + Jinja, 20 cards -> + one query of 20 rows through SQLAlchemy Core -> the same through the ORM;
and a webhook that checks a signature and writes one row through the raw driver, on the database LIMITS_DATABASE_URL.
"""

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ROWS = 10_000
CARDS = 20
WEBHOOK_SECRET = "whsec_of_the_limit"
BASE = """<!doctype html>
<html lang="id"><head><meta charset="utf-8"><title>{% block title %}{% endblock %} - Sertakan</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="{{ url_for('static', filename='app.css') }}"></head>
<body><header><a href="{{ url_for('page') }}">Beranda</a> <a href="{{ url_for('page', kind='tarif') }}">Tarif</a></header>
<main><h1>{{ self.title() }}</h1>{% block main %}{% endblock %}</main><footer><p>Sertakan</p></footer></body></html>"""
LIST = """{% extends "base.html" %}{% block title %}Pekerja{% endblock %}{% block main %}<ul>{% for row in rows %}
<li class="card"><h2><a href="{{ url_for('detail', code=row.code) }}">{{ row.initial }}., {{ row.trade }}</a></h2>
<p>{{ row.place }} · {{ row.age_band }} · {{ row.sector }}</p><p>{{ row.note }}</p>
<p class="price">{{ row.price_rupiah|rupiah }} / bulan</p></li>{% endfor %}</ul>{% endblock %}"""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Base(DeclarativeBase):
    """The limits' own tables."""


db = SQLAlchemy(model_class=Base)


class Card(db.Model):
    """A row as wide as one card needs."""

    __tablename__ = "card"
    __table_args__ = (sa.Index("ix_card_state_since", "state", "since", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(16))
    since: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(16), unique=True)
    initial: Mapped[str] = mapped_column(sa.String(1))
    trade: Mapped[str] = mapped_column(sa.String(60))
    place: Mapped[str] = mapped_column(sa.String(60))
    age_band: Mapped[str] = mapped_column(sa.String(16))
    sector: Mapped[str] = mapped_column(sa.String(60))
    note: Mapped[str] = mapped_column(sa.String(200))
    price_rupiah: Mapped[int]


class Event(db.Model):
    """What a webhook leaves behind."""

    __tablename__ = "limit_event"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    body: Mapped[str] = mapped_column(sa.Text)


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "state": "waiting" if number % 2 else "covered",
            "since": number,
            "code": f"{number:04X}-{secrets.token_hex(2).upper()}",
            "initial": "ABDEFHIKLMNRSTY"[number % 15],
            "trade": ("Penjual sayur", "Pengayuh sampan", "Asisten rumah tangga")[number % 3],
            "place": f"Kelurahan {number % 29}",
            "age_band": "35-39 tahun",
            "sector": "Perdagangan",
            "note": "Menunggu penanggung; sudah ada keterangan bekerja dari ketua RT.",
            "price_rupiah": 16_800 + number % 5 * 1_000,
        }
        for number in range(count)
    ]


def _wal(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def seed(url: str, count: int = ROWS) -> None:
    """Fill an empty database."""
    made = sa.create_engine(url)
    if url.startswith("sqlite"):
        sa.event.listen(made, "connect", _wal)
    db.metadata.create_all(made)
    with made.begin() as connection:
        connection.execute(sa.insert(Card), rows(count))
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    made.dispose()


# ---- pages ---------------------------------------------------------------------------------------------------------------------


def bare() -> WsgiApp:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "5")])
        return [b"halo\n"]

    return app


def plain() -> Flask:
    app = Flask("limits")

    @app.get("/")
    def page() -> str:
        return "halo\n"

    return app


def _rupiah(amount: int) -> str:
    return "Rp" + f"{amount:,}".replace(",", ".")


def _cards(find: Callable[[], Iterable[Any]]) -> Flask:
    app = Flask("limits")
    app.jinja_loader = DictLoader({"base.html": BASE, "list.html": LIST})
    app.add_template_filter(_rupiah, "rupiah")

    @app.get("/")
    def page() -> str:
        return render_template("list.html", rows=find())

    @app.get("/pekerja/<code>")
    def detail(code: str) -> str:
        return code

    return app


def _with_database(app: Flask) -> Flask:
    url = os.environ["LIMITS_DATABASE_URL"]
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    if url.startswith("sqlite"):
        with app.app_context():
            sa.event.listen(db.engine, "connect", _wal)
    return app


def cards() -> Flask:
    fixed = rows(CARDS)
    return _cards(lambda: fixed)


def core() -> Flask:
    table = Card.__table__
    query = sa.select(table).where(table.c.state == "waiting").order_by(table.c.since, table.c.id).limit(CARDS)
    return _with_database(_cards(lambda: db.session.execute(query).all()))


def orm() -> Flask:
    query = sa.select(Card).where(Card.state == "waiting").order_by(Card.since, Card.id).limit(CARDS)
    return _with_database(_cards(lambda: db.session.scalars(query).all()))


# ---- the webhook ---------------------------------------------------------------------------------------------------------------


def _raw(url: str) -> tuple[Any, str]:
    """A connection of the raw driver, and its statement."""
    insert = "INSERT INTO limit_event (id, body) VALUES ({0}, {0}) ON CONFLICT DO NOTHING"
    if not url.startswith("sqlite"):
        return psycopg.connect(url), insert.format("%s")
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)
    connection.execute("PRAGMA synchronous=FULL")
    return connection, insert.format("?")


def _writer(url: str) -> Callable[[str, str], None]:
    """One transaction through the raw driver, on a connection kept per thread."""
    local = threading.local()

    def write(name: str, body: str) -> None:
        if not hasattr(local, "connection"):
            local.connection, local.insert = _raw(url)
        local.connection.execute(local.insert, (name, body))
        local.connection.commit()

    return write


def webhook() -> WsgiApp:
    """Signature over the raw bytes, then one row."""
    write = _writer(os.environ["LIMITS_DATABASE_URL"])

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        parts = dict(part.split("=", 1) for part in environ["HTTP_STRIPE_SIGNATURE"].split(","))
        good = hmac.compare_digest(parts["v1"], signature(WEBHOOK_SECRET, parts["t"], body))
        if good:
            write(json.loads(body)["id"], body.decode())
        start_response("200 OK" if good else "400 Bad Request", [("Content-Length", "0")])
        return [b""]

    return app


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Stripe's v1 signature: HMAC-SHA256 of `t.body`, hex."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def make(name: str) -> WsgiApp | Flask:
    """What gunicorn starts."""
    apps: dict[str, Callable[[], WsgiApp | Flask]] = {"bare": bare, "plain": plain, "cards": cards, "core": core, "orm": orm}
    return {**apps, "webhook": webhook}[name]()
