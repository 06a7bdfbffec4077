"""Writing tariff rows. Rows are closed and added, never overwritten."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from sertakan.audit import service as audit
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.tariff import queries
from sertakan.tariff.models import Bracket, Holiday, Occupation, Rate, Relief
from sertakan.tariff.reference import BRACKETS, GROUPS, HOLIDAYS, OCCUPATIONS, PP_44, RATES, RELIEFS, SOURCE
from sertakan.tariff.rules import FractionalRupiah, NoTariff, Package, PayerKind, Programme, Sector, price, valid

SINCE = Month(2015, 7)
TRANSPORT_GROUPS = {"transport"}
Row = Bracket | Rate | Relief


class Overlaps(Refused):
    message = N_("Masa berlaku bertumpuk dengan baris yang sudah ada. Tutup dulu baris lama.")


class EndsBeforeStart(Refused):
    message = N_("Bulan terakhir harus sama dengan atau sesudah bulan pertama.")


class OnlyShorter(Refused):
    message = N_("Masa berlaku hanya bisa dipersingkat. Untuk memperpanjang, tambah baris baru dengan dasar hukumnya.")


class AlreadyHoliday(Refused):
    message = N_("Tanggal itu sudah tercatat sebagai hari libur.")


class PartsOfRupiah(Refused):
    message = N_("Dengan angka ini ada iuran yang tidak bulat rupiah. Periksa lagi angkanya.")


def load_reference() -> None:
    """Write the brackets, rates, relief windows and occupations that are missing; safe to repeat."""
    with transaction() as session:
        if not session.scalar(select(func.count()).select_from(Bracket)):
            session.add_all(_reference_rows({"source": SOURCE, "recorded_at": clock.now()}))
        _load_occupations()
        if not session.scalar(select(func.count()).select_from(Holiday)):
            stamp = {"source": SOURCE, "recorded_at": clock.now()}
            facts = ("on_day", "name", "joint_leave", "legal_basis")
            session.add_all(Holiday(**dict(zip(facts, row, strict=True)), **stamp) for row in HOLIDAYS)
    forget()


def _reference_rows(stamp: dict[str, Any]) -> Iterator[Row]:
    for number, low, high, base in BRACKETS:
        amounts = {"number": number, "income_from_rupiah": low, "income_to_rupiah": high, "base_rupiah": base}
        yield Bracket(**amounts, from_month=SINCE, legal_basis=PP_44, **stamp)
    for programme, points, flat, basis in RATES:
        price = {"programme": Programme(programme), "basis_points": points, "flat_rupiah": flat}
        yield Rate(**price, from_month=SINCE, legal_basis=basis, **stamp)
    for sector, programme, percent, first, last, basis in RELIEFS:
        where = {"sector": Sector(sector), "programme": Programme(programme), "percent": percent, "excludes_government": True}
        yield Relief(**where, from_month=Month.parse(first), to_month=Month.parse(last), legal_basis=basis, **stamp)


def _load_occupations() -> None:
    assert {row[2] for row in OCCUPATIONS} <= {group[0] for group in GROUPS}
    for position, (code, label, group, icon, paid) in enumerate(OCCUPATIONS):
        sector = Sector.transport if group in TRANSPORT_GROUPS else Sector.other
        work = {"label": label, "group": group, "sector": sector, "icon": icon, "likely_government_paid": paid}
        db.session.merge(Occupation(code=code, position=position, **work))


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
    excludes_government: bool = True,
) -> Relief:
    """Add a relief window. Refuses `Overlaps` with a living row of the same sector and programme, and `PartsOfRupiah`."""
    row = Relief(
        sector=sector,
        programme=programme,
        percent=percent,
        from_month=first,
        to_month=last,
        excludes_government=excludes_government,
        legal_basis=legal_basis,
        source=source,
        recorded_at=clock.now(),
    )
    _check_dates(row, select(Relief).where(Relief.sector == sector, Relief.programme == programme))
    _add(actor, row, percent=percent, sector=sector.value, programme=programme.value)
    return row


def add_rate(
    *,
    actor: str,
    programme: Programme,
    first: Month,
    last: Month | None,
    legal_basis: str,
    source: str,
    basis_points: int | None = None,
    flat_rupiah: int | None = None,
) -> Rate:
    """Add a programme's rate: basis points (100 = 1 %) or a flat amount. Refuses `Overlaps` and `PartsOfRupiah`."""
    row = Rate(
        programme=programme,
        basis_points=basis_points,
        flat_rupiah=flat_rupiah,
        from_month=first,
        to_month=last,
        legal_basis=legal_basis,
        source=source,
        recorded_at=clock.now(),
    )
    _check_dates(row, select(Rate).where(Rate.programme == programme))
    _add(actor, row, programme=programme.value, basis_points=basis_points, flat_rupiah=flat_rupiah)
    return row


def _check_dates(row: Rate | Relief, alike: Select[Any]) -> None:
    """One row at a time may be valid. The first bracket's row is the lock of the whole tariff, taken before looking."""
    if row.to_month is not None and row.to_month < row.from_month:
        raise EndsBeforeStart
    db.session.execute(select(Bracket.id).where(Bracket.number == 1).with_for_update())
    for other in db.session.scalars(alike.where(type(row).superseded_at.is_(None))):
        if (row.to_month is None or other.from_month <= row.to_month) and (
            other.to_month is None or row.from_month <= other.to_month
        ):
            raise Overlaps


def _add(actor: str, row: Rate | Relief, **facts: Any) -> None:
    db.session.add(row)
    db.session.flush()
    _check_whole(row)
    dates = {"from": str(row.from_month), "to": str(row.to_month) if row.to_month else None}
    audit.record(actor=actor, action="tariff.add", subject=f"{row.__tablename__}:{row.id}", after=facts | dates)
    forget()


def _check_whole(row: Rate | Relief) -> None:
    """Every bracket must come out in whole rupiah while the new row is valid."""
    book = queries.read_book()
    starts = {row.from_month, *(rate.from_month for rate in book.rates), *(relief.from_month for relief in book.reliefs)}
    for month in (start for start in starts if valid(row.from_month, row.to_month, start)):
        for bracket in book.brackets:
            for sector in Sector:
                try:
                    price(book, month, sector, PayerKind.private, Package.jkk_jkm_jht, bracket.income_from_rupiah)
                except FractionalRupiah as error:
                    raise PartsOfRupiah from error
                except NoTariff:
                    continue


def close_row(*, actor: str, row: Row, last: Month) -> Row:
    """End a row with month `last`: a copy that ends there supersedes it; quotes already given keep the old row.

    Refuses `EndsBeforeStart`, and `OnlyShorter` when the row already ends sooner or was superseded.
    """
    if last < row.from_month:
        raise EndsBeforeStart
    if row.superseded_at is not None or (row.to_month is not None and row.to_month < last):
        raise OnlyShorter
    now = clock.now()
    skip = {"id", "to_month", "recorded_at", "superseded_at"}
    values = {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs if column.key not in skip}
    copy = type(row)(**values, to_month=last, recorded_at=now)
    before, row.superseded_at = row.to_month, now
    db.session.add(copy)
    db.session.flush()
    audit.record(
        actor=actor,
        action="tariff.close",
        subject=f"{row.__tablename__}:{row.id}",
        before={"to": str(before) if before else None},
        after={"to": str(last), "row": copy.id},
    )
    forget()
    return copy


def add_holiday(*, actor: str, on_day: date, name: str, joint_leave: bool, legal_basis: str, source: str) -> Holiday:
    """A day on which offices rest. Refuses AlreadyHoliday."""
    row = Holiday(
        on_day=on_day, name=name, joint_leave=joint_leave, legal_basis=legal_basis, source=source, recorded_at=clock.now()
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError as error:
        raise AlreadyHoliday(field="on_day") from error
    after = {"day": on_day.isoformat(), "name": name, "joint_leave": joint_leave, "legal_basis": legal_basis}
    audit.record(actor=actor, action="holiday.add", subject=f"holiday:{row.id}", after=after)
    forget()
    return row


def remove_holiday(*, actor: str, holiday: Holiday) -> None:
    """The day is an ordinary one again; the row stays, superseded."""
    holiday.superseded_at = clock.now()
    db.session.flush()
    audit.record(
        actor=actor, action="holiday.remove", subject=f"holiday:{holiday.id}", before={"day": holiday.on_day.isoformat()}
    )
    forget()


def forget() -> None:
    """Let this process read the tariff again."""
    current_app.extensions.pop("tariff", None)
