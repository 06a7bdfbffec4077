"""Going on with everybody whose cover ends in one month: the way of a file, once."""

from collections.abc import Callable

import pytest
from flask import Flask

from sertakan.bulk import applying, jobs, queries, renewing, rules, service
from sertakan.bulk.rules import UploadState
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit.months import Month
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.models import Worker, WorkerState
from tests import factories
from tests.bulk.test_service import DECEMBER, member
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]


def covered(cast: Cast, last: str, **more: object) -> int:
    """A worker of the company whose one month is `last`; her id."""
    worker = factories.worker()
    states = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted} | more
    factories.sponsorship(cast.rina, worker, organisation_id=cast.company_id, first=last, count=1, **states)  # type: ignore[arg-type]
    return worker.id


def start(cast: Cast, who: str = "rina", ends: Month = DECEMBER) -> int:
    with transaction():
        upload = renewing.start(actor=member(cast, who), ends=ends, count=3, name="Perpanjangan")
        db.session.flush()
        return upload.id


def test_everybody_who_ends_then_and_is_still_there_becomes_one_upload(app: Flask, cast: Cast) -> None:
    kept = [covered(cast, "2026-12") for _ in range(3)]
    covered(cast, "2027-01")
    covered(cast, "2026-12", term=TermState.cancelled)
    gone = covered(cast, "2026-12")
    with transaction():
        db.session.get_one(Worker, gone).state = WorkerState.deceased
    assert renewing.list_endings(member(cast), Month(2026, 11)) == [(DECEMBER, 3), (Month(2027, 1), 1)]
    upload_id = start(cast)
    assert service.check_file(upload_id) == UploadState.checked
    upload = queries.get(upload_id)
    assert upload.counts is not None and (upload.counts["ready"], upload.counts["wrong"]) == (3, 0)
    assert (upload.first_month, upload.count) == (Month(2027, 1), 3)
    for who, verb in (("rina", service.submit), ("budi", service.confirm)):
        with transaction():
            row = queries.get(upload_id, lock=True)
            verb(actor=member(cast, who), upload=row, seen=row.mark or "")
    applying.apply(upload_id)
    assert queries.stages(queries.get(upload_id))["promised"] == len(kept)
    assert renewing.list_endings(member(cast), Month(2026, 11)) == [(Month(2027, 1), 1)]


def test_the_second_time_nothing_is_made_and_nobody_else_may(app: Flask, cast: Cast) -> None:
    covered(cast, "2026-12")
    start(cast)
    with pytest.raises(rules.SameFile):
        start(cast)
    with pytest.raises(rules.NotYourPart):
        start(cast, "budi")
    with pytest.raises(rules.NothingReady):
        start(cast, ends=Month(2027, 1))


def test_a_maker_chooses_on_the_page(as_: As, cast: Cast) -> None:
    path = f"/perusahaan/{cast.khatulistiwa.ref}/unggah/perpanjang"
    rina = as_("rina")
    rina.get(path).sees("Tidak ada perlindungan yang berakhir")
    covered(cast, "2026-12")
    rina.get(path).sees("Desember 2026 · 1 orang")
    assert rina.post(path, {"ends": "2031-01", "count": "3"}).status == 422
    sent = rina.post(path, {"ends": "2026-12", "count": "3"})
    assert sent.status == 303
    jobs.work()
    rina.get(sent.location).sees("Semua 1 baris siap", "Perpanjangan dari Januari 2027")
    as_("budi").get(path).sees("Yang menyiapkan perpanjangan adalah pengisi.")
