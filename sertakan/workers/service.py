"""The verbs of a worker and of the waiting list. Run inside `transaction()`; never commit."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import or_, update
from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Permission
from sertakan.audit.service import SYSTEM, record
from sertakan.db import blind, db
from sertakan.kit import clock
from sertakan.kit.codes import new_code
from sertakan.kit.months import Month
from sertakan.kit.nik import Nik
from sertakan.workers import queries, rules
from sertakan.workers.models import (
    Attestation,
    Consent,
    ConsentGiver,
    ConsentKind,
    Sex,
    Waiting,
    Worker,
    WorkerState,
    new_mark,
)


def subject(worker: Worker) -> str:
    """How the trail names her."""
    return f"worker:{worker.ref}"


def _name(actor: Person | None) -> str:
    return actor.ref if actor is not None else SYSTEM


# ---- the worker ----------------------------------------------------------------------------------------------------------------


def find_or_create(
    *,
    actor: Person | None,
    nik: Nik,
    name: str,
    phone: str | None,
    occupation_code: str,
    kelurahan_code: str | None = None,
    employs_others: bool = False,
    address: str | None = None,
) -> Worker:
    """The row of this NIK, made when nobody has it. A row that is there stays as it is, whatever a second sponsor types: her words
    stay on her sponsorship, and an officer compares. Two who type the same new NIK at once end in one row.
    """
    known = queries.find_by_nik(nik)
    if known is not None:
        return known
    worker = Worker(
        name=name,
        nik=nik.digits,
        born_on=nik.born_on,
        sex=Sex(nik.sex),
        phone=phone,
        address=address,
        kelurahan_code=kelurahan_code,
        occupation_code=occupation_code,
        employs_others=employs_others,
        state=WorkerState.proposed,
        created_by_id=actor.id if actor else None,
        created_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(worker)
            db.session.flush()
    except IntegrityError:
        known = queries.find_by_nik(nik)
        if known is None:
            raise
        return known
    after = {"occupation": occupation_code, "kelurahan": kelurahan_code}
    record(actor=_name(actor), action="worker.create", subject=subject(worker), after=after)
    return worker


def move(*, actor: str, worker: Worker, to: WorkerState, reason: str | None = None) -> None:
    """The only place that sets a worker's state. Who died, withdrew or was merged leaves the public list with it."""
    before = worker.state
    rules.check_move(before, to)
    worker.state = to
    record(
        actor=actor,
        action=f"worker.{to.value}",
        subject=subject(worker),
        before={"state": before.value},
        after={"state": to.value},
        reason=reason,
    )
    if to in rules.GONE:
        _leave_if_waiting(actor, worker, to.value)


def register(
    *,
    actor: Person,
    nik: Nik,
    name: str,
    phone: str | None,
    address: str,
    kelurahan_code: str,
    occupation_code: str,
    employs_others: bool,
) -> Worker:
    """A worker brought in by an officer or an RT head. Refuses AlreadyRegistered, NotYourKelurahan, TooYoung, TooOld."""
    if not actor.may(Permission.review_see) and actor.kelurahan_code != kelurahan_code:
        raise rules.NotYourKelurahan(field="kelurahan_code")
    rules.check_new_age(nik.born_on, clock.today())
    if queries.find_by_nik(nik) is not None:
        raise rules.AlreadyRegistered(field="nik")
    return find_or_create(
        actor=actor,
        nik=nik,
        name=name,
        phone=phone,
        address=address,
        kelurahan_code=kelurahan_code,
        occupation_code=occupation_code,
        employs_others=employs_others,
    )


# ---- consent and attestation ---------------------------------------------------------------------------------------------------


def record_consent(*, actor: Person | None, worker: Worker, kind: ConsentKind, giver: ConsentGiver, text_version: str) -> Consent:
    """Write down a yes: to what, by whom, to which text (UU 27/2022 art. 20, 22)."""
    consent = Consent(
        worker_id=worker.id,
        kind=kind,
        giver=giver,
        recorded_by_id=actor.id if actor else None,
        text_version=text_version,
        given_on=clock.today(),
        created_at=clock.now(),
    )
    db.session.add(consent)
    db.session.flush()
    after = {"kind": kind.value, "giver": giver.value, "text": text_version}
    record(actor=_name(actor), action="consent.give", subject=subject(worker), after=after)
    return consent


def withdraw_consent(*, actor: str, worker: Worker, kind: ConsentKind, reason: str | None = None) -> int:
    """Take back every yes of this kind; returns how many stood. Without it she is off the list in the same transaction."""
    now = clock.now()
    standing = [row for row in queries.list_consents(worker.id) if row.kind is kind and row.withdrawn_at is None]
    for row in standing:
        row.withdrawn_at = now
    if standing:
        record(actor=actor, action="consent.withdraw", subject=subject(worker), before={"kind": kind.value}, reason=reason)
    _leave_if_waiting(actor, worker, "consent withdrawn")
    return len(standing)


def attest(*, actor: Person, worker: Worker, occupation_code: str, since_month: Month | None, seen_on: date) -> Attestation:
    """A dated word that she works. Refuses SeenInFuture, SeenTooLongAgo, SinceAfterSeen."""
    rules.check_seen(since_month, seen_on, clock.today())
    attestation = Attestation(
        worker_id=worker.id,
        by_id=actor.id,
        occupation_code=occupation_code,
        since_month=since_month,
        seen_on=seen_on,
        created_at=clock.now(),
    )
    db.session.add(attestation)
    db.session.flush()
    after = {"occupation": occupation_code, "since": str(since_month) if since_month else None, "seen_on": seen_on.isoformat()}
    record(actor=actor.ref, action="worker.attest", subject=subject(worker), after=after)
    return attestation


# ---- the waiting list ----------------------------------------------------------------------------------------------------------


def put_on_list(*, actor: Person, worker: Worker, phrases: Sequence[str]) -> Waiting:
    """Let her wait for a sponsor. Refuses NotListable, KelurahanMissing, AlreadyWaiting, what the age rule refuses, and when her
    consent to be listed or an attestation that still stands is missing. Who comes back gets a new public code.
    """
    rules.check_phrases(phrases)
    rules.check_new_age(worker.born_on, clock.today())
    if worker.state in rules.GONE:
        raise rules.NotListable
    if worker.kelurahan_code is None:
        raise rules.KelurahanMissing(field="kelurahan_code")
    if not queries.has_consent(worker.id, ConsentKind.listed):
        raise rules.ListedConsentMissing(field="listed")
    if not queries.has_attestation(worker.id):
        raise rules.AttestationMissing(field="seen_on")
    waiting = queries.find_waiting_of(worker.id, lock=True) or Waiting(worker=worker)
    if waiting.id is not None and waiting.left_at is None:
        raise rules.AlreadyWaiting
    waiting.code, waiting.mark = new_code(), new_mark()
    waiting.phrases, waiting.since_on = list(phrases), clock.today()
    waiting.left_at = waiting.left_reason = waiting.held_until = waiting.held_by = None
    db.session.add(waiting)
    db.session.flush()
    record(actor=actor.ref, action="waiting.list", subject=subject(worker), after={"phrases": list(phrases)})
    return waiting


def new_paper(*, actor: str, waiting: Waiting) -> str:
    """A new code for the worker's paper, with which she leaves the list by herself; the one before no longer works.

    Only its keyed hash is stored: who reads the table cannot take anybody off the list.
    """
    code = new_code()
    waiting.leave_hash = blind(code, queries.LEAVE)
    db.session.flush()
    record(actor=actor, action="waiting.paper", subject=subject(waiting.worker))
    return code


def leave_list(*, actor: str, waiting: Waiting, reason: str) -> None:
    """Off the public list, at once; a hold ends with it. Leaving twice changes nothing."""
    if waiting.left_at is not None:
        return
    waiting.left_at = clock.now()
    waiting.left_reason = reason[:40]
    waiting.held_until = waiting.held_by = None
    db.session.flush()
    record(actor=actor, action="waiting.leave", subject=subject(waiting.worker), reason=reason)


def leave_by_paper(code: str) -> None:
    """The worker herself, by the code on her paper: off the list, and her yes to it is taken back. Says nothing, known or not."""
    waiting = queries.find_waiting_by_paper(code, lock=True)
    if waiting is None or waiting.left_at is not None:
        return
    worker = waiting.worker
    withdraw_consent(actor=subject(worker), worker=worker, kind=ConsentKind.listed, reason="by herself")


def _leave_if_waiting(actor: str, worker: Worker, reason: str) -> None:
    waiting = queries.find_waiting_of(worker.id, lock=True)
    if waiting is not None:
        leave_list(actor=actor, waiting=waiting, reason=reason)


def hold(*, waiting: Waiting, by: str, minutes: int = rules.HOLD_MINUTES) -> Waiting:
    """Keep her for one sponsor for so many minutes; holding again extends. Of two at once one wins: compare and set.

    `by` is a random name of the sponsor's draft. Refuses HeldByAnother, also when she left meanwhile.
    """
    now = clock.now()
    free = or_(Waiting.held_until.is_(None), Waiting.held_until <= now, Waiting.held_by == by)
    statement = (
        update(Waiting)
        .where(Waiting.id == waiting.id, Waiting.left_at.is_(None), free)
        .values(held_until=now + timedelta(minutes=minutes), held_by=by)
        .returning(Waiting.id)
        .execution_options(synchronize_session=False)
    )
    if db.session.execute(statement).first() is None:
        raise rules.HeldByAnother
    db.session.refresh(waiting)
    return waiting


def drop_hold(*, waiting: Waiting, by: str) -> None:
    """Let her go again; somebody else's hold stays."""
    if waiting.held_by == by:
        waiting.held_until = waiting.held_by = None
        db.session.flush()
