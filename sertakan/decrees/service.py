"""The verbs of a decree. The actor is a membership: what somebody may do follows from her part in the organisation.

Run inside `transaction()`.
"""

import base64
import hashlib
from dataclasses import asdict
from typing import Any

from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import MemberRole, Membership, OrganisationKind
from sertakan.audit.service import record
from sertakan.db import constraint_name, db
from sertakan.decrees import rules
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import DecreeState, Facts
from sertakan.kit import clock
from sertakan.kit.text import one_line


def subject(decree: Decree) -> str:
    return f"decree:{decree.ref}"


def _note(actor: Membership, what: str, decree: Decree, **facts: Any) -> None:
    record(actor=actor.person.ref, action=f"decree.{what}", subject=subject(decree), after=facts or None)


def _must_be(actor: Membership, *roles: MemberRole) -> None:
    if actor.organisation.kind is not OrganisationKind.government:
        raise rules.NotGovernment
    if actor.ended_at is not None or actor.role not in roles:
        raise rules.NotYourPart


def _move(decree: Decree, to: DecreeState) -> None:
    """The only place that sets a decree's state."""
    rules.check_move(decree.state, to)
    decree.state = to


def write(*, actor: Membership, facts: Facts, name: str, data: bytes, copied_from: Decree | None = None) -> Decree:
    """A draft with its PDF. Refuses NotGovernment, NotYourPart, NumberTaken, and what `check_facts` and `check_pdf` refuse."""
    _must_be(actor, MemberRole.maker)
    rules.check_facts(facts, clock.today())
    rules.check_pdf(data)
    decree = Decree(
        organisation_id=actor.organisation_id,
        state=DecreeState.draft,
        made_by_id=actor.person_id,
        created_at=clock.now(),
        copied_from_id=copied_from.id if copied_from else None,
        **_columns(facts),
    )
    _set_file(decree, name, data)
    try:
        with db.session.begin_nested():
            db.session.add(decree)
    except IntegrityError as error:
        raise _taken(error) from error
    _note(actor, "write", decree, **_shown(facts))
    return decree


def _columns(facts: Facts) -> dict[str, Any]:
    return {**asdict(facts), "first_month": facts.first_month, "last_month": facts.last_month}


def _shown(facts: Facts) -> dict[str, Any]:
    return {
        "number": facts.number,
        "category": facts.category.value,
        "budget_year": facts.budget_year,
        "ceiling_rupiah": facts.ceiling_rupiah,
        "first_month": str(facts.first_month),
        "last_month": str(facts.last_month),
    }


def _set_file(decree: Decree, name: str, data: bytes) -> None:
    decree.file_name = one_line(name)[:120] or "sk.pdf"
    decree.file_mark = hashlib.sha256(data).hexdigest()
    decree.file = base64.b64encode(data).decode()


def _taken(error: IntegrityError) -> Exception:
    return rules.NumberTaken(field="number") if constraint_name(error) == "uq_decree_number" else error


def change(*, actor: Membership, decree: Decree, facts: Facts, name: str, data: bytes) -> None:
    """New words for a draft; without bytes its file stays. Refuses what `write` refuses, and NotNow."""
    _must_be(actor, MemberRole.maker)
    if decree.state is not DecreeState.draft:
        raise rules.NotNow
    rules.check_facts(facts, clock.today())
    if data:
        rules.check_pdf(data)
        _set_file(decree, name, data)
    try:
        with db.session.begin_nested():
            for column, value in _columns(facts).items():
                setattr(decree, column, value)
    except IntegrityError as error:
        raise _taken(error) from error
    _note(actor, "change", decree, **_shown(facts))


def propose(*, actor: Membership, decree: Decree) -> None:
    """The draft goes to another member. Refuses NotGovernment, NotYourPart, NotVerified, NotNow."""
    _must_be(actor, MemberRole.maker)
    if actor.organisation.verified_at is None:
        raise rules.NotVerified
    _move(decree, DecreeState.proposed)
    decree.proposed_by_id, decree.proposed_at, decree.note = actor.person_id, clock.now(), None
    _note(actor, "propose", decree, mark=decree.file_mark)


def send_back(*, actor: Membership, decree: Decree, note: str) -> None:
    """The checker wants something changed. Refuses NotGovernment, NotYourPart, NotNow."""
    _must_be(actor, MemberRole.checker)
    _move(decree, DecreeState.draft)
    decree.note = note or None
    _note(actor, "send_back", decree)


def put_in_force(*, actor: Membership, decree: Decree) -> None:
    """The second person's yes: from now on people may be named under it. Refuses NotGovernment, NotYourPart, OwnProposal, NotNow."""
    _must_be(actor, MemberRole.checker)
    if actor.person_id in (decree.proposed_by_id, decree.made_by_id):
        raise rules.OwnProposal
    _move(decree, DecreeState.in_force)
    decree.decided_by_id, decree.decided_at = actor.person_id, clock.now()
    _note(actor, "in_force", decree, mark=decree.file_mark)


def close(*, actor: Membership, decree: Decree) -> None:
    """Nobody new comes under it; who is named stays to the end of her months. Refuses NotGovernment, NotYourPart, NotNow."""
    _must_be(actor, MemberRole.checker)
    _move(decree, DecreeState.closed)
    decree.closed_at = clock.now()
    _note(actor, "close", decree)


def withdraw(*, actor: Membership, decree: Decree) -> None:
    """A draft or proposal is given up; its number is free again. Refuses NotGovernment, NotYourPart, NotNow."""
    _must_be(actor, MemberRole.maker)
    _move(decree, DecreeState.withdrawn)
    _note(actor, "withdraw", decree)


def file_of(decree: Decree) -> bytes:
    return base64.b64decode(decree.file or "")
