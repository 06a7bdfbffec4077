"""`bank_statement`: a file of the bank; `bank_line`: money that came, and what became of it."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Person
from sertakan.bank.rules import LineState, Why
from sertakan.db import Instant, Model, Sealed, choice, guard_rows, key, ref
from sertakan.payments.models import Order


class BankStatement(Model):
    """A file as it was taken: how many rows it had, how many of them were new, how many went out. The file itself is not kept."""

    __tablename__ = "bank_statement"
    __table_args__ = (CheckConstraint("rows_in >= rows_new AND rows_new >= 0 AND rows_out >= 0", name="amounts"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    name: Mapped[str] = mapped_column(String(120))
    rows_in: Mapped[int]
    rows_new: Mapped[int]
    rows_out: Mapped[int]
    taken_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)

    taken_by: Mapped[Person] = relationship()


class BankLine(Model):
    """A row of money that came in, once, however often its file is taken (`mark`). The payer's words are sealed."""

    __tablename__ = "bank_line"
    __table_args__ = (
        CheckConstraint("amount_rupiah > 0", name="amount"),
        CheckConstraint("(state = 'booked') = (payment_id IS NOT NULL)", name="booked_is_a_payment"),
        CheckConstraint("state <> 'suggested' OR order_id IS NOT NULL", name="suggested_names_a_bill"),
        CheckConstraint("state <> 'aside' OR (note IS NOT NULL AND decided_by_id IS NOT NULL)", name="aside_by_somebody"),
        Index("ix_bank_line_state", "state", "id"),
        Index("ix_bank_line_statement", "statement_id", "state", "id"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    statement_id: Mapped[int] = mapped_column(ForeignKey("bank_statement.id"))
    row_number: Mapped[int]
    mark: Mapped[str] = mapped_column(String(64), unique=True)
    booked_on: Mapped[date] = mapped_column(Date)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    words_sealed: Mapped[str] = mapped_column(Text)
    state: Mapped[LineState] = mapped_column(choice(LineState, "state"), default=LineState.new)
    why: Mapped[Why | None] = mapped_column(choice(Why, "why"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("payment_order.id"), index=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), unique=True)
    note: Mapped[str | None] = mapped_column(String(300))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: by its number
    decided_at: Mapped[datetime | None] = mapped_column(Instant)

    statement: Mapped[BankStatement] = relationship()
    order: Mapped[Order | None] = relationship()
    decided_by: Mapped[Person | None] = relationship()

    words = Sealed("words_sealed")


guard_rows(BankLine.__table__, "delete", "nothing about money is deleted")
guard_rows(
    BankLine.__table__,
    "update",
    "a booked line stays booked",
    "OLD.state = 'booked' AND "
    "(NEW.state <> 'booked' OR NEW.payment_id <> OLD.payment_id OR NEW.amount_rupiah <> OLD.amount_rupiah)",
)
