"""Questions to the application, each answered in a process of its own: `python -m tests.bench.asked QUESTION …` prints JSON."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event, func, inspect, select, text

from sertakan import create_app
from sertakan.accounts import service as accounts
from sertakan.accounts.models import MemberRole, Membership, Person
from sertakan.bulk import service as uploads
from sertakan.cli import NICE
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db, transaction
from sertakan.jobs import settle
from sertakan.kit import clock
from sertakan.organisations.queries import get_membership
from sertakan.sponsorships import letters
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.reminders import write_due
from tests.bulk.files import csv_file, nik
from tests.sponsorships.crowd import DAY, crowd


def statements(app: Flask, *paths: str) -> dict[str, int]:
    """How many statements the database sees for each page, the second time it is asked for."""
    client, seen = app.test_client(), []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = {}
    for path in paths:
        client.get(path, headers={"X-Forwarded-For": "10.9.9.9"})
        seen.clear()
        answer = client.get(path, headers={"X-Forwarded-For": "10.9.9.9"})
        counts[path] = len(seen) if answer.status_code == 200 else -answer.status_code
    return counts


def rows(app: Flask) -> int:
    """All rows of all tables but those of the counters of visits."""
    with app.app_context(), db.engine.connect() as connection:
        tables = [name for name in inspect(db.engine).get_table_names() if "limit" not in name]
        return sum(connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in tables)


def reminders(app: Flask, count: str) -> dict[str, float]:
    """Seconds to write so many due lines, and to compose and queue their messages; memory before and after, in MB."""
    many, start = int(count), datetime(DAY.year, DAY.month, DAY.day, 8, 0, tzinfo=clock.ZONE)
    with app.app_context(), clock.frozen(start):
        settle()  # as the worker does
        dues = crowd(many, start - timedelta(days=150))
        with transaction():
            write_due(dues[: many // 10], DAY)
        written = letters.write_letters()["letters"]  # warm, and the size that memory is compared with
        before, began = _peak_mb(), time.monotonic()
        with transaction():
            new = write_due(dues, DAY)["reminders"]
        due_s, began = time.monotonic() - began, time.monotonic()
        done = letters.write_letters()
        letters_s = time.monotonic() - began
    assert (new, done["letters"]) == (many - written, many - written), done
    return {"count": new, "due_s": due_s, "letters_s": letters_s, "before_mb": before, "after_mb": _peak_mb()}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident(app: Flask) -> dict[str, str]:
    """The address of the demo's sponsorship with the most months, and the session cookie of the resident who pays it."""
    with app.app_context():
        own = select(Sponsorship).join(CoverageMonth).where(Sponsorship.organisation_id.is_(None)).group_by(Sponsorship.id)
        found = db.session.scalars(own.order_by(func.count(CoverageMonth.id).desc(), Sponsorship.id).limit(1)).one()
        code, person_id = found.code, found.sponsor_id
        with transaction():
            token = accounts.open_session(person=db.session.get_one(Person, person_id), agent="Lighthouse")
    client, name = app.test_client(), app.config["SESSION_COOKIE_NAME"]
    with client.session_transaction() as session:
        session["_user_id"] = token
    cookie = client.get_cookie(name)
    assert cookie is not None
    return {"path": f"/dukungan/{code}", "cookie": f"{name}={cookie.value}"}


def imports(app: Flask, count: str) -> str:
    """The state in which the demo company's file of so many new people ends."""
    os.nice(NICE)  # as the worker does it
    settle()
    rows = [[nik(one), "Sumiati", "Asisten rumah tangga", ""] for one in range(int(count))]
    with app.app_context():
        maker = db.session.scalars(select(Membership).where(Membership.role == MemberRole.maker).order_by(Membership.id)).first()
        assert maker is not None
        ref, person_id = maker.organisation.ref, maker.person_id
        with transaction() as session:
            actor = get_membership(ref, session.get_one(Person, person_id))
            upload = uploads.start(actor=actor, name="bench", data=csv_file(rows), first_month=clock.this_month() + 1, count=3)
            session.flush()
            upload_id = upload.id
        return uploads.check_file(upload_id)


ANSWERS: dict[str, Callable[..., Any]] = {
    "statements": statements,
    "rows": rows,
    "reminders": reminders,
    "resident": resident,
    "imports": imports,
}

if __name__ == "__main__":
    print(json.dumps(ANSWERS[sys.argv[1]](create_app(), *sys.argv[2:])))
