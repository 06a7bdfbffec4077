"""Many requests at once: what was ticked, and each decided in a transaction of its own, so that one no never stops the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_login import current_user

from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.review import service
from sertakan.sponsorships import queries as sponsorships
from sertakan.web.errors import say

MOST = 100


@dataclass(frozen=True)
class Pick:
    """A ticked line: its code, and the fingerprint of what it showed."""

    code: str
    seen: str


@dataclass(frozen=True)
class Result:
    """What became of one of them; `no` is the sentence that says why it was left, empty when it was approved."""

    code: str
    no: str


def read(values: Sequence[str]) -> list[Pick]:
    """`CODE:fingerprint` of each tick, once each; more than a page can hold is left out."""
    picks = {code: Pick(code, seen) for code, colon, seen in (value.partition(":") for value in values[:MOST]) if colon and code}
    return list(picks.values())


def approve(picks: Sequence[Pick]) -> list[Result]:
    """Each on what was seen when it was ticked."""
    return [Result(pick.code, _approve(pick)) for pick in picks]


def _approve(pick: Pick) -> str:
    try:
        with transaction():
            sponsorship = sponsorships.get_by_code(pick.code, lock=True)
            service.approve_in_bulk(officer=current_user.person, sponsorship=sponsorship, seen=pick.seen)
    except Refused as no:
        return say(no)
    return ""
