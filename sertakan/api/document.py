"""The OpenAPI 3.1 document, written by hand beside the views; a test holds the two together."""

from functools import lru_cache
from typing import Any

from sertakan.bulk.forms import COUNTS
from sertakan.bulk.rows import Kind
from sertakan.bulk.rules import UploadState
from sertakan.coverage.rules import MonthState, Standing
from sertakan.leavers.rules import FileState
from sertakan.roster.rules import Group
from sertakan.sponsorships.rules import ReviewState

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
COUNT: Json = {"type": "integer", "minimum": 0}
MONTH: Json = {"type": "string", "pattern": r"^\d{4}-\d{2}$"}
INSTANT: Json = {"type": "string", "format": "date-time"}
CODE: Json = {"type": "string", "pattern": "^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$"}


def _or_null(schema: Json) -> Json:
    return schema | {"type": [schema["type"], "null"]}


def _one_of(words: Any) -> Json:
    return {"type": "string", "enum": [word.value for word in words]}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list(items: str, after: Json) -> Json:
    return _object(items={"type": "array", "items": {"$ref": f"#/components/schemas/{items}"}}, next=_or_null(after))


WORKER: Json = {
    "code": CODE,
    "name": TEXT,
    "nik_masked": _or_null(TEXT),
    "occupation": TEXT,
    "kelurahan": _or_null(TEXT),
    "first_month": MONTH,
    "last_month": MONTH,
    "review": _one_of(ReviewState),
    "standing": _one_of(Standing),
    "protected": {"type": "boolean", "description": "Only with evidence from BPJS Ketenagakerjaan for this very month."},
    "covered_until": _or_null({"type": "string", "format": "date"}),
}
SCHEMAS: Json = {
    "Worker": _object(**WORKER),
    "WorkerWithMonths": _object(
        **WORKER,
        months={
            "type": "array",
            "items": _object(month=MONTH, state=_one_of(MonthState), price_rupiah=COUNT, code=CODE),
        },
    ),
    "Workers": _list("Worker", TEXT),
    "Upload": _object(
        ref=TEXT,
        name=TEXT,
        state=_one_of(UploadState),
        first_month=MONTH,
        count=COUNT,
        rows_read=COUNT,
        ready=COUNT,
        wrong=COUNT,
        skipped=COUNT,
        mark=_or_null(TEXT),
        created_at=INSTANT,
    ),
    "Uploads": _list("Upload", COUNT),
    "ProblemRow": _object(row=COUNT, problems={"type": "array", "items": _object(kind=_one_of(Kind), column=TEXT, detail=TEXT)}),
    "ProblemRows": _list("ProblemRow", COUNT),
    "Leavers": _object(
        ref=TEXT,
        name=TEXT,
        state=_one_of(FileState),
        ready=COUNT,
        wrong=COUNT,
        skipped=COUNT,
        done=COUNT,
        months_freed=COUNT,
        freed_rupiah=COUNT,
        created_at=INSTANT,
    ),
    "Problem": {
        "type": "object",
        "properties": {"type": TEXT, "title": TEXT, "status": COUNT, "detail": TEXT, "field": TEXT},
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
    },
}
FILE: Json = {"type": "string", "format": "binary", "description": "XLSX, CSV or ODS, with the column titles of the template."}


def _answers(schema: str, good: int, *bad: int) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    no = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told: Json = {str(good): {"description": "Done", "content": content}}
    return told | {str(status): {"description": "A no with a sentence", "content": no} for status in (401, 403, 429, *bad)}


def _query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _read(summary: str, schema: str, *parameters: Json) -> Json:
    bad = [404] if any(one["in"] == "path" for one in parameters) else []
    bad += [422] if any("enum" in one["schema"] for one in parameters) else []
    return {"summary": summary, "parameters": list(parameters), "responses": _answers(schema, 200, *bad)}


def _change(summary: str, schema: str, good: int, body: Json, *parameters: Json) -> Json:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "The same key with the same body gets the same answer and changes nothing; with another body 409.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
    }
    kind = "multipart/form-data" if "file" in body["properties"] else "application/x-www-form-urlencoded"
    return {
        "summary": summary,
        "parameters": [key, *parameters],
        "requestBody": {"required": True, "content": {kind: {"schema": body}}},
        "responses": _answers(schema, good, 400, 404, 409, 413, 422),
    }


@lru_cache(maxsize=1)
def document() -> Json:
    """The whole of it. Sentences of refusals come in Indonesian or English (Accept-Language)."""
    count = {"type": "integer", "enum": list(COUNTS)}
    listed = _object(file=FILE, first_month=MONTH, count=count)
    listed["properties"] |= {"decree": TEXT | {"description": "Of a government body: the number of a decree in force."}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sertakan",
            "version": "1",
            "description": "The verbs of an organisation for its programs. A token may make, never confirm: a person does that.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
        },
        "paths": {
            "/workers": {
                "get": _read(
                    "The list of workers",
                    "Workers",
                    _query("standing", {"type": "string", "enum": list(Group.__members__)}),
                    _query("after", TEXT),
                )
            },
            "/workers/{code}": {"get": _read("One worker with her months", "WorkerWithMonths", _path("code"))},
            "/uploads": {
                "get": _read("Uploads so far", "Uploads", _query("hal", COUNT)),
                "post": _change("Upload a list of workers", "Upload", 201, listed),
            },
            "/uploads/{ref}": {"get": _read("How far an upload is", "Upload", _path("ref"))},
            "/uploads/{ref}/problems": {
                "get": _read("Every problem of every wrong row", "ProblemRows", _path("ref"), _query("after", COUNT))
            },
            "/uploads/{ref}/submission": {
                "post": _change("Hand the ready rows to the checker", "Upload", 200, _object(seen=TEXT), _path("ref"))
            },
            "/leavers": {"post": _change("Upload a list of leavers", "Leavers", 201, _object(file=FILE))},
            "/leavers/{ref}": {"get": _read("How far a list of leavers is", "Leavers", _path("ref"))},
        },
    }
