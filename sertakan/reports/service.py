"""The nightly run of the self-checks: what each found is kept as a row, so that pages show it without asking again."""

import logging
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from sertakan.db import constraint_name, db, transaction
from sertakan.kit import clock
from sertakan.reports import books
from sertakan.reports.models import BookCheck

log = logging.getLogger("sertakan.books")
ONE_RUN = "uq_book_check_run_name"
DETAIL = 200


def check_and_keep() -> str:
    """Ask every check and write down what it found. Every broken one is an error in the log.

    Times are of the real clock: the demo's day says nothing about when somebody looked.
    """
    rows = []
    for name in books.names():
        started = clock.real_now()
        result = books.ask(name)
        db.session.rollback()  # no read stays open from one check to the next
        row = BookCheck(
            name=name, found=result.count, detail=result.detail[:DETAIL], started_at=started, ended_at=clock.real_now()
        )
        rows.append(row)
        if not result.ok:
            log.error("books: %s: %s (%s)", name, result.count, result.detail)
    good = sum(row.ok for row in rows)
    return f"{good} of {len(rows)} ok" if _keep(rows) else "another run was faster"


def _keep(rows: Sequence[BookCheck]) -> bool:
    """All rows under the next number of a run; of two runs at once the slower one keeps nothing."""
    try:
        with transaction() as session:
            run = (session.scalar(select(func.max(BookCheck.run))) or 0) + 1
            for row in rows:
                row.run = run
            session.add_all(rows)
    except IntegrityError as error:
        if constraint_name(error) != ONE_RUN:
            raise
        return False
    return True
