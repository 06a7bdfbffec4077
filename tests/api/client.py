"""A program with a token, and a small judge of the document's schemas."""

import io
import json
import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from sertakan.accounts.models import Membership
from sertakan.api import service
from sertakan.api.document import document
from sertakan.api.rules import Scope
from sertakan.db import db, transaction
from tests.cast import Cast


def token_of(cast: Cast, *scopes: Scope, person: str = "rina") -> str:
    """A token of PT Khatulistiwa that acts as this member (who is its contact for the moment)."""
    with transaction():
        member = db.session.scalars(db.select(Membership).where(Membership.person_id == cast.ids[person])).one()
        was, member.is_contact = member.is_contact, True
        secret = service.make_token(actor=member, name="Sistem gaji", scopes=scopes or list(Scope))
        member.is_contact = was
    return secret


class Program:
    """Speaks HTTP as a program does: no cookie, no form token, no Origin."""

    def __init__(self, app: Flask, secret: str, language: str = "id") -> None:
        self.http = app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {secret}", "Accept-Language": language}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self._checked("GET", path, query_string=query)

    def post(self, path: str, key: str | None = "kunci-0001", *, file: bytes | None = None, **fields: str) -> TestResponse:
        data: dict[str, Any] = dict(fields)
        if file is not None:
            data["file"] = (io.BytesIO(file), "daftar.csv")
        return self._checked("POST", path, data=data, headers={"Idempotency-Key": key} if key else {})

    def _checked(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        db.session.remove()
        answer = self.http.open(f"/api/v1{path}", method=method, headers=self.headers | (headers or {}), **more)
        judge(method, path, answer)
        return answer


def judge(method: str, path: str, answer: TestResponse) -> None:
    """An answer is one that the document promises for this address: its status, its type and its shape."""
    known = [
        (one, what)
        for one, what in document()["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), path) and method.lower() in what
    ]
    assert known, f"{method} {path} is not in the document"
    told = known[0][1][method.lower()]["responses"]
    assert str(answer.status_code) in told, f"{method} {path} answered {answer.status_code}: {answer.text[:300]}"
    [(kind, content)] = told[str(answer.status_code)]["content"].items()
    assert answer.mimetype == kind
    faults = list(broken(json.loads(answer.data), content["schema"], "$"))
    assert not faults, faults


def broken(value: Any, schema: dict[str, Any], where: str) -> Any:
    """What is wrong with a value, by the parts of JSON Schema that the document uses."""
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    python = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    fits = [kind for kind in kinds if isinstance(value, python[kind]) and not (kind == "integer" and isinstance(value, bool))]
    if not fits:
        yield f"{where}: {value!r} is no {kinds}"
    elif isinstance(value, dict):
        yield from _object(value, schema, where)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from broken(item, schema["items"], f"{where}[{place}]")
    elif isinstance(value, str):
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is none of {schema['enum']}"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{where}: {value!r} does not look like {schema['pattern']}"
    elif isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{where}: {value} is too small"


def _object(value: dict[str, Any], schema: dict[str, Any], where: str) -> Any:
    properties = schema["properties"]
    yield from (f"{where}: {name} is missing" for name in schema["required"] if name not in value)
    yield from (f"{where}: {name} is not told of" for name in value if name not in properties)
    for name in value.keys() & properties.keys():
        yield from broken(value[name], properties[name], f"{where}.{name}")
