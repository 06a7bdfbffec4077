"""The organisation of the cast as a government body, with decrees: Rina writes and names people, Budi puts in force and confirms."""

from datetime import date
from typing import Any

from sertakan.accounts.models import Membership, OrganisationKind
from sertakan.bulk import applying, queries, service
from sertakan.bulk.rules import UploadState
from sertakan.db import db, transaction
from sertakan.decrees import queries as decrees
from sertakan.decrees import service as verbs
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import Category, Facts
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from tests.bulk.files import csv_file, nik
from tests.cast import Cast

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
FULL = 16_800  # a month from the public budget, whatever the relief
TITLES = ("NIK", "Nama", "Pekerjaan", "Jabatan", "RT/RW", "Kelurahan")
DECEMBER, JANUARY = Month(2026, 12), Month(2027, 1)


def facts(**more: Any) -> Facts:
    known: dict[str, Any] = {
        "number": "412/DISNAKER/2026",
        "signed_on": date(2026, 11, 2),
        "category": Category.rt_head,
        "budget_year": 2027,
        "budget_line": "5.1.02.02.01.0055",
        "ceiling_rupiah": 10_000_000,
        "first_month": JANUARY,
        "last_month": JANUARY + 2,
    }
    return Facts(**(known | more))


def becomes_city(cast: Cast) -> None:
    with transaction():
        cast.khatulistiwa.kind = OrganisationKind.government


def member(cast: Cast, who: str = "rina") -> Membership:
    return get_membership(cast.khatulistiwa.ref, getattr(cast, who))


def act(cast: Cast, who: str, verb: Any, decree_id: int, **more: Any) -> None:
    with transaction():
        verb(actor=member(cast, who), decree=decrees.get(decree_id, lock=True), **more)


def written(cast: Cast, copied_from: Decree | None = None, **more: Any) -> int:
    with transaction():
        row = verbs.write(actor=member(cast), facts=facts(**more), name="sk.pdf", data=PDF, copied_from=copied_from)
        db.session.flush()
        return row.id


def in_force(cast: Cast, **more: Any) -> int:
    decree_id = written(cast, **more)
    act(cast, "rina", verbs.propose, decree_id)
    act(cast, "budi", verbs.put_in_force, decree_id)
    return decree_id


def heads(count: int, first: int = 0) -> list[list[str]]:
    """RT heads of one RW, each with an office of her own."""
    return [
        [nik(first + one), "Sumiati", "Ketua RT", "Ketua RT", f"{first + one + 1:03d}/007", "Siantan Tengah"]
        for one in range(count)
    ]


def listed(cast: Cast, decree_id: int, rows: list[list[str]], **more: Any) -> int:
    """A checked list under a decree."""
    with transaction():
        decree = decrees.get(decree_id)
        upload = service.start(
            actor=member(cast),
            name="daftar.csv",
            data=csv_file(rows, TITLES),
            first_month=more.get("first", decree.first_month),
            count=more.get("count", decree.last_month - decree.first_month + 1),
            decree=decree,
        )
        db.session.flush()
        upload_id = upload.id
    assert service.check_file(upload_id) == UploadState.checked
    return upload_id


def decide(cast: Cast, who: str, verb: Any, upload_id: int) -> None:
    with transaction():
        row = queries.get(upload_id, lock=True)
        verb(actor=member(cast, who), upload=row, seen=row.mark or "")


def applied(cast: Cast, upload_id: int) -> None:
    decide(cast, "rina", service.submit, upload_id)
    decide(cast, "budi", service.confirm, upload_id)
    applying.apply(upload_id)
    db.session.rollback()
