"""The column map as data: staff choose which fields go out, in which order and under which titles, and how an answer calls its own."""

from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.db import db
from sertakan.remittance import queries, rules
from sertakan.remittance.models import ColumnTitle

ALWAYS = ("nik", "month", "amount")  # an answer cannot be matched without them


def save(*, actor: Person, kind: str, titles: dict[str, tuple[str, int]]) -> None:
    """Title and place of every field of a map; place 0 leaves it out. Refuses TitleMissing, TitleTwice, NikNeeded."""
    ours = rules.EXPORT_FIELDS if kind == "export" else rules.ANSWER_FIELDS
    seen: set[str] = set()
    for field, label in ours.items():
        title, place = titles[field]
        if not title:
            raise rules.TitleMissing(field=f"title_{field}", title=label)
        if place and title.casefold() in seen:
            raise rules.TitleTwice(field=f"title_{field}", title=title)
        if not place and (field in ALWAYS or kind == "answer"):
            raise rules.NikNeeded(field=f"place_{field}")
        seen.add(title.casefold())
    before = {field: list(value) for field, value in queries.columns(kind).items()}
    known = {row.field: row for row in db.session.scalars(select(ColumnTitle).where(ColumnTitle.kind == kind))}
    for field in ours:
        title, place = titles[field]
        row = known.get(field)
        if row is None:
            db.session.add(ColumnTitle(kind=kind, field=field, title=title, place=place))
        else:
            row.title, row.place = title, place
    after = {field: list(value) for field, value in titles.items()}
    changed = [field for field in ours if before[field] != after[field]]
    record(
        actor=actor.ref,
        action="columns.change",
        subject=f"columns:{kind}",
        before={field: before[field] for field in changed},
        after={field: after[field] for field in changed},
    )
