"""The unfinished form of a resident: a sealed row, found by the hash of a random token in her session.

The cookie is set only once she starts. Reload, back, the other language and a lost connection change nothing: every answer
is saved as typed, right or wrong, before it is judged. A week after the last change the row is gone.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask import session
from sqlalchemy import delete

from sertakan.db import db, in_transaction, transaction
from sertakan.kit import clock
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import queries, rules
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.links import hash_token
from sertakan.sponsorships.models import Draft

KEY = "draft"


def current() -> Answers | None:
    """What has been typed so far; None before the first answer, after a week and once it was sent."""
    draft = _row()
    return steps.from_json(draft.answers) if draft and draft.answers and not draft.submitted_code else None


def sent_code() -> str | None:
    """The code of the sponsorship that this browser's draft became, for somebody who comes back to the form."""
    draft = _row()
    return draft.submitted_code if draft else None


def save(answers: Answers) -> None:
    """Keep these answers, in a transaction of its own unless one is open. The first save sets the cookie."""
    with _writing():
        draft = _row()
        if draft is None or draft.submitted_code:
            draft = _begin()
        draft.answers = steps.to_json(answers)
        draft.expires_at = clock.now() + timedelta(days=rules.DRAFT_DAYS)


def keep(answers: Answers) -> bool:
    """Like `save`, but only into the draft that is there: False when another tab has sent it meanwhile, or it is gone."""
    with _writing():
        if current() is None:
            return False
        save(answers)
        return True


def start_again() -> None:
    """Forget what was typed; the next save begins a new draft."""
    session.pop(KEY, None)


def finish(code: str) -> None:
    """The answers became this sponsorship: they are wiped, only the code stays until the row expires."""
    with _writing():
        draft = _row()
        if draft is not None:
            draft.answers = None
            draft.submitted_code = code


def delete_expired() -> int:
    """Called by the sweep, inside its transaction; returns how many are gone."""
    return db.session.execute(delete(Draft).where(Draft.expires_at <= clock.now())).rowcount  # type: ignore[attr-defined,no-any-return]


def _begin() -> Draft:
    if KEY not in session or queries.find_draft(hash_token(session[KEY])) is not None:
        session[KEY] = secrets.token_urlsafe(24)
    draft = Draft(token_hash=hash_token(session[KEY]), created_at=clock.now(), expires_at=clock.now())
    db.session.add(draft)
    return draft


def _row() -> Draft | None:
    token = session.get(KEY)
    if not isinstance(token, str):
        return None
    draft = queries.find_draft(hash_token(token), lock=in_transaction())  # of two tabs that send it, the second waits and sees
    return draft if draft is not None and draft.expires_at > clock.now() else None


@contextmanager
def _writing() -> Iterator[None]:
    if in_transaction():
        yield
        return
    with transaction():
        yield
