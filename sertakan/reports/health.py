"""Whether what must happen by itself happens: the jobs, the oldest row that waits in each queue, the tables as the code knows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import N_
from sertakan.notices.models import Notice, NoticeState
from sertakan.payments.models import ProviderEvent, Refund
from sertakan.payments.queries import by_transfer
from sertakan.payments.rules import EventState, RefundState
from sertakan.runs import queries as runs

OLD = timedelta(minutes=15)
QUEUES = {"notices": N_("Pesan"), "events": N_("Kabar pembayaran"), "refunds": N_("Pengembalian dana")}
JOBS = {
    "events": N_("Kabar pembayaran"),
    "files": N_("Berkas unggahan"),
    "bank": N_("Mutasi bank"),
    "papers": N_("Berkas lampiran"),
    "news": N_("Kabar untuk program"),
    "leavers": N_("Berkas pekerja keluar"),
    "refunds": N_("Pengembalian dana"),
    "autopay": N_("Perpanjangan otomatis"),
    "renewals": N_("Persetujuan perpanjangan"),
    "remittance": N_("Setoran ke BPJS"),
    "rescues": N_("Kabar pertolongan"),
    "pool": N_("Saldo dan aturannya"),
    "seats": N_("Kursi estafet"),
    "reminders": N_("Penulisan pengingat"),
    "notices": N_("Pengiriman pesan"),
    "expire": N_("Tagihan yang lewat waktu"),
    "reconcile": N_("Pencocokan pembayaran"),
    "limits": N_("Hitungan percobaan"),
    "sweep": N_("Sapuan harian"),
    "books": N_("Pemeriksaan buku"),
    "old_papers": N_("Penghapusan berkas lama"),
    "api_calls": N_("Penghapusan jawaban lama untuk program"),
}


@dataclass(frozen=True)
class Queue:
    """Rows that wait for a job; `since` is when the oldest of them became due. `now` is of the same clock."""

    name: str
    since: datetime | None
    now: datetime

    @property
    def age(self) -> timedelta | None:
        return max(self.now - self.since, timedelta()) if self.since else None

    @property
    def ok(self) -> bool:
        return self.age is None or self.age <= OLD


def queues() -> list[Queue]:
    """The oldest undone row of each queue; one statement for all."""
    now = clock.now()
    tried = func.coalesce(Refund.next_try_at, Refund.created_at)
    message = select(func.min(Notice.next_try_at)).where(Notice.state == NoticeState.queued, Notice.next_try_at <= now)
    event = select(func.min(ProviderEvent.next_try_at)).where(
        ProviderEvent.state.in_((EventState.new, EventState.parked)), ProviderEvent.next_try_at <= now
    )
    refund = select(func.min(tried)).where(Refund.state == RefundState.approved, tried <= now, ~by_transfer(Refund.id))
    row = db.session.execute(select(*(part.scalar_subquery() for part in (message, event, refund)))).one()
    return [Queue(name, since, now) for name, since in zip(QUEUES, row, strict=True)]


@cache
def newest_migration(folder: Path) -> str:
    """The number of the last migration that came with this code."""
    return max((file.name[:4] for file in folder.glob("[0-9][0-9][0-9][0-9]_*.py")), default="")


def migrated() -> bool:
    """Whether the database has every migration of this code."""
    try:
        found = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except (OperationalError, ProgrammingError):  # no such table
        db.session.rollback()
        return False
    return bool(found == newest_migration(Path(current_app.root_path).parent / "migrations" / "versions"))


def ready() -> dict[str, bool]:
    """What must hold for the service to be whole, in words that tell a stranger nothing more."""
    try:
        at_head = migrated()
        return {"database": True, "migrations": at_head, "worker": runs.worker_seen(), "queues": all(q.ok for q in queues())}
    except OperationalError:
        db.session.rollback()
        return {"database": False}
