"""`/petugas/pengingat`: what became of every reminder, and the officers' message of the day."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from sertakan.db import db, transaction
from sertakan.notices import jobs as notice_jobs
from sertakan.notices.models import Notice
from sertakan.reports import reminders
from sertakan.sponsorships import letters, queries, renewal, rules
from sertakan.sponsorships.models import Reminder, Sponsorship
from sertakan.workers.models import Worker, WorkerState
from tests.cast import Cast
from tests.page import PageClient
from tests.sponsorships.test_sweep import on, running, sweep_on

FIRST = date(2027, 5, 1)


@pytest.fixture
def some(cast: Cast) -> Sponsorship:
    """One told, one whose worker died, one who wants quiet, one whose worker died after the message was written."""
    first = running(cast)
    gone, _quiet = running(cast), running(cast, remind=False)
    with transaction():
        db.session.get_one(Worker, gone.worker_id).state = WorkerState.deceased
    sweep_on(FIRST)
    return first


def test_osm_196_the_page_counts_every_line_once(some: Sponsorship) -> None:
    with on(FIRST):
        told = reminders.told(FIRST)
        assert [(row.kind, row.sent, row.waiting, row.not_sent) for row in told.outcomes] == [("reminder_30", 0, 1, 2)]
        assert dict(told.reasons) == {rules.GONE_WORKER: 1, rules.OFF: 1}
        assert notice_jobs.send_due(look_again=letters.look_again) == 1
        assert reminders.told(FIRST).outcomes[0].sent == 1
    total = db.session.scalar(db.select(db.func.count()).select_from(Reminder).where(Reminder.audience == "sponsor"))
    assert sum(row.sent + row.waiting + row.not_sent for row in reminders.told(FIRST).outcomes) == total


def test_the_page_tells_reasons_and_names_nobody(some: Sponsorship, as_: Callable[[str], PageClient]) -> None:
    with on(FIRST):
        page = as_("dewi").get("/petugas/pengingat")
    page.sees("Penanggung memilih tanpa pengingat", "30 hari sebelumnya", "Server surat belum diatur").misses("Sumiati", "Sari")


def test_who_does_not_go_on_stands_on_the_page(some: Sponsorship, as_: Callable[[str], PageClient]) -> None:
    row_id, code = some.id, some.code
    with on(FIRST), transaction():
        renewal.decline(sponsorship=queries.get(row_id, lock=True))
    with on(FIRST):
        as_("agus").get("/petugas/pengingat").sees("Penanggung yang tidak melanjutkan", code, "31 Mei 2027")


def test_officers_are_told_once_a_day_in_counts(app: Flask, cast: Cast) -> None:
    for _n in range(2):
        running(cast)
    for _again in range(3):
        sweep_on(date(2027, 5, 28))
    told = db.session.scalars(db.select(Notice).where(Notice.kind == "officers").order_by(Notice.person_id)).all()
    assert [notice.person_id for notice in told] == sorted([cast.dewi.id, cast.agus.id])
    assert "berakhir dalam tiga hari: 2" in told[0].body and "/petugas/pengingat" in told[0].body
    assert "Sumiati" not in told[0].body and "Sari" not in told[0].body


def test_on_a_quiet_day_officers_are_told_nothing(app: Flask, cast: Cast) -> None:
    running(cast)
    sweep_on(FIRST)  # thirty days before, there is nothing for an officer
    assert db.session.scalars(db.select(Notice.kind)).all() == ["reminder_30"]


def test_the_page_costs_the_same_for_one_and_for_thirty(app: Flask, cast: Cast, as_: Callable[[str], PageClient]) -> None:
    running(cast)
    sweep_on(FIRST)
    with on(date(2027, 5, 2)):
        visitor = as_("dewi")
        visitor.get("/petugas/pengingat")
        one = visitor.get("/petugas/pengingat").statements
        for _n in range(30):
            running(cast, remind=False)
        sweep_on(date(2027, 5, 2))
        assert visitor.get("/petugas/pengingat").statements == one <= 12
