"""The words of the list: how it is sorted and narrowed. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from sertakan.kit.errors import N_
from sertakan.kit.months import Month

PAGE = 20
FOUND = 40  # a search shows no more than this and asks for more letters


class Order(StrEnum):
    newest = "terbaru"
    ending = "berakhir"
    name = "nama"


ORDERS: dict[Order, str] = {
    Order.newest: N_("Terbaru dulu"),
    Order.ending: N_("Yang lebih dulu berakhir"),
    Order.name: N_("Nama A ke Z"),
}


class Group(StrEnum):
    """How a worker stands today: the words of `coverage.rules.Standing`, as few as a list needs."""

    covered = "berjalan"
    ending = "segera"
    arrears = "menunggak"
    lapsed = "terputus"
    ahead = "belum"


GROUPS: dict[Group, str] = {
    Group.covered: N_("Berjalan"),
    Group.ending: N_("Segera berakhir"),
    Group.arrears: N_("Menunggak"),
    Group.lapsed: N_("Terputus"),
    Group.ahead: N_("Belum mulai"),
}


@dataclass(frozen=True)
class Wanted:
    """What the list shows. `after` and `before` are the code of the row beside the wanted page."""

    order: Order = Order.newest
    group: Group | None = None
    ends: Month | None = None
    kelurahan: str = ""
    occupation: str = ""
    after: str = ""
    before: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.group or self.ends or self.kelurahan or self.occupation)

    @property
    def address(self) -> dict[str, str]:
        """For the address of another page of the same list; nothing in it names a person."""
        named = {
            "urut": "" if self.order is Order.newest else self.order.value,
            "keadaan": self.group.value if self.group else "",
            "berakhir": str(self.ends or ""),
            "kelurahan": self.kelurahan,
            "pekerjaan": self.occupation,
        }
        return {key: value for key, value in named.items() if value}
