"""Correcting who a worker is, after a check by two people (DOMAIN trap 19, 25)."""

from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.db import db
from sertakan.kit.errors import N_, Refused
from sertakan.kit.nik import Nik
from sertakan.workers import queries
from sertakan.workers.models import Sex, Worker
from sertakan.workers.service import subject


class NikOfAnother(Refused):
    message = N_("NIK ini milik pekerja lain yang sudah tercatat. Periksa lagi, atau kembalikan dananya.")
    status = 409


def correct(*, actor: Person, worker: Worker, name: str, nik: Nik) -> None:
    """Set her name and NIK, with the birth date and sex that stand in it. Refuses NikOfAnother.

    The trail says which field changed, not to what.
    """
    known = queries.find_by_nik(nik)
    if known is not None and known.id != worker.id:
        raise NikOfAnother(field="nik")
    changed = [field for field, differs in (("name", name != worker.name), ("nik", known is None)) if differs]
    try:
        with db.session.begin_nested():
            worker.name = name
            if known is None:
                worker.nik, worker.born_on, worker.sex = nik.digits, nik.born_on, Sex(nik.sex)
            db.session.flush()
    except IntegrityError as error:
        raise NikOfAnother(field="nik") from error
    record(actor=actor.ref, action="worker.correct", subject=subject(worker), after={"changed": changed})
