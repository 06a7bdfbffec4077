"""Many rows with one statement are the rows that one by one would have been, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sertakan.audit.models import AuditEntry
from sertakan.batch import insert_all, insert_new
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.db import db, new_ref, transaction
from sertakan.kit.months import Month
from sertakan.tariff.rules import Package, PayerKind
from tests import factories

AT = datetime(2026, 11, 23, 1, 2, 3, 456_789, UTC)
TEXTS = ("'; --", '"\\\\n\t\n', "😀 Ñ é", "%(x)s :y {}", "null", "")


def fact(number: int, **more: Any) -> dict[str, Any]:
    shape = {"actor": "system", "action": "test", "subject": f"test:{number}", "before": None, "source": None}
    return {"at": AT, **shape, "after": None, "reason": None, "previous_hash": "0", "hash": f"{number:064x}", **more}


def of_batch() -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "test").order_by(AuditEntry.id)))


def test_texts_and_structures_come_back_as_they_were_in_their_order(app: Flask) -> None:
    rows = [fact(number, reason=text, after={"b": [1, None, text], "a": 2**53}) for number, text in enumerate(TEXTS)]
    with transaction():
        assert insert_all(AuditEntry, rows) == len(rows)
    found = of_batch()
    assert [(row.reason, row.after, row.before, row.at) for row in found] == [(r["reason"], r["after"], None, AT) for r in rows]


def test_months_words_and_nothing_are_stored_as_elsewhere(app: Flask) -> None:
    worker = factories.worker()
    month = {
        "worker_id": worker.id,
        "source": MonthSource.external,
        "sponsorship_id": None,
        "evidence": "EPS",
        "payer_kind": PayerKind.private,
    }
    price = {"base_rupiah": 1_000_000, "jkk_rupiah": 10_000, "jkm_rupiah": 6_800, "jht_rupiah": 0, "relief_rupiah": 0}
    rest = {
        "package": Package.jkk_jkm,
        "price_rupiah": 16_800,
        "tariff_rows": {"jkk": 3},
        "created_at": AT,
        "state": MonthState.paid,
    }
    with transaction():
        insert_all(
            CoverageMonth,
            [{"ref": new_ref(), "month": Month(2026, 12) + n, "paid_at": AT, **month, **price, **rest} for n in (0, 1)],
        )
    found = list(db.session.scalars(select(CoverageMonth).order_by(CoverageMonth.month)))
    assert [(row.month, row.state, row.tariff_rows, row.paid_at) for row in found] == [
        (Month(2026, 12), MonthState.paid, {"jkk": 3}, AT),
        (Month(2027, 1), MonthState.paid, {"jkk": 3}, AT),
    ]
    mine = CoverageMonth.state == MonthState.paid, CoverageMonth.sponsorship_id.is_(None), CoverageMonth.paid_at == AT
    assert len(db.session.scalars(select(CoverageMonth).where(*mine)).all()) == 2


def test_who_is_known_fails_the_batch_or_is_left_out_of_it(app: Flask) -> None:
    with transaction():
        insert_all(AuditEntry, [fact(1), fact(2)])
    with pytest.raises(IntegrityError), transaction():
        insert_all(AuditEntry, [fact(3), fact(2)])
    assert len(of_batch()) == 2
    with transaction():
        assert insert_new(AuditEntry, [fact(2), fact(4), fact(1)]) == 1
        assert insert_new(AuditEntry, [fact(4)]) == insert_new(AuditEntry, []) == 0
    assert [row.subject for row in of_batch()] == ["test:1", "test:2", "test:4"]
