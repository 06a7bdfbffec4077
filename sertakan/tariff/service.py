"""Writing tariff rows. Rows are closed and added, never overwritten."""

from typing import Any

from flask import current_app
from sqlalchemy import func, select

from sertakan.audit import service as audit
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.tariff.models import Bracket, Occupation, Rate, Relief
from sertakan.tariff.reference import BRACKETS, GROUPS, OCCUPATIONS, PP_44, RATES, RELIEFS
from sertakan.tariff.rules import Programme, Sector

SINCE = Month(2015, 7)
SOURCE = "DOMAIN, 2026-11-22"


class Overlaps(Refused):
    message = N_("Masa berlaku bertumpuk dengan baris yang sudah ada. Tutup dulu baris lama.")


def load_reference() -> None:
    """Write the brackets, rates, relief windows and occupations that are missing; safe to repeat."""
    with transaction() as session:
        now = clock.now()
        stamp: dict[str, Any] = {"source": SOURCE, "recorded_at": now}
        if not session.scalar(select(func.count()).select_from(Bracket)):
            for number, low, high, base in BRACKETS:
                session.add(
                    Bracket(
                        number=number,
                        income_from_rupiah=low,
                        income_to_rupiah=high,
                        base_rupiah=base,
                        from_month=SINCE,
                        legal_basis=PP_44,
                        **stamp,
                    )
                )
            for programme, points, flat, basis in RATES:
                rate = Rate(
                    programme=Programme(programme),
                    basis_points=points,
                    flat_rupiah=flat,
                    from_month=SINCE,
                    legal_basis=basis,
                    **stamp,
                )
                session.add(rate)
            for sector, programme, percent, first, last, basis in RELIEFS:
                session.add(
                    _relief(Sector(sector), Programme(programme), percent, Month.parse(first), Month.parse(last), basis, stamp)
                )
        _load_occupations()
    forget()


def _load_occupations() -> None:
    transport = {"transport"}
    assert {row[2] for row in OCCUPATIONS} <= {group[0] for group in GROUPS}
    for position, (code, label, group, icon, paid) in enumerate(OCCUPATIONS):
        db.session.merge(
            Occupation(
                code=code,
                label=label,
                group=group,
                sector=Sector.transport if group in transport else Sector.other,
                icon=icon,
                likely_government_paid=paid,
                position=position,
            )
        )


def _relief(
    sector: Sector, programme: Programme, percent: int, first: Month, last: Month | None, basis: str, stamp: dict[str, Any]
) -> Relief:
    return Relief(
        sector=sector,
        programme=programme,
        percent=percent,
        from_month=first,
        to_month=last,
        excludes_government=True,
        legal_basis=basis,
        **stamp,
    )


def add_relief(
    *,
    actor: str,
    sector: Sector,
    programme: Programme,
    percent: int,
    first: Month,
    last: Month | None,
    legal_basis: str,
    source: str,
) -> Relief:
    """Add a relief window; refuses one that overlaps a living row of the same sector and programme."""
    living = select(Relief).where(Relief.sector == sector, Relief.programme == programme, Relief.superseded_at.is_(None))
    for row in db.session.scalars(living):
        if row.from_month <= (last or row.from_month) and first <= (row.to_month or first):
            raise Overlaps
    stamp = {"source": source, "recorded_at": clock.now()}
    row = _relief(sector, programme, percent, first, last, legal_basis, stamp)
    db.session.add(row)
    db.session.flush()
    audit.record(
        actor=actor,
        action="tariff.add",
        subject=f"relief:{row.id}",
        after={"from": str(first), "to": str(last), "percent": percent},
    )
    forget()
    return row


def close_row(*, actor: str, row: Bracket | Rate | Relief, last: Month) -> None:
    """End a row with month `last` by superseding it with a copy that ends there; quotes already given keep the old row."""
    now = clock.now()
    skip = {"id", "to_month", "recorded_at", "superseded_at"}
    values = {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs if column.key not in skip}
    copy = type(row)(**values, to_month=last, recorded_at=now)
    row.superseded_at = now
    db.session.add(copy)
    audit.record(actor=actor, action="tariff.close", subject=f"{row.__tablename__}:{row.id}", after={"to": str(last)})
    forget()


def forget() -> None:
    """Let this process read the tariff again."""
    current_app.extensions.pop("tariff", None)
