"""Each self-check of the books finds the fault that is planted for it, and names no person (PRODUCT 5.6)."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, text

from sertakan.accounts.models import Person
from sertakan.db import bare_writes, db
from sertakan.reports import books, service
from sertakan.workers.models import Worker

CHAIN = "I8 the audit chain is whole"
# what a fault has to get past first: triggers by table, constraints by table, indexes
TRIGGERS = {
    "coverage_month": ("update",),
    "decision": ("update",),
    "audit_entry": ("update",),
    "refund": ("update",),
    "remittance_line": ("update",),
}
CONSTRAINTS = {
    "coverage_month": ("price_sums",),
    "decision": ("not_ones_own",),
    "remittance_batch": ("two_people",),
    "remittance_repair": ("two_people", "confirmed", "has_remedy"),
}
INDEX = "uq_coverage_month_live"
RELIEF = "sector, programme, percent, from_month, to_month, excludes_government, legal_basis, source, recorded_at, superseded_at"
SECOND = "(SELECT payment_id FROM suspense WHERE reason = 'duplicate' ORDER BY id LIMIT 1)"
USE = "INSERT INTO balance_use (order_id, payment_id, amount_rupiah, created_at)"
LINE_OF_A_BANK = """INSERT INTO bank_line
    (ref, statement_id, row_number, mark, booked_on, amount_rupiah, words_sealed, state, payment_id)
    SELECT 'wrong', s.id, 2, 'm', '2026-11-20', p.amount_rupiah + 1, 'k1.x', 'booked', p.id FROM payment p, bank_statement s
    WHERE p.id = (SELECT min(id) FROM payment)"""
FAULTS: dict[str, str] = {
    "a helper helps the same worker": """UPDATE rescue SET rescued_id = (SELECT min(id) FROM sponsorship)
        WHERE id = (SELECT min(id) FROM rescue)""",
    "a seat is between two sponsors of its worker": """UPDATE seat SET worker_id = (SELECT min(id) FROM worker)
        WHERE id = (SELECT min(id) FROM seat)""",
    "a seat that is taken is known as help": """UPDATE rescue SET kind = 'rescue'
        WHERE id = (SELECT min(id) FROM rescue)""",
    "a seat whose time is over is not open": """UPDATE seat SET expires_at = '2020-01-01 00:00:00'
        WHERE state = 'offered'""",
    "I1 a month has one payer": """UPDATE coverage_month SET worker_id = (SELECT worker_id FROM coverage_month c
        WHERE c.state = 'posted' ORDER BY c.id LIMIT 1), month = (SELECT month FROM coverage_month c WHERE c.state = 'posted'
        ORDER BY c.id LIMIT 1) WHERE id = (SELECT max(id) FROM coverage_month c WHERE c.state = 'paid')""",
    "I2 a payment is wholly in months, refunds or suspense": """UPDATE payment SET amount_rupiah = amount_rupiah + 1
        WHERE id = (SELECT min(id) FROM payment)""",
    "I3 a funded month holds its whole price": """UPDATE allocation SET amount_rupiah = amount_rupiah - 1
        WHERE id = (SELECT min(id) FROM allocation WHERE freed_at IS NULL)""",
    "I3 a closed month holds no money": """UPDATE allocation SET freed_at = NULL
        WHERE id = (SELECT min(id) FROM allocation WHERE freed_at IS NOT NULL)""",
    "I4 a price is the sum of its parts": """UPDATE coverage_month SET price_rupiah = price_rupiah + 1
        WHERE id = (SELECT min(id) FROM coverage_month WHERE state = 'paid')""",
    "I4 relief windows do not overlap": f"""INSERT INTO relief ({RELIEF}) SELECT {RELIEF} FROM relief
        WHERE id = (SELECT min(id) FROM relief)""",
    "I5 nobody decides her own": "UPDATE decision SET officer_id = maker_id WHERE id = (SELECT min(id) FROM decision)",
    "I5 money goes back by two people": """UPDATE refund SET approved_by_id = NULL
        WHERE id = (SELECT min(id) FROM refund WHERE approved_by_id IS NOT NULL)""",
    "a disputed month does not go to BPJS": """UPDATE coverage_month SET remitted_at = '2030-01-01 00:00:00'
        WHERE id = (SELECT min(a.coverage_month_id) FROM allocation a JOIN dispute d ON d.payment_id = a.payment_id
        WHERE d.state = 'open')""",
    "an account is deleted when its money has arrived": """UPDATE refund SET state = 'succeeded'
        WHERE id = (SELECT min(refund_id) FROM bank_transfer)""",
    "a booked line of the bank is one payment of its amount": LINE_OF_A_BANK,
    "a payment by bank transfer stands on a statement": """UPDATE payment SET provider_intent = 'bank_nobody'
        WHERE id = (SELECT min(id) FROM payment)""",
    "I6 an approval is of what stands now": """UPDATE sponsorship SET fingerprint = 'changed'
        WHERE id = (SELECT min(id) FROM sponsorship WHERE review_state = 'approved')""",
    "I8 a closed month has its trail": """UPDATE coverage_month SET ref = 'untold'
        WHERE id = (SELECT min(id) FROM coverage_month WHERE state = 'released')""",
    "an order is the sum of its lines": """UPDATE payment_order SET amount_rupiah = amount_rupiah + 1
        WHERE id = (SELECT min(id) FROM payment_order)""",
    "a paid order has its payment": """UPDATE payment_order SET state = 'paid'
        WHERE id = (SELECT min(id) FROM payment_order WHERE state = 'expired')""",
    "a payment belongs to a paid order": """UPDATE payment_order SET state = 'expired'
        WHERE id = (SELECT min(id) FROM payment_order WHERE state = 'paid')""",
    "what is over holds no months": """UPDATE sponsorship SET review_state = 'rejected'
        WHERE id = (SELECT min(sponsorship_id) FROM coverage_month WHERE state = 'paid' AND sending_at IS NULL)""",
    "a reserved month has a living order": "UPDATE payment_order SET state = 'expired' WHERE state = 'open'",
    "a refund is the sum of what it gives back": """UPDATE refund SET amount_rupiah = amount_rupiah + 1
        WHERE id = (SELECT min(id) FROM refund)""",
    "a refunded month has a refund that succeeded": "UPDATE refund SET succeeded_at = NULL WHERE succeeded_at IS NOT NULL",
    "receipts have no gaps": "UPDATE receipt SET number = number + 100 WHERE id = (SELECT max(id) FROM receipt)",
    "a payment has its receipt": f"UPDATE receipt SET payment_id = {SECOND} WHERE id = (SELECT min(id) FROM receipt)",
    "a month in a batch is as far as its line": """UPDATE coverage_month SET state = 'remitted'
        WHERE id = (SELECT coverage_month_id FROM remittance_line WHERE state = 'posted' ORDER BY id LIMIT 1)""",
    "a sent month stands in a batch": """UPDATE remittance_line SET state = 'refused', reason = 'other'
        WHERE id = (SELECT min(id) FROM remittance_line WHERE state = 'posted')""",
    "a batch is the sum of its lines": """UPDATE remittance_line SET amount_rupiah = amount_rupiah + 1
        WHERE id = (SELECT min(id) FROM remittance_line WHERE state = 'posted')""",
    "I5 two people send and mend": """UPDATE remittance_batch SET paid_by_id = created_by_id
        WHERE id = (SELECT min(id) FROM remittance_batch WHERE state = 'closed')""",
    "a bounced month has its repair": "UPDATE remittance_repair SET state = 'repaired'",
    "an applied answer is applied whole": "UPDATE remittance_answer_row SET applied = false",
    "a cancelled card is detached at the payment service": """INSERT INTO autopay
        (ref, sponsorship_id, months, state, locale, method, asked_at, session_expires_at, begun_at, ended_at)
        SELECT 'kept', min(id), 3, 'ended', 'id', 'pm_kept', submitted_at, submitted_at, submitted_at, submitted_at
        FROM sponsorship GROUP BY submitted_at ORDER BY submitted_at LIMIT 1""",
    "I14 no reminder waits for the gone": "UPDATE worker SET state = 'deceased'",
    "a balance pays bills of its own organisation": f"""{USE} SELECT o.id, (SELECT min(id) FROM payment), o.amount_rupiah, o.created_at
        FROM payment_order o WHERE o.organisation_id IS NOT NULL AND NOT o.topup AND o.state <> 'paid'""",
    "a bill paid from a balance is paid wholly": f"""{USE} SELECT o.id, s.payment_id, 1, o.created_at FROM payment_order o, suspense s
        WHERE o.organisation_id IS NOT NULL AND NOT o.topup AND s.reason = 'prepaid'""",
    "a rule protects whom it says, and no more": """INSERT INTO pool_pick (rule_id, sponsorship_id, created_at)
        SELECT r.id, (SELECT min(id) FROM sponsorship WHERE organisation_id IS NULL), r.created_at FROM pool_rule r""",
    "what a company adds keeps to its caps": "UPDATE match_claim SET rupiah = 1000000000",
    "what a company adds is for its employee's worker": """UPDATE match_claim SET state = 'taken',
        promise_id = (SELECT max(id) FROM sponsorship)""",
    CHAIN: "UPDATE audit_entry SET actor = 'somebody' WHERE id = (SELECT min(id) + 3 FROM audit_entry)",
    "I19 a running cover is looked at in time": """UPDATE follow_up SET next_on = '2030-01-01' WHERE worker_id =
        (SELECT min(worker_id) FROM sponsorship WHERE term_state = 'running')""",
}


@pytest.fixture
def app(demo_app: Flask) -> Flask:
    return demo_app


@pytest.fixture
def told(app: Flask) -> Iterator[None]:
    """The demo with its reminders of the day, and nothing between a statement and the tables any more."""
    postgres = db.engine.dialect.name == "postgresql"
    with bare_writes():
        for table, verbs in TRIGGERS.items():
            for verb in verbs:
                _run(f"DROP TRIGGER {table}_no_{verb}" + (f" ON {table}" if postgres else ""))
        _run(f"DROP INDEX {INDEX}")
        if postgres:
            for table, names in CONSTRAINTS.items():
                for name in names:
                    _run(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
        else:
            _run("PRAGMA ignore_check_constraints = ON")
    yield
    db.session.rollback()
    if not postgres:
        _run("PRAGMA ignore_check_constraints = OFF")


def _run(statement: str) -> int:
    with bare_writes():
        result = db.session.execute(text(statement))
        db.session.commit()
        return int(getattr(result, "rowcount", 0))


def test_the_demo_with_its_reminders_checks_out(app: Flask) -> None:
    assert books.broken(books.check()) == []


def test_every_check_has_its_fault() -> None:
    assert set(FAULTS) == {*books.CHECKS, CHAIN}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_planted_fault_is_found(name: str, told: None) -> None:
    assert _run(FAULTS[name]) >= 1
    result = next(result for result in books.check() if result.name == name)
    assert not result.ok
    assert result.detail


def test_a_result_names_rows_and_nobody(told: None) -> None:
    people = [*db.session.scalars(select(Person.name)), *db.session.scalars(select(Worker.name))]
    db.session.rollback()
    for statement in FAULTS.values():
        _run(statement)
    words = "\n".join(books.broken(books.check()))
    assert words.count("\n") >= 10
    assert [name for name in people if " " in name and name in words] == []


def test_the_nightly_run_tells_the_log(told: None, caplog: pytest.LogCaptureFixture) -> None:
    assert service.check_and_keep() == f"{len(FAULTS)} of {len(FAULTS)} ok"
    assert not caplog.records
    _run(FAULTS["an order is the sum of its lines"])
    with caplog.at_level(logging.ERROR, "sertakan.books"):
        assert service.check_and_keep().endswith(f"of {len(FAULTS)} ok")
    assert "an order is the sum of its lines: 1" in caplog.text
