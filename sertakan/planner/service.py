"""The one verb of a plan. Run inside `transaction()`."""

from sertakan.accounts.models import Membership
from sertakan.bulk import renewing
from sertakan.bulk.models import Upload
from sertakan.db import db
from sertakan.kit import clock
from sertakan.planner import rules
from sertakan.planner.queries import Wanted, plan_own
from sertakan.workers.models import Worker

CHUNK = 500


def prepare(*, actor: Membership, wanted: Wanted, name: str) -> Upload:
    """An upload of exactly the own workers whom the budget covers now; it waits to be checked like a file.

    So two people confirm it and one bill comes of it. Refuses NobodyFits, and what `bulk.service.start` refuses: NotYourPart,
    SameFile, months too far away, a government body without its decree.
    """
    ids = [one.worker_id for one in plan_own(actor, wanted, clock.today()).taken]
    if not ids:
        raise rules.NobodyFits(field="budget")
    people = [
        worker
        for start in range(0, len(ids), CHUNK)
        for worker in db.session.query(Worker).where(Worker.id.in_(ids[start : start + CHUNK])).order_by(Worker.id)
    ]
    return renewing.of_people(actor=actor, people=people, first=wanted.first_month, count=wanted.count, name=name)
