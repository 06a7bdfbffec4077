"""An invented company: its file that has become one bill, its balance, what it adds for employees; a bank's line that nobody knows."""

from contextlib import suppress
from datetime import date

from sqlalchemy import select

from sertakan.accounts.models import Organisation, Person
from sertakan.bank import service as bank
from sertakan.bulk import applying, queries, service
from sertakan.bulk.rules import UploadState
from sertakan.db import db, transaction
from sertakan.demo.people import Crowd
from sertakan.employees import service as employees
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.matching import queries as offers
from sertakan.matching import service as matching
from sertakan.matching.rules import Facts as MatchFacts
from sertakan.organisations.queries import get_membership
from sertakan.payments import gateway, virtual
from sertakan.pool import service as pool
from sertakan.pool.rules import Facts
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState

PEOPLE = 8
LOOK_AT = 20
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
    _matched(company_id, maker_id, checker_id)
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


def _matched(company_id: int, maker_id: int, checker_id: int) -> None:
    """What the company adds to its employees' months, in force; one of them has asked."""
    with transaction() as session:
        ref = session.get_one(Organisation, company_id).ref
        maker, checker = (get_membership(ref, session.get_one(Person, one)) for one in (maker_id, checker_id))
        facts = MatchFacts(50, 200_000, 5_000_000, date(clock.today().year + 1, 12, 31))
        rule = matching.propose(actor=maker, facts=facts)
        matching.open_rule(actor=checker, rule=rule)
        mine = Sponsorship.review_state == ReviewState.approved, Sponsorship.term_state == TermState.running
        rows = select(Sponsorship).where(*mine, Sponsorship.organisation_id.is_(None)).order_by(Sponsorship.id)
        for one in session.scalars(rows.limit(LOOK_AT)):
            with suppress(Refused):
                seen = offers.offer(rule, one).mark
                matching.ask(actor=one.sponsor, sponsorship=one, code=rule.code, seen=seen)
                return


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
