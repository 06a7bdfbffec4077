"""`book_check`: what each self-check of the books found when it last ran, so that no page has to ask again."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sertakan.db import Instant, Model, key


class BookCheck(Model):
    """One check of one run. `run` counts the runs; `detail` names some rows by ref, never a person."""

    __tablename__ = "book_check"
    __table_args__ = (Index("uq_book_check_run_name", "run", "name", unique=True), CheckConstraint("found >= 0", name="found"))

    id: Mapped[int] = key()
    run: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    found: Mapped[int] = mapped_column(BigInteger)
    detail: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def ok(self) -> bool:
        return self.found == 0
