"""`/api/v1` as a program uses it: every answer is judged against the document."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from sertakan.accounts.models import Membership
from sertakan.api import service
from sertakan.api.document import document
from sertakan.api.models import ApiCall, ApiToken
from sertakan.api.rules import LIFE, Scope
from sertakan.bulk import jobs as files
from sertakan.bulk.models import Upload
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.leavers import jobs as leaver_jobs
from sertakan.leavers.models import LeaverFile
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.api.client import Program, judge, token_of
from tests.bulk.files import csv_file, people
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]
RUNNING = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}
NIK = "6171045503849001"


@pytest.fixture
def program(app: Flask, cast: Cast) -> Program:
    return Program(app, token_of(cast))


def worker(cast: Cast, **more: Any) -> str:
    row = factories.worker(name="Sumiati", nik=more.pop("nik", None))
    return factories.sponsorship(
        cast.rina, row, first="2026-10", count=3, organisation_id=cast.company_id, **{**RUNNING, **more}
    ).code


def test_an_unknown_filter_is_refused_and_never_shows_everybody(program: Program) -> None:
    answer = program.get("/workers", standing="semua")
    assert (answer.status_code, answer.json["field"]) == (422, "standing")


def test_the_document_tells_of_every_route_and_of_nothing_else(app: Flask) -> None:
    told = {(method.upper(), path) for path, what in document()["paths"].items() for method in what}
    have = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert told == have
    assert app.test_client().get("/api/v1/openapi.json").json == document()


def test_the_list_and_one_worker(cast: Cast, program: Program) -> None:
    codes = [worker(cast) for _ in range(22)]
    mine = worker(cast, nik=NIK)
    page = program.get("/workers").json
    rest = program.get("/workers", after=page["next"]).json
    assert [row["code"] for row in page["items"] + rest["items"]] == [mine, *reversed(codes)]
    assert rest["next"] is None
    one = program.get(f"/workers/{mine}")
    assert NIK not in one.text
    assert one.json["nik_masked"] == "617104******9001"
    assert next((month["month"], month["state"]) for month in one.json["months"]) == ("2026-10", "posted")
    assert program.get("/workers", standing="lapsed").json["items"] == []
    assert program.get("/workers/2222-2222").status_code == 404


def test_a_file_is_uploaded_once_for_one_key_checked_and_handed_to_a_person(cast: Cast, program: Program) -> None:
    data = csv_file([["617104", *people(1)[0][1:]], people(1)[0]])
    told = {"first_month": "2026-12", "count": "6"}
    first = program.post("/uploads", file=data, **told)
    assert first.status_code == 201
    again = program.post("/uploads", file=data, **told)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert factories.count(Upload) == 1
    other = program.post("/uploads", file=data, first_month="2026-12", count="3")
    assert (other.status_code, other.json["type"]) == (409, "/api/v1/problems/KeyUsed")
    assert program.post("/uploads", "kunci-0002", file=data, **told).status_code == 422, "the same file twice does nothing"
    files.check_files()
    ref = first.json["ref"]
    state = program.get(f"/uploads/{ref}").json
    assert (state["state"], state["ready"], state["wrong"]) == ("checked", 1, 1)
    [row] = program.get(f"/uploads/{ref}/problems").json["items"]
    assert row["problems"][0]["column"] == "nik"
    assert program.post(f"/uploads/{ref}/submission", "kunci-0003", seen="x").status_code == 409
    assert program.post(f"/uploads/{ref}/submission", "kunci-0003", seen=state["mark"]).json["state"] == "submitted"
    assert program.get("/uploads").json["items"][0]["state"] == "submitted"


def test_leavers_wait_for_a_person(cast: Cast, program: Program, as_: As) -> None:
    worker(cast, nik=NIK, state=MonthState.paid)
    data = f"NIK;Bulan terakhir;Alasan\n{NIK};2026-11;pindah\n".encode()
    told = program.post("/leavers", file=data)
    assert (told.status_code, told.json["ready"], told.json["months_freed"]) == (201, 1, 1)
    file = db.session.scalars(select(LeaverFile)).one()
    as_("budi").post(f"/perusahaan/{cast.khatulistiwa.ref}/keluar/{file.ref}/setujui", {"seen": file.mark})
    leaver_jobs.work_off()
    assert program.get(f"/leavers/{told.json['ref']}").json["state"] == "done"


def test_nothing_that_a_token_can_reach_confirms(app: Flask) -> None:
    assert not [scope for scope in Scope if "confirm" in scope or "approve" in scope]
    assert not [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.") and "setujui" in rule.rule]


@pytest.mark.parametrize(
    ("path", "post", "scope"),
    [("/workers", False, Scope.workers_read), ("/uploads", True, Scope.uploads_write), ("/leavers", True, Scope.leavers_write)],
)
def test_a_token_does_only_what_it_was_made_for(app: Flask, cast: Cast, path: str, post: bool, scope: Scope) -> None:
    program = Program(app, token_of(cast, *(set(Scope) - {scope})))
    answer = program.post(path, file=b"x") if post else program.get(path)
    assert (answer.status_code, scope.value in answer.json["detail"]) == (403, True)


def test_a_token_that_is_unknown_revoked_old_or_whose_member_left_opens_nothing(app: Flask, cast: Cast) -> None:
    secret = token_of(cast)
    assert Program(app, "srt_x").get("/workers").status_code == 401
    assert Program(app, secret[4:]).get("/workers").headers["WWW-Authenticate"].startswith("Bearer")
    program = Program(app, secret)
    assert program.get("/workers").status_code == 200
    with clock.frozen(clock.now() + LIFE + timedelta(days=1)):
        assert program.get("/workers").status_code == 401
    with transaction() as session:
        member = session.scalars(select(Membership).where(Membership.person_id == cast.ids["rina"])).one()
        member.ended_at = clock.now()
    assert program.get("/workers").status_code == 401
    with transaction() as session:
        member = session.scalars(select(Membership).where(Membership.person_id == cast.ids["rina"])).one()
        member.ended_at, token = None, session.scalars(select(ApiToken)).one()
        token.revoked_at = clock.now()
    assert program.get("/workers").status_code == 401


def test_a_token_of_a_checker_cannot_upload(app: Flask, cast: Cast) -> None:
    program = Program(app, token_of(cast, person="budi"))
    assert program.post("/uploads", file=b"NIK\n1\n", first_month="2026-12", count="6").status_code == 409
    assert factories.count(Upload) == 0
    assert factories.count(ApiCall) == 0, "a refusal keeps no answer, so that a mended request may use the key again"


def test_what_belongs_to_another_organisation_is_not_there(app: Flask, cast: Cast, program: Program) -> None:
    other = factories.sponsorship(cast.sari, **RUNNING).code  # type: ignore[arg-type]
    assert program.get(f"/workers/{other}").status_code == 404
    assert program.get("/workers").json["items"] == []
    for path in ("/uploads/abc", "/uploads/abc/problems", "/leavers/abc"):
        assert program.get(path).status_code == 404
    assert program.post("/uploads/abc/submission", seen="x").status_code == 404


@pytest.mark.parametrize(
    ("key", "fields", "status", "field"),
    [
        (None, {"first_month": "2026-12", "count": "6"}, 400, None),
        ("kurang", {"first_month": "2026-12", "count": "6"}, 400, None),
        ("kunci-0001", {"first_month": "Desember", "count": "6"}, 422, "first_month"),
        ("kunci-0001", {"first_month": "2026-12", "count": "5"}, 422, "count"),
        ("kunci-0001", {"first_month": "2020-12", "count": "6"}, 422, "starts"),
    ],
)
def test_bad_input_is_a_problem_with_a_sentence(
    program: Program, key: str | None, fields: dict[str, str], status: int, field: str
) -> None:
    answer = program.post("/uploads", key, file=b"NIK\n1\n", **fields)
    assert answer.status_code == status
    assert answer.json.get("field") in (field, None, "first_month")
    assert factories.count(Upload) == 0


def test_a_no_comes_in_the_language_that_was_asked_for(app: Flask, cast: Cast) -> None:
    secret = token_of(cast)
    indonesian, english = (Program(app, secret, language).post("/uploads").json["detail"] for language in ("id", "en;q=0.9"))
    assert indonesian == "Pilih berkasnya dulu: .xlsx, .csv, atau .ods"
    assert english != indonesian


def test_nonsense_is_never_a_fault_and_every_answer_is_one_that_the_document_promises(app: Flask, cast: Cast) -> None:
    program = Program(app, token_of(cast))
    words = st.text(max_size=30)
    paths = st.sampled_from(["/workers", "/uploads", "/uploads/{}", "/uploads/{}/problems", "/workers/{}", "/leavers/{}"])

    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(path=paths, part=st.from_regex(r"[A-Za-z0-9_.~%-]{1,20}", fullmatch=True), after=words, standing=words, hal=words)
    def tried(path: str, part: str, **query: str) -> None:
        program.get(path.format(part.replace("%", "")), **query)

    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(path=st.sampled_from(["/uploads", "/leavers"]), file=st.binary(max_size=200), month=words, count=words, key=words)
    def sent(path: str, file: bytes, month: str, count: str, key: str) -> None:
        plain = re.sub(r"[^\x21-\x7e]", "", key)
        program.post(path, plain or None, file=file, first_month=month, count=count)

    tried()
    sent()


def test_the_rate_is_counted_by_token(app: Flask, cast: Cast) -> None:
    program, other = Program(app, token_of(cast)), Program(app, token_of(cast))
    answers = [program.http.get("/api/v1/uploads/x", headers=program.headers).status_code for _ in range(301)]
    assert answers[-1] == 429
    judge("GET", "/uploads/x", program.http.get("/api/v1/uploads/x", headers=program.headers))
    assert other.get("/workers").status_code == 200


# ---- the tokens' own page ------------------------------------------------------------------------------------------------------


def test_the_contact_makes_a_token_that_is_shown_once_and_revokes_it(app: Flask, cast: Cast, as_: As) -> None:
    with transaction():
        db.session.scalars(select(Membership).where(Membership.person_id == cast.ids["rina"])).one().is_contact = True
    base = f"/perusahaan/{cast.khatulistiwa.ref}/api"
    page = as_("rina").post(base, {"name": "Sistem gaji", "scopes": "workers:read", "sure": "y"})
    [secret] = set(re.findall(r"srt_[\w-]{43}", page.html))
    assert Program(app, secret).get("/workers").status_code == 200
    again = as_("rina").get(base)
    again.sees("Sistem gaji", "Membaca daftar pekerja").misses(secret)
    assert db.session.scalars(select(ApiToken.token_hash)).one() != secret
    ref = db.session.scalars(select(ApiToken.ref)).one()
    as_("rina").get(f"{base}/{ref}/cabut").sees("Cabut token Sistem gaji?")
    assert as_("budi").post(f"{base}/{ref}/cabut").status == 409
    assert as_("rina").post(f"{base}/{ref}/cabut").status == 303
    assert Program(app, secret).get("/workers").status_code == 401


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Tulis dipakai untuk apa"),
        ({"name": "x", "sure": "y"}, "Pilih sedikitnya satu"),
        ({"name": "x", "scopes": "workers:read"}, "Centang bila Anda paham"),
        ({"name": "x", "scopes": "all", "sure": "y"}, "Pilih"),
        ({"name": "x", "scopes": "workers:read", "sure": "y"}, "Hanya narahubung"),
    ],
)
def test_a_token_is_refused_with_a_sentence(cast: Cast, as_: As, typed: dict[str, str], sentence: str) -> None:
    page = as_("budi").post(f"/perusahaan/{cast.khatulistiwa.ref}/api", typed)
    assert page.status == 422
    page.sees(sentence)
    assert factories.count(ApiToken) == 0


def test_answers_are_kept_for_a_week(cast: Cast, program: Program) -> None:
    program.post("/leavers", file=b"NIK;Bulan;Alasan\n1;2026-11;pindah\n")
    assert (factories.count(ApiCall), service.forget_calls()) == (1, 0)
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert service.forget_calls() == 1
