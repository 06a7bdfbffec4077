"""What the machine has looked at before an officer does. No app."""

from dataclasses import replace
from datetime import date

import pytest

from sertakan.kit.months import Month
from sertakan.review import checks
from sertakan.review.checks import Facts, Verdict

TODAY = date(2026, 11, 22)
GOOD = Facts(
    born_on=date(1984, 3, 12),
    typed_name="Sumiati",
    known_name="Sumiati",
    consent=True,
    consent_is_hers=True,
    attested_on=date(2026, 11, 1),
    funded=6,
    months=6,
    overlap=(),
    city_pays=False,
    earlier_cover=False,
    identity_checked=False,
)


def verdict(name: str, **facts: object) -> Verdict:
    return next(check.verdict for check in checks.run(replace(GOOD, **facts), TODAY) if check.name == name)


def test_a_request_with_all_its_papers_is_good_though_nobody_asked_dukcapil() -> None:
    done = checks.run(GOOD, TODAY)
    assert checks.overall(done) is Verdict.ok
    assert [check.name for check in done if check.verdict is Verdict.unknown] == ["identity"]


@pytest.mark.parametrize(
    ("born_on", "earlier", "expected"),
    [
        (date(2008, 11, 22), False, Verdict.ok),  # 18 today
        (date(2008, 11, 23), False, Verdict.stop),
        (date(1961, 11, 23), False, Verdict.ok),  # 65 tomorrow
        (date(1961, 11, 22), False, Verdict.stop),
        (date(1961, 11, 22), True, Verdict.look),  # who is in already may go on
    ],
)
def test_new_participants_are_18_and_not_yet_65(born_on: date, earlier: bool, expected: Verdict) -> None:
    assert verdict("age", born_on=born_on, earlier_cover=earlier) is expected


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        ("identity", {"identity_checked": True}, Verdict.ok),
        ("identity", {}, Verdict.unknown),
        ("name", {"typed_name": "SUMIATI"}, Verdict.ok),
        ("name", {"typed_name": "Sumiyati"}, Verdict.look),
        ("overlap", {"overlap": (Month(2026, 12),)}, Verdict.stop),
        ("consent", {"consent": False, "consent_is_hers": False}, Verdict.stop),
        ("consent", {"consent_is_hers": False}, Verdict.unknown),
        ("attestation", {"attested_on": None}, Verdict.look),
        ("payment", {"funded": 5}, Verdict.look),
        ("payment", {"funded": 0, "months": 0}, Verdict.look),
        ("city", {"city_pays": True}, Verdict.look),
    ],
)
def test_each_check_says_what_it_found(name: str, facts: dict[str, object], expected: Verdict) -> None:
    assert verdict(name, **facts) is expected


def test_the_worst_of_all_checks_counts() -> None:
    assert checks.overall(checks.run(replace(GOOD, attested_on=None), TODAY)) is Verdict.look
    assert checks.overall(checks.run(replace(GOOD, attested_on=None, consent=False), TODAY)) is Verdict.stop


def test_the_city_is_only_named_where_it_usually_pays() -> None:
    assert "city" not in {check.name for check in checks.run(GOOD, TODAY)}
