"""Schemathesis reads the served document and calls every operation with what it allows and with what it forbids."""

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from sertakan.api.document import document
from sertakan.db import db
from sertakan.web.extensions import limiter
from tests.api.client import token_of
from tests.cast import Cast

OPERATIONS = [(method.upper(), path) for path, methods in document()["paths"].items() for method in methods]
# a code of a worker or upload that is not there is well formed and still answered 404; who has no token is looked at in test_api
LEFT_OUT = [positive_data_acceptance, ignored_auth]
UNKNOWN_WORDS_IGNORED = {"GET": [negative_data_rejection]}  # a reader may send more in its query than we read


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_one_that_the_document_promises(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, method: str, path: str, mode: GenerationMode
) -> None:
    monkeypatch.setattr(limiter, "enabled", False)
    secret = token_of(cast)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operation, left_out = schema[path][method], LEFT_OUT + UNKNOWN_WORDS_IGNORED.get(method, [])

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=20, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def called(case: Case) -> None:
        db.session.remove()
        case.call_and_validate(headers={"Authorization": f"Bearer {secret}"}, excluded_checks=left_out)

    called()
