"""The failures of others (PRODUCT 6): each row that belongs to what exists is named by a test, so that nobody deletes it unseen."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
# each row as the words that a test's name must hold; the rows about files of organisations, cards and claims are theirs
ROWS = """
civicrm_11730 civicrm_11556 civicrm_13706 civicrm_34745 civicrm_307 osm_196 openimis_bulk_expiry openimis_voucher
openimis_a_sender openspp_294_771 openspp_626 forus_1343_1184 forus_1380_msupply_7942 entitlementcard_1868
entitlementcard_pr_2969 entitlementcard_2663 liberapay_pr_2224 liberapay_pr_1674 liberapay_1684 liberapay_2138 liberapay_1996
opencollective_1121 opencollective_6930 opencollective_7682 opencollective_5247 opencollective_8189 opencollective_4358
pretix_import pretix_827 pretix_1106 pretix_2629 pretix_5168 pm_sym e_shram
""".split()


def names() -> set[str]:
    """The names of all tests."""
    found = set()
    for path in TESTS.rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    return found


@pytest.fixture(scope="module")
def known() -> set[str]:
    return names()


@pytest.mark.parametrize("row", ROWS)
def test_a_test_is_named_after_the_failure_it_prevents(row: str, known: set[str]) -> None:
    assert any(re.search(rf"_{row}(_|$)", name) for name in known), row
