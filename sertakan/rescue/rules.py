"""Which months a rescuer may pay. Pure."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from itertools import takewhile

from sertakan.coverage.rules import ARREARS_MONTHS
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month, span

LINK_DAYS = 30


class Help(StrEnum):
    """What somebody else pays; also the purpose of the link, which can pay and names nobody."""

    rescue = "rescue"  # months in arrears and this one
    relay = "relay"  # months after the last one that anybody promised


class NothingToRescue(Refused):
    message = N_("Tidak ada bulan yang perlu dibayar lewat tautan ini sekarang.")
    status = 409


def said(first: Month, total_rupiah: int) -> str:
    """An offer as it stood on the page: who sends another one is shown the new one first."""
    return f"{first}:{total_rupiah}"


def owed(funded: Iterable[Month], taken: Iterable[Month], today: date) -> list[Month]:
    """The months in arrears and this one, oldest first, at most three (Perdir 22/2022; DOMAIN traps 11, 12).

    `taken` are promised or paid by anybody. When the oldest is just being paid by somebody, nothing is offered behind it: paying
    later months first would leave a hole. Nothing for cover that runs, that never began, or that has lapsed: then arrears are
    no longer owed and the worker begins anew.
    """
    this, held = Month.of(today), set(taken)
    past = max((month for month in funded if month <= this), default=None)
    if past is None or not 0 < this - past <= ARREARS_MONTHS:
        return []
    return list(takewhile(lambda month: month not in held, span(past + 1, this - past)))
