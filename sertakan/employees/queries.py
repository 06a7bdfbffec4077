"""Reads of an organisation's own employees."""

from collections.abc import Collection

from sqlalchemy import select

from sertakan.db import db
from sertakan.employees.models import Employee, EmployeeList


def find_list(organisation_id: int) -> EmployeeList | None:
    """Its list, if it keeps one."""
    return db.session.scalar(select(EmployeeList).where(EmployeeList.organisation_id == organisation_id))


def among(organisation_id: int, hashes: Collection[str]) -> set[str]:
    """Which of these NIK hashes are its own employees."""
    if not hashes:
        return set()
    return set(
        db.session.scalars(
            select(Employee.nik_hash).where(Employee.organisation_id == organisation_id, Employee.nik_hash.in_(hashes))
        )
    )
