"""Which months a rescuer may pay. Pure."""

from enum import StrEnum

from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month

LINK_DAYS = 30
LISTED_DAYS = 1  # a link made by choosing from the public list


class Help(StrEnum):
    """What somebody else pays. Of a rescue it is also the purpose of the link, which can pay and names nobody."""

    rescue = "rescue"  # months in arrears and this one
    relay = "relay"  # months after the last one that anybody promised: a seat


class NothingToRescue(Refused):
    message = N_("Tidak ada bulan yang perlu dibayar lewat tautan ini sekarang.")
    status = 409


def said(first: Month, total_rupiah: int) -> str:
    """An offer as it stood on the page: who sends another one is shown the new one first."""
    return f"{first}:{total_rupiah}"
