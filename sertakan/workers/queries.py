"""Reading workers. The public reads the waiting list only through `public.py`; staff see what they may see."""

from collections.abc import Sequence
from typing import Any

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Permission
from sertakan.db import blind, db
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.kit.nik import Nik
from sertakan.web.paging import Page, slice_page
from sertakan.workers import rules
from sertakan.workers.models import Attestation, Consent, ConsentKind, Sex, Waiting, Worker

PAGE_SIZE = 20
LEAVE = "leave_code"


def find_by_nik(nik: Nik) -> Worker | None:
    """The one row of this NIK, found by its keyed hash."""
    return db.session.scalars(select(Worker).where(Worker.nik_hash == blind(nik.digits, "nik"))).first()


def get(worker_id: int, lock: bool = False) -> Worker:
    return _one(select(Worker).where(Worker.id == worker_id), lock)


def visible_to(person: Person) -> Select[Worker]:
    """The officer sees every worker; an RT head, market manager or cadre those whom he registered himself (PRODUCT idea 31)."""
    statement = select(Worker)
    if person.may(Permission.review_see):
        return statement
    return statement.where(Worker.created_by_id == person.id)


def get_visible(ref: str, person: Person, lock: bool = False) -> Worker:
    """By ref, or 404: another attestor's worker and a made-up one look alike (QUALITY A 20)."""
    return _one(visible_to(person).where(Worker.ref == ref), lock)


def _one(statement: Select[Worker], lock: bool) -> Worker:
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(statement).first() or abort(404)


def list_registered(person: Person, page: int = 1) -> Page[tuple[Worker, Waiting | None]]:
    """Whom this person registered, newest first, each with her place on the list."""
    statement = (
        select(Worker, Waiting)
        .outerjoin(Waiting, Waiting.worker_id == Worker.id)
        .where(Worker.created_by_id == person.id)
        .order_by(Worker.id.desc())
        .limit(PAGE_SIZE + 1)
        .offset((page - 1) * PAGE_SIZE)
    )
    return slice_page([(row[0], row[1]) for row in db.session.execute(statement)], page, PAGE_SIZE)


# ---- the waiting list ----------------------------------------------------------------------------------------------------------


def get_waiting(code: str, lock: bool = False) -> Waiting:
    """Who stands on the list under this public code, held or not; 404 for who left and for nobody alike."""
    return find_waiting(code, lock) or abort(404)


def find_waiting(code: str, lock: bool = False) -> Waiting | None:
    plain = normalise_code(code)
    if plain is None:
        return None
    return _waiting(and_(Waiting.code == plain, Waiting.left_at.is_(None)), lock)


def find_waiting_of(worker_id: int, lock: bool = False) -> Waiting | None:
    """A worker's row of the list, whether she waits or has left."""
    return _waiting(Waiting.worker_id == worker_id, lock)


def find_waiting_by_paper(code: str, lock: bool = False) -> Waiting | None:
    """By the code on the worker's own paper."""
    plain = normalise_code(code)
    return None if plain is None else _waiting(Waiting.leave_hash == blind(plain, LEAVE), lock)


def _waiting(condition: ColumnElement[bool], lock: bool) -> Waiting | None:
    statement = select(Waiting).where(condition)
    if lock:
        statement = statement.with_for_update(of=Waiting).execution_options(populate_existing=True)
    return db.session.scalars(statement).first()


def visible_at(instant: Any) -> ColumnElement[bool]:
    """The condition of standing on the public list at an instant: not gone, and held by nobody."""
    return and_(Waiting.left_at.is_(None), or_(Waiting.held_until.is_(None), Waiting.held_until <= instant))


def coarse_title(worker: Worker) -> str:
    """`Ibu S.` or `Bapak H.`: all that a sponsor from the list ever learns of a name."""
    return title_of(worker.sex, worker.name)


def title_of(sex: Sex, name: str) -> str:
    first = rules.initial(name)
    return str(_("Ibu %(initial)s.", initial=first) if sex is Sex.female else _("Bapak %(initial)s.", initial=first))


# ---- consent and attestation ---------------------------------------------------------------------------------------------------


def has_consent(worker_id: int, kind: ConsentKind) -> bool:
    """Whether a yes of this kind is recorded and not withdrawn."""
    living = exists().where(Consent.worker_id == worker_id, Consent.kind == kind, Consent.withdrawn_at.is_(None))
    return bool(db.session.scalar(select(living)))


def list_consents(worker_id: int) -> Sequence[Consent]:
    return db.session.scalars(select(Consent).where(Consent.worker_id == worker_id).order_by(Consent.id.desc())).all()


def has_attestation(worker_id: int) -> bool:
    """Whether somebody's dated word that she works still stands today."""
    last = db.session.scalar(select(func.max(Attestation.seen_on)).where(Attestation.worker_id == worker_id))
    return last is not None and rules.attestation_stands(last, clock.today())


def list_attestations(worker_id: int) -> Sequence[tuple[Attestation, str]]:
    """Each attestation with the name of who gave it, newest first."""
    statement = (
        select(Attestation, Person.name)
        .join(Person, Person.id == Attestation.by_id)
        .where(Attestation.worker_id == worker_id)
        .order_by(Attestation.seen_on.desc(), Attestation.id.desc())
    )
    return [(row[0], row[1]) for row in db.session.execute(statement)]
