"""`/api/v1`: the verbs of an organisation for its programs."""

from typing import Any

from flask import Blueprint, Response, request

from sertakan.accounts.models import Membership
from sertakan.api import rules
from sertakan.api.document import document
from sertakan.api.door import answer, caller, change, failed, for_program
from sertakan.api.rules import Scope
from sertakan.api.shapes import leavers_shape, problem_rows, upload_shape, worker_shape, worker_with_months
from sertakan.bulk import queries as uploads
from sertakan.bulk import rules as upload_rules
from sertakan.bulk import service as upload_verbs
from sertakan.bulk.forms import COUNTS
from sertakan.bulk.forms import sent_file as sent_list
from sertakan.db import db
from sertakan.decrees import queries as decrees
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.kit.text import one_line
from sertakan.leavers import queries as leavers
from sertakan.leavers import rules as leaver_rules
from sertakan.leavers import service as leaver_verbs
from sertakan.leavers.forms import sent_file as sent_leavers
from sertakan.roster import queries as roster
from sertakan.roster.rules import Group, Wanted
from sertakan.sponsorships import queries as sponsorships
from sertakan.web.access import public
from sertakan.web.extensions import limiter
from sertakan.web.headers import cacheable
from sertakan.web.knock import knock
from sertakan.web.paging import page_number
from sertakan.web.uploads import takes_files

bp = Blueprint("api", __name__, url_prefix="/api/v1")
bp.register_error_handler(429, failed)
bp.register_error_handler(413, failed)
READS = limiter.shared_limit("300 per minute", scope="api-reads", key_func=caller)
WRITES = limiter.shared_limit("60 per hour", scope="api-writes", key_func=caller)


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    """What there is, as OpenAPI 3.1."""
    return cacheable(answer(200, document()), 300)


# ---- the list ------------------------------------------------------------------------------------------------------------------


@bp.get("/workers")
@READS
@for_program(Scope.workers_read)
def workers(member: Membership) -> Response:
    """The list of workers, twenty at a time; `next` is the code to go on after."""
    standing = request.args.get("standing", "")
    if standing and standing not in Group.__members__:
        raise rules.StandingUnknown(field="standing", word=standing[:20])
    group = Group[standing] if standing else None
    part = roster.list_workers(member, Wanted(group=group, after=request.args.get("after", "")[:20]), clock.today())
    items = [worker_shape(view) for view in sponsorships.views_of(part.items)]
    return answer(200, {"items": items, "next": items[-1]["code"] if part.has_next else None})


@bp.get("/workers/<code>")
@READS
@for_program(Scope.workers_read)
def worker(member: Membership, code: str) -> Response:
    """One worker with every month that the organisation promised."""
    row = roster.get_worker(member, code)
    return answer(200, worker_with_months(sponsorships.view_of(row), roster.months_paid(member, row.worker_id)))


# ---- lists to be protected -----------------------------------------------------------------------------------------------------


@bp.get("/uploads")
@READS
@for_program(Scope.uploads_write)
def list_uploads(member: Membership) -> Response:
    """Uploads so far, the newest first."""
    page = uploads.list_uploads(member, page_number())
    return answer(200, {"items": [upload_shape(row) for row in page.items], "next": page.number + 1 if page.has_next else None})


@bp.post("/uploads")
@takes_files(upload_rules.MEGABYTES)
@WRITES
@for_program(Scope.uploads_write)
def upload(_member: Membership) -> Response:
    """A file of workers for so many months; it is checked beside, ask for its state."""
    name, data = sent_list()
    first, count, number = (request.form.get(key, "") for key in ("first_month", "count", "decree"))

    def verb(actor: Membership) -> Any:
        decree = decrees.find_by_number(actor.organisation_id, one_line(number)[:80])
        row = upload_verbs.start(actor=actor, name=name, data=data, first_month=_month(first), count=_count(count), decree=decree)
        db.session.flush()
        return 201, upload_shape(row)

    done = change(verb, [name.encode(), first.encode(), count.encode(), number.encode(), data], Scope.uploads_write)
    knock("files")
    return done


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise rules.MonthUnreadable(field="first_month") from error


def _count(text: str) -> int:
    if text not in map(str, COUNTS):
        raise rules.CountUnreadable(field="count")
    return int(text)


@bp.get("/uploads/<ref>")
@READS
@for_program(Scope.uploads_write)
def upload_state(member: Membership, ref: str) -> Response:
    """How far it is, and its counts."""
    return answer(200, upload_shape(uploads.get_upload(member, ref)))


@bp.get("/uploads/<ref>/problems")
@READS
@for_program(Scope.uploads_write)
def upload_problems(member: Membership, ref: str) -> Response:
    """Wrong rows with every problem of each, by the row's number in the file; `next` is the row to go on after."""
    after = request.args.get("after", "0")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 8 else 0
    page = uploads.list_rows(uploads.get_upload(member, ref), None, start)
    rows = problem_rows(page.items)
    return answer(200, {"items": rows, "next": rows[-1]["row"] if page.has_next else None})


@bp.post("/uploads/<ref>/submission")
@WRITES
@for_program(Scope.uploads_write)
def submit(_member: Membership, ref: str) -> Response:
    """The ready rows go to the organisation's checker, exactly as they were seen; a person confirms."""
    seen = request.form.get("seen", "")[:64]

    def verb(actor: Membership) -> Any:
        row = uploads.get_upload(actor, ref, lock=True)
        upload_verbs.submit(actor=actor, upload=row, seen=seen)
        return 200, upload_shape(row)

    return change(verb, [seen.encode()], Scope.uploads_write)


# ---- leavers -------------------------------------------------------------------------------------------------------------------


@bp.post("/leavers")
@takes_files(leaver_rules.MEGABYTES)
@WRITES
@for_program(Scope.leavers_write)
def leave(_member: Membership) -> Response:
    """A file of leavers: checked at once, and confirmed by a person."""
    name, data = sent_leavers()
    rows = leaver_verbs.read(data)

    def verb(actor: Membership) -> Any:
        return 201, leavers_shape(leaver_verbs.start(actor=actor, name=name, data=data, rows=rows))

    return change(verb, [name.encode(), data], Scope.leavers_write)


@bp.get("/leavers/<ref>")
@READS
@for_program(Scope.leavers_write)
def leavers_state(member: Membership, ref: str) -> Response:
    """How far it is, and what it frees."""
    return answer(200, leavers_shape(leavers.get_file(member, ref)))
