"""The verbs of the list of own employees. The actor is a membership. Run inside `transaction()`, but for `read`."""

from collections.abc import Sequence

from sqlalchemy import delete, insert

from sertakan.accounts.models import MemberRole, Membership, Organisation
from sertakan.audit.service import record
from sertakan.db import blind, db
from sertakan.employees import queries, rules
from sertakan.employees.models import Employee, EmployeeList
from sertakan.employees.rules import Read
from sertakan.kit import clock, sheet

CHUNK = 1_000


def read(data: bytes, typed: str) -> Read:
    """The NIK of a file, or of what was typed. Outside any transaction: another process reads the file.

    Refuses NothingGiven, BothGiven, NothingReadable, TooMany and what `sheet` refuses.
    """
    if data and typed.strip():
        raise rules.BothGiven(field="typed")
    if not data and not typed.strip():
        raise rules.NothingGiven(field="file")
    if typed.strip():
        return rules.read_rows(rules.lines(typed), source="typed")
    return rules.read_rows((one.row, one.values.get("nik", "")) for one in sheet.records(data, rules.COLUMNS, rules.LIMITS))


def replace(*, actor: Membership, digits: Sequence[str]) -> EmployeeList:
    """From now on these are its own employees, and nobody else. Refuses NotYourPart."""
    _must_be_maker(actor)
    _clear(actor.organisation_id)
    for start in range(0, len(digits), CHUNK):
        part = [
            {"organisation_id": actor.organisation_id, "nik_hash": blind(one, "nik")} for one in digits[start : start + CHUNK]
        ]
        db.session.execute(insert(Employee), part)
    kept = EmployeeList(
        organisation_id=actor.organisation_id, count=len(digits), changed_at=clock.now(), changed_by_id=actor.person_id
    )
    db.session.add(kept)
    db.session.flush()
    _note(actor, "replace", len(digits))
    return kept


def forget(*, actor: Membership) -> None:
    """No list any more; the second time changes nothing. Refuses NotYourPart."""
    _must_be_maker(actor)
    if (known := queries.find_list(actor.organisation_id)) is not None:
        count = known.count
        _clear(actor.organisation_id)
        _note(actor, "forget", count)


def _must_be_maker(actor: Membership) -> None:
    if actor.ended_at is not None or actor.role is not MemberRole.maker:
        raise rules.NotYourPart


def _clear(organisation_id: int) -> None:
    """The organisation's row is locked, so two members who replace it at once do so one after the other."""
    db.session.get_one(Organisation, organisation_id, with_for_update=True)
    db.session.execute(delete(Employee).where(Employee.organisation_id == organisation_id))
    db.session.execute(delete(EmployeeList).where(EmployeeList.organisation_id == organisation_id))


def _note(actor: Membership, what: str, count: int) -> None:
    record(
        actor=actor.person.ref,
        action=f"employees.{what}",
        subject=f"organisation:{actor.organisation.ref}",
        after={"count": count},
    )
