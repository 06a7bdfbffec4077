"""The verbs of a bank's statement. Run inside `transaction()`, but for `read` and `match_lines`; lock order: line, bill, and on."""

import logging
from collections.abc import Sequence
from typing import Any

from sertakan.accounts.models import Person
from sertakan.audit.service import SYSTEM, record
from sertakan.bank import queries, rules
from sertakan.bank.models import BankLine, BankStatement
from sertakan.bank.rules import LineState, Row, Why
from sertakan.db import blind, db, transaction
from sertakan.kit import clock, sheet
from sertakan.kit.text import one_line
from sertakan.payments import gateway, incoming, virtual
from sertakan.payments import queries as payment_queries
from sertakan.payments.models import Order

log = logging.getLogger("sertakan.bank")
LIMITS = sheet.Limits(megabytes=rules.MEGABYTES, rows=rules.MOST_ROWS)


def subject(line: BankLine) -> str:
    """How the trail names it."""
    return f"bank_line:{line.ref}"


def _note(actor: str, what: str, line: BankLine, reason: str | None = None, **facts: Any) -> None:
    record(actor=actor, action=f"bank_line.{what}", subject=subject(line), after=facts or None, reason=reason)


def _move(line: BankLine, to: LineState, why: Why | None = None, by: Person | None = None) -> None:
    """The only place that sets a line's state."""
    rules.check_move(line.state, to)
    line.state, line.why = to, why or line.why
    if to in (LineState.booked, LineState.aside):
        line.decided_at, line.decided_by_id = clock.now(), by.id if by else None


# ---- the file ------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> tuple[list[Row], int]:
    """The rows of a file that money came in by, and how many went out. Refuses what `sheet` and `rules.read_rows` refuse."""
    if not data:
        raise rules.FileMissing(field="file")
    return rules.read_rows(sheet.records(data, rules.COLUMNS, LIMITS), clock.today())


def take(*, actor: Person, name: str, rows: Sequence[Row], out: int) -> BankStatement:
    """Keep the rows that no earlier file had; they are matched by the job. The same file twice adds nothing."""
    marks = {row.number: blind(row.mark, "bank line") for row in rows}
    known = queries.known_marks(list(marks.values()))
    fresh = [row for row in rows if marks[row.number] not in known]
    statement = BankStatement(
        name=one_line(name)[:120] or "mutasi",
        rows_in=len(rows),
        rows_new=len(fresh),
        rows_out=out,
        taken_by_id=actor.id,
        created_at=clock.now(),
    )
    db.session.add(statement)
    db.session.flush()
    for row in fresh:
        line = BankLine(
            statement_id=statement.id,
            row_number=row.number,
            mark=marks[row.number],
            booked_on=row.day,
            amount_rupiah=row.amount_rupiah,
            state=LineState.new,
        )
        line.words = row.words
        db.session.add(line)
    db.session.flush()
    facts = {"rows": len(rows), "new": len(fresh), "rupiah": sum(row.amount_rupiah for row in fresh)}
    record(actor=actor.ref, action="bank_statement.take", subject=f"bank_statement:{statement.ref}", after=facts)
    return statement


# ---- finding its bill ----------------------------------------------------------------------------------------------------------


def match_lines() -> int:
    """Every line that nobody has looked at, each in a transaction of its own; returns how many were booked."""
    booked = 0
    for line_id in queries.list_new():
        try:
            order_id = _match(line_id)
        except Exception:
            log.exception("bank line %s could not be matched", line_id)
            continue
        if order_id is not None:
            incoming.close_page(order_id)
            booked += 1
    return booked


def _match(line_id: int) -> int | None:
    with transaction():
        line = queries.get_line(line_id, lock=True)
        if line.state is not LineState.new:
            return None
        order_id = rules.only(queries.existing(virtual.orders_in(gateway.settings().va_prefix, line.words)))
        if order_id is not None:
            _book(SYSTEM, line, payment_queries.get_order(order_id, lock=True), Why.number)
            return order_id
        _suggest(line)
        return None


def _suggest(line: BankLine) -> None:
    why, found = Why.code, _named(line.words)
    if found is None:
        why, found = Why.amount, rules.only(queries.unpaid_of_amount(line.amount_rupiah))
    line.order_id = found
    _move(line, LineState.unknown if found is None else LineState.suggested, why if found else None)


def _named(words: str) -> int | None:
    """The one bill that these words name: by the code of a promise, or by the number of an organisation's invoice."""
    invoices = queries.orders_of_invoices(rules.invoices_in(words))
    return rules.only([*invoices, *queries.orders_of_codes(list(rules.codes_in(words)))])


# ---- deciding ------------------------------------------------------------------------------------------------------------------


def book(*, actor: Person, line: BankLine, code: str) -> Order:
    """A person says which bill this money is for. Refuses NotNow, BillUnknown."""
    rules.check_move(line.state, LineState.booked)
    found = _named(code)
    if found is None:
        raise rules.BillUnknown(field="code")
    order = payment_queries.get_order(found, lock=True)
    _book(actor.ref, line, order, line.why if found == line.order_id and line.why else Why.hand, actor)
    return order


def _book(actor: str, line: BankLine, order: Order, why: Why, by: Person | None = None) -> None:
    payment = incoming.receive(actor=actor, order=order, amount_rupiah=line.amount_rupiah, mark=line.ref)
    db.session.refresh(line)  # filling the months of many lets go of what was read before
    line.order_id, line.payment_id = payment.order_id, payment.id
    _move(line, LineState.booked, why, by)
    _note(actor, "book", line, order=order.ref, amount_rupiah=line.amount_rupiah, why=why.value)
    db.session.flush()


def set_aside(*, actor: Person, line: BankLine, note: str) -> None:
    """This money is for nothing of ours; why, in words. Refuses NotNow, NoteMissing."""
    rules.check_move(line.state, LineState.aside)
    if not note.strip():
        raise rules.NoteMissing(field="note")
    line.note = note
    _move(line, LineState.aside, by=actor)
    _note(actor.ref, "aside", line, note)
