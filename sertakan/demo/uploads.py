"""An invented company's file that has become one bill, its balance, and a bank's statement with a line that nobody knows yet."""

from datetime import date

from sertakan.accounts.models import Organisation, Person
from sertakan.bank import service as bank
from sertakan.bulk import applying, queries, service
from sertakan.bulk.rules import UploadState
from sertakan.db import db, transaction
from sertakan.demo.people import Crowd
from sertakan.employees import service as employees
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from sertakan.payments import gateway, virtual
from sertakan.pool import service as pool
from sertakan.pool.rules import Facts

PEOPLE = 8
EMPLOYEES = tuple(f"617102{day:02d}0691{day:04d}" for day in range(1, 25))  # the company's own, made up: born in June 1991
BALANCE = 2_000_000  # rupiah
RULE = Facts("Pedagang dan asisten rumah tangga", (), ("trade", "household"), 3, 20, keep_on=True)
WORKS = ("Pedagang sayur", "Pedagang kaki lima")


def tell(crowd: Crowd, company_id: int, maker_id: int, checker_id: int, finance_id: int, day: date) -> None:
    """Each step by the verb that a person would use; outside any transaction, as the worker does it."""
    with transaction() as session:
        maker = get_membership(session.get_one(Organisation, company_id).ref, session.get_one(Person, maker_id))
        employees.replace(actor=maker, digits=EMPLOYEES)
    upload_id = _submitted(_file(crowd), company_id, maker_id, day)
    with transaction() as session:
        upload = queries.get(upload_id, lock=True)
        checker = get_membership(session.get_one(Organisation, company_id).ref, session.get_one(Person, checker_id))
        service.confirm(actor=checker, upload=upload, seen=upload.mark or "")
    applying.apply(upload_id)
    account = _paid_ahead(company_id, maker_id)
    lines = f"{day:%d/%m/%Y};SETORAN TUNAI;150000;\n{day:%d/%m/%Y};ISI SALDO;{BALANCE};{account}\n"
    rows, out = bank.read(f"Tanggal;Keterangan;Kredit;Nomor VA\n{lines}".encode())
    with transaction() as session:
        bank.take(actor=session.get_one(Person, finance_id), name=f"mutasi-{day:%Y%m%d}.csv", rows=rows, out=out)
    bank.match_lines()


def _paid_ahead(company_id: int, maker_id: int) -> str:
    """A top-up, and a rule that waits for the checker; the account number that the money comes to."""
    with transaction() as session:
        maker = get_membership(session.get_one(Organisation, company_id).ref, session.get_one(Person, maker_id))
        pool.propose(actor=maker, facts=RULE)
        order = pool.top_up(actor=maker, amount_rupiah=BALANCE)
        return virtual.number_of(gateway.settings().va_prefix, order.id)


def _file(crowd: Crowd) -> bytes:
    lines = ["NIK;Nama;Pekerjaan"]
    for number in range(PEOPLE):
        person = crowd.person(0.6)
        lines.append(f"{person.nik};{person.name};{WORKS[number % len(WORKS)]}")
    return "\n".join(lines).encode()


def _submitted(data: bytes, company_id: int, maker_id: int, day: date) -> int:
    with transaction() as session:
        maker = get_membership(session.get_one(Organisation, company_id).ref, session.get_one(Person, maker_id))
        upload = service.start(
            actor=maker, name=f"pedagang-binaan-{day:%Y%m}.csv", data=data, first_month=Month.of(day) + 1, count=3
        )
        session.flush()
        upload_id, company = upload.id, maker.organisation.ref
    state = service.check_file(upload_id)
    if state != UploadState.checked:
        raise RuntimeError(f"the demo's file is {state}")
    with transaction() as session:
        upload = queries.get(upload_id, lock=True)
        maker = get_membership(company, session.get_one(Person, maker_id))
        service.submit(actor=maker, upload=upload, seen=upload.mark or "")
    db.session.remove()
    return upload_id
