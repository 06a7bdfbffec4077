"""Changing the key that seals personal data, while pages go on reading and writing (QUALITY A 49).

Every `Sealed` column of every table, found from the models, goes over to the current key in batches, each in its own transaction.
A value that a page changed in between is left as the page wrote it: the update holds only where the old ciphertext still stands.
The row is the truth: what is done carries the new key's name, so a run that was killed goes on where it stopped. Blind indexes
have a key of their own, which does not change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, func, select, update

from sertakan.audit import service as audit
from sertakan.db import Base, Sealed, db, keyring, transaction
from sertakan.kit.crypto import CannotOpen

BATCH = 500


@dataclass(frozen=True)
class Place:
    """One sealed column of one table."""

    table: Table
    column: str

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column}"


@dataclass
class Tally:
    """What became of one column's values."""

    moved: int = 0
    broken: int = 0


def places() -> list[Place]:
    """Every sealed column there is, by table and name."""
    found = {
        Place(cast(Table, mapper.local_table), part.column)
        for mapper in Base.registry.mappers
        for cls in mapper.class_.__mro__
        for part in vars(cls).values()
        if isinstance(part, Sealed)
    }
    return sorted(found, key=lambda place: place.name)


def key_name(place: Place) -> ColumnElement[str]:
    """The name of the key, which stands before the dot of a token; a comparison of texts, so that k1 is not K1 on any database."""
    return func.substr(place.table.c[place.column], 1, len(keyring().current) + 1)


def left(place: Place) -> int:
    """How many values of the column still carry another key than the current one."""
    column = place.table.c[place.column]
    old = key_name(place) != f"{keyring().current}."
    return db.session.scalar(select(func.count()).select_from(place.table).where(column.is_not(None), old)) or 0


def _batch(place: Place, after: int, most: int) -> list[Any]:
    table, column = place.table, place.table.c[place.column]
    old = key_name(place) != f"{keyring().current}."
    wanted = select(table.c.id, table.c.ref, column).where(table.c.id > after, column.is_not(None), old)
    return list(db.session.execute(wanted.order_by(table.c.id).limit(most)))


def _resealed(place: Place, rows: list[Any]) -> Iterator[dict[str, Any]]:
    """The new ciphertexts. A value that does not open is left alone: one bad row never stops the others."""
    for row_id, ref, token in rows:
        try:
            yield {"row": row_id, "old": token, "new": keyring().reseal(token, f"{place.table.name}:{ref}:{place.column}")}
        except CannotOpen:
            continue


def rotate(
    place: Place, progress: Callable[[Place, Tally], None] = lambda _place, _tally: None, most: int | None = None
) -> Tally:
    """Bring a column's values under the current key, `most` (500) a transaction; `progress` hears of each batch once it is kept."""
    tally, after = Tally(), 0
    column = place.table.c[place.column]
    change = update(place.table).where(place.table.c.id == bindparam("row"), column == bindparam("old"))
    while True:
        with transaction() as session:
            rows = _batch(place, after, most or BATCH)
            if not rows:
                return tally
            new = list(_resealed(place, rows))
            if new:
                options = {"preserve_rowcount": True}
                values = change.values({place.column: bindparam("new")})
                tally.moved += session.connection().execute(values, new, execution_options=options).rowcount
            tally.broken += len(rows) - len(new)
            after = rows[-1].id
            facts = {"column": place.name, "values": len(new), "key": keyring().current}
            audit.record(actor=audit.SYSTEM, action="key.rotate", subject=f"key:{keyring().current}", after=facts)
        progress(place, tally)
