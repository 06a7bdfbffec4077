"""The security check-list: every item that holds is named by a test that shows it, in its name or its module's first line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.page import PageClient

TESTS = Path(__file__).resolve().parent.parent
HOLD = {*range(1, 25), *range(26, 41), *range(46, 53), *range(54, 58), 59, 63, 64}
LISTED = re.compile(r"\bA ((?:\d{1,2}(?: to \d{1,2})?(?:, | and )?)+)")


def numbers(words: str) -> Iterator[int]:
    """`18, 27 to 32, 59` -> 18, 27, 28, …"""
    for first, last in re.findall(r"(\d{1,2})(?: to (\d{1,2}))?", words):
        yield from range(int(first), int(last or first) + 1)


def named_by(path: Path) -> Iterator[int]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    if not tests:
        return
    for node in (tree, *tests):
        for words in LISTED.findall(ast.get_docstring(node) or ""):
            yield from numbers(words)
    for test in tests:
        found = re.match(r"test_a(\d+)((?:_a\d+)*)(?:_to_a(\d+))?_", test.name)
        if found:
            yield from range(int(found[1]), int(found[3] or found[1]) + 1)
            yield from (int(one) for one in re.findall(r"\d+", found[2]))


def test_every_item_that_holds_is_named_by_a_test() -> None:
    named = {item for path in TESTS.rglob("test_*.py") for item in named_by(path)}
    assert HOLD - named == set()


def test_ranges_and_lists_are_read() -> None:
    assert list(numbers("18, 27 to 29, 59")) == [18, 27, 28, 29, 59]
    assert LISTED.findall("shown (QUALITY A 47 and 49; R15)") == ["47 and 49"]


def test_a24_health_says_ok_whether_a_worker_is_seen_and_nothing_more(client: PageClient) -> None:
    answer = client.get("/healthz").response
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ok\nworker: not seen\n")


@pytest.mark.parametrize("path", ["/metrics", "/debug", "/console", "/status", "/admin", "/__debug__", "/healthz/detail"])
def test_a24_metrics_and_debug_pages_are_not_there(path: str, app: Flask, client: PageClient) -> None:
    assert client.get(path, check=False).status == 404
    assert "werkzeug.debug" not in str(app.wsgi_app)
