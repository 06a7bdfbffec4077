"""Going on with thousands: everybody whose cover ends in one month becomes an upload of its own, on the same rules as a file.

So two people confirm it, rows that changed meanwhile are told, and one bill comes of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select

from sertakan.accounts.models import Membership
from sertakan.bulk import rules, service
from sertakan.bulk.models import Upload
from sertakan.bulk.rows import COLUMNS, TITLES
from sertakan.db import db
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import split_post
from sertakan.kit import clock, sheet
from sertakan.kit.months import Month, span
from sertakan.roster.queries import promises_of
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.workers.models import Worker
from sertakan.workers.rules import GONE

COPIED = ("nik", "name", "occupation", "position", "rt_rw", "kelurahan")
AHEAD = 3  # months: what ends later is not renewed yet


class Ending(NamedTuple):
    """How many people's cover ends with this month."""

    month: Month
    people: int


def going_on(organisation_id: int) -> list[ColumnElement[bool]]:
    """Promises of the organisation that ran and were not stopped, of workers who are still there and whose data it brought itself.

    Who was chosen by her card alone never stands in a file of the organisation.
    """
    ran = Sponsorship.term_state.in_((TermState.running, TermState.ended))
    approved = Sponsorship.review_state == ReviewState.approved
    brought = Sponsorship.chosen_from_list.is_(False)
    return [promises_of(organisation_id), ran, approved, brought, Worker.state.not_in(GONE)]


def list_endings(member: Membership, this: Month) -> list[Ending]:
    """From last month on, three months ahead; only months in which somebody's cover ends."""
    months = span(this + -1, AHEAD + 1)
    rows = db.session.execute(
        select(Sponsorship.last_month, func.count())
        .join(Worker, Worker.id == Sponsorship.worker_id)
        .where(*going_on(member.organisation_id), Sponsorship.last_month.in_(months))
        .group_by(Sponsorship.last_month)
        .order_by(Sponsorship.last_month)
    )
    return [Ending(row[0], row[1]) for row in rows]


def _holding(decree: Decree) -> list[ColumnElement[bool]]:
    """Promises under a decree that were kept to its last month, of workers who are still there."""
    kept = Sponsorship.decree_id == decree.id, Sponsorship.last_month == decree.last_month
    approved = Sponsorship.review_state == ReviewState.approved
    return [*kept, approved, Sponsorship.term_state.in_((TermState.running, TermState.ended)), Worker.state.not_in(GONE)]


def count_holders(decree: Decree) -> int:
    statement = select(func.count()).select_from(Sponsorship).join(Worker, Worker.id == Sponsorship.worker_id)
    return db.session.scalar(statement.where(*_holding(decree))) or 0


def copy_holders(*, actor: Membership, decree: Decree, name: str) -> Upload:
    """Last year's holders again, for the months of the decree that was copied from theirs; it waits to be checked like a file.

    Refuses NothingReady when nobody holds an office any more, and what `service.start` refuses.
    """
    assert decree.copied_from is not None  # only such a decree shows the button
    works = {work.code: work.label for work in tariff.list_occupations()}
    rows = db.session.execute(
        select(Worker, Sponsorship.post)
        .join(Sponsorship, Sponsorship.worker_id == Worker.id)
        .where(*_holding(decree.copied_from))
        .order_by(Sponsorship.id)
        .limit(rules.MOST_ROWS)
    ).all()
    if not rows:
        raise rules.NothingReady
    first = max(decree.first_month, Month.of(clock.today()))
    titles = [*(TITLES[key] for key in COPIED), f"SK {decree.ref}"]  # another decree makes another file of the same people
    lines = ([one.nik, one.name, works.get(one.occupation_code, one.occupation_code), *_office(post), ""] for one, post in rows)
    data = b"".join(sheet.csv_lines(titles, lines))
    count = decree.last_month - first + 1
    return service.start(actor=actor, name=name, data=data, first_month=first, count=count, decree=decree)


def _office(post: str | None) -> tuple[str, str, str]:
    return split_post(post or "")


def start(*, actor: Membership, ends: Month, count: int, name: str) -> Upload:
    """An upload of all whose cover ends with `ends`, for `count` months from the next one; it waits to be checked like a file.

    Refuses NothingReady when nobody's ends then, and what `service.start` refuses: NotYourPart, SameFile, months too far away.
    """
    people = db.session.scalars(
        select(Worker)
        .join(Sponsorship, Sponsorship.worker_id == Worker.id)
        .where(*going_on(actor.organisation_id), Sponsorship.last_month == ends)
        .order_by(Worker.id)
        .limit(rules.MOST_ROWS)
    ).all()
    if not people:
        raise rules.NothingReady(field="ends")
    return of_people(actor=actor, people=people, first=ends + 1, count=count, name=name)


def of_people(*, actor: Membership, people: Sequence[Worker], first: Month, count: int, name: str) -> Upload:
    """An upload of known workers whose data the organisation brought itself; refuses what `service.start` refuses."""
    names = {work.code: work.label for work in tariff.list_occupations()}
    # the month stands in the titles, or the same people a year later were the same file
    titles = [*(column.titles[0] for column in COLUMNS[:3]), str(first)]
    rows = ([one.nik, one.name, names.get(one.occupation_code, one.occupation_code), ""] for one in people)
    data = b"".join(sheet.csv_lines(titles, rows))
    return service.start(actor=actor, name=name, data=data, first_month=first, count=count)
