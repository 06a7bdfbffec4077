"""The verbs of papers: asked for by a member, made beside the web, kept for a month. The actor is a membership."""

import base64
from typing import IO, Any

from sqlalchemy import delete, update

from sertakan.accounts.models import Membership
from sertakan.audit.service import record
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.codes import new_code
from sertakan.papers import queries, rules
from sertakan.papers.models import Paper, PaperPiece
from sertakan.papers.rules import PaperKind, PaperState

PIECE_BYTES = 240_000


def subject(paper: Paper) -> str:
    """How the trail names it."""
    return f"paper:{paper.ref}"


def _move(paper: Paper, to: PaperState) -> None:
    """The only place that sets a paper's state."""
    rules.check_move(paper.state, to)
    paper.state = to


def ask(*, actor: Membership, kind: PaperKind, locale: str, year: int | None = None, part: int = 1) -> Paper:
    """A paper is to be made; who asks again before it is made gets the same.

    Refuses NotVerified, YearMissing, NobodyYet, TooManyForPaper.
    """
    organisation = actor.organisation
    if organisation.verified_at is None:
        raise rules.NotVerified
    if kind is PaperKind.statement and (year is None or not rules.FIRST_YEAR <= year <= clock.today().year):
        raise rules.YearMissing(field="year")
    wanted_year = year if kind is PaperKind.statement else None
    wanted_part = part if kind is PaperKind.cards else None
    known = queries.find_waiting(organisation.id, kind, wanted_year, wanted_part)
    if known is not None:
        return known
    total = _size(organisation.id, kind, year, part)
    paper = Paper(
        code=new_code(),
        organisation=organisation,
        kind=kind,
        year=wanted_year,
        part=wanted_part,
        locale=locale,
        total=total,
        made_by_id=actor.person_id,
        created_at=clock.now(),
    )
    db.session.add(paper)
    db.session.flush()
    record(actor=actor.person.ref, action="paper.ask", subject=subject(paper), after={"kind": kind.value, "lines": total})
    return paper


def _size(organisation_id: int, kind: PaperKind, year: int | None, part: int) -> int:
    """How many lines it will have. Refuses NobodyYet, TooManyForPaper."""
    if kind is PaperKind.statement:
        total = queries.year_people(organisation_id, year or 0)
    elif kind is PaperKind.certificate:
        total = queries.posted_sums(organisation_id)[0]
    elif kind is PaperKind.cards:
        most = rules.CARDS_A_FILE
        total = min(queries.count_approved(organisation_id) - (part - 1) * most, most) if part > 0 else 0
    else:
        total = queries.count_list(organisation_id)
    if total <= 0:
        raise rules.NobodyYet
    if kind is PaperKind.report_pdf and total > rules.ROWS_ON_PAPER:
        raise rules.TooManyForPaper(most=rules.ROWS_ON_PAPER)
    return total


def progress(paper_id: int, done: int) -> None:
    """So many lines are written; in a transaction of its own."""
    with transaction() as session:
        session.execute(update(Paper).where(Paper.id == paper_id, Paper.state == PaperState.waiting).values(done=done))


def keep(*, paper_id: int, file: IO[bytes], facts: dict[str, Any]) -> None:
    """The file is made: sealed piece by piece, whole or not at all. A second maker of the same paper changes nothing."""
    with transaction() as session:
        paper = queries.get(paper_id, lock=True)
        if paper.state is not PaperState.waiting:
            return
        file.seek(0)
        number = 0
        while data := file.read(PIECE_BYTES):
            piece = PaperPiece(paper_id=paper.id, number=number)
            piece.content = base64.b64encode(data).decode()
            session.add(piece)
            session.flush()
            session.expunge(piece)
            number, paper.size = number + 1, paper.size + len(data)
        _move(paper, PaperState.ready)
        paper.facts, paper.ready_at, paper.done = facts, clock.now(), paper.total


def fail(paper_id: int) -> None:
    """It cannot be made; the page says so and offers to try again."""
    with transaction():
        paper = queries.get(paper_id, lock=True)
        if paper.state is PaperState.waiting:
            _move(paper, PaperState.failed)


def forget(paper_id: int) -> None:
    """The file has been kept long enough; what its code says stays."""
    with transaction() as session:
        paper = queries.get(paper_id, lock=True)
        if paper.state is PaperState.ready:
            session.execute(delete(PaperPiece).where(PaperPiece.paper_id == paper.id))
            _move(paper, PaperState.expired)
