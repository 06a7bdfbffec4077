"""News for the programs of an organisation: hooks, and the outbox of what each is to hear. Verbs run inside `transaction()`."""

import json
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import abort, current_app
from sqlalchemy import select

from sertakan.accounts.models import Membership
from sertakan.api import rules
from sertakan.api.models import Delivery, Hook
from sertakan.api.rules import DeliveryState
from sertakan.api.shapes import leavers_shape, upload_shape
from sertakan.audit.service import record
from sertakan.batch import insert_new
from sertakan.bulk.models import Upload
from sertakan.bulk.rules import WAITING
from sertakan.db import db, new_ref, transaction
from sertakan.kit import clock
from sertakan.leavers.models import LeaverFile


def list_hooks(organisation_id: int) -> Sequence[Hook]:
    """Those that are open, oldest first."""
    return db.session.scalars(
        select(Hook).where(Hook.organisation_id == organisation_id, Hook.closed_at.is_(None)).order_by(Hook.id)
    ).all()


def get_hook(member: Membership, ref: str) -> Hook:
    """A hook of this member's organisation, or 404."""
    found = db.session.scalar(select(Hook).where(Hook.organisation_id == member.organisation_id, Hook.ref == ref))
    return found if found is not None else abort(404)


def open_hook(*, actor: Membership, url: str) -> str:
    """News goes there from now on; the secret is returned once. Refuses NotContact, AddressUnsafe, TooManyHooks."""
    if not actor.is_contact:
        raise rules.NotContact
    rules.check_address(url, loopback=bool(current_app.testing))
    if len(list_hooks(actor.organisation_id)) >= rules.MOST_HOOKS:
        raise rules.TooManyHooks(most=rules.MOST_HOOKS)
    secret = rules.HOOK_PREFIX + secrets.token_urlsafe(32)
    hook = Hook(organisation_id=actor.organisation_id, url=url, made_by_id=actor.person_id, created_at=clock.now())
    hook.secret = secret
    db.session.add(hook)
    db.session.flush()
    record(actor=actor.person.ref, action="hook.open", subject=f"hook:{hook.ref}")
    return secret


def close_hook(*, actor: Membership, hook: Hook) -> None:
    """Nothing goes there any more, also what waits. Refuses NotContact."""
    if not actor.is_contact:
        raise rules.NotContact
    if hook.closed_at is None:
        hook.closed_at = clock.now()
        record(actor=actor.person.ref, action="hook.close", subject=f"hook:{hook.ref}")


def write_news() -> int:
    """A row for each state of an upload or a file of leavers that a hook has not heard of; how many are new. Twice writes nothing."""
    hooks = db.session.scalars(select(Hook).where(Hook.closed_at.is_(None))).all()
    rows = [row for hook in hooks for row in _news(hook)]
    with transaction():
        return insert_new(Delivery, rows)


def _news(hook: Hook) -> Iterator[dict[str, Any]]:
    known = set(db.session.scalars(select(Delivery.key).where(Delivery.hook_id == hook.id)))
    for row in _changed(Upload, hook):
        if row.state not in WAITING:
            yield from _one(hook, known, f"upload.{row.state.value}", row.ref, upload_shape(row))
    for file in _changed(LeaverFile, hook):
        yield from _one(hook, known, f"leavers.{file.state.value}", file.ref, leavers_shape(file))


def _changed(model: Any, hook: Hook) -> Sequence[Any]:
    """What came since the hook was opened."""
    rows = select(model).where(model.organisation_id == hook.organisation_id, model.created_at >= hook.created_at)
    return db.session.scalars(rows.order_by(model.id.desc()).limit(200)).all()


def _one(hook: Hook, known: set[str], kind: str, what: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    key = f"{kind}:{what}"
    if key in known:
        return
    now, ref = clock.now(), new_ref()
    body = {"id": ref, "type": kind, "created_at": now.isoformat(), "data": data}
    yield {
        "ref": ref,
        "hook_id": hook.id,
        "key": key,
        "body": json.dumps(body, ensure_ascii=False),
        "state": DeliveryState.waiting,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
    }


def list_due(now: datetime, limit: int) -> Sequence[int]:
    """What is to be sent now to hooks that are open, oldest first."""
    return db.session.scalars(
        select(Delivery.id)
        .join(Delivery.hook)
        .where(Delivery.state == DeliveryState.waiting, Delivery.next_try_at <= now, Hook.closed_at.is_(None))
        .order_by(Delivery.next_try_at, Delivery.id)
        .limit(limit)
    ).all()


def claim(delivery_id: int) -> tuple[str, str, bytes] | None:
    """Address, secret and body of a piece of news whose turn it is; the next try is put off first, so that two never send at once."""
    row = db.session.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update(of=Delivery)).one()
    now = clock.now()
    if row.state is not DeliveryState.waiting or row.next_try_at > now or row.hook.closed_at is not None:
        return None
    row.attempts += 1
    row.next_try_at = now + rules.pause(row.attempts)
    return row.hook.url, row.hook.secret or "", row.body.encode()


def stamp(delivery_id: int, status: int | None) -> DeliveryState:
    """How a try went: any 2xx is taken; after twelve tries it is given up."""
    row = db.session.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update(of=Delivery)).one()
    row.status = status
    if row.state is DeliveryState.waiting and status is not None and 200 <= status < 300:
        _move(row, DeliveryState.sent)
    elif row.state is DeliveryState.waiting and row.attempts >= rules.MOST_TRIES:
        _move(row, DeliveryState.failed)
    return row.state


def _move(row: Delivery, to: DeliveryState) -> None:
    """The only place that sets a delivery's state."""
    rules.check_delivery(row.state, to)
    row.state, row.closed_at = to, clock.now()
