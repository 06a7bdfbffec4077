"""Invented people: names put together by chance, NIK that nobody has, the same every time for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

WOMEN = (
    "Sumiati Halimah Rosmiati Siti Nurhayati Aminah Fatimah Juminten Mariana Rukiah Salmah Ernawati Yuliana Dahlia Kartini Murni "
    "Sulastri Wati Lestari Maimunah Hartati Rohani Zubaidah Asmah Rahayu Suryani Norma Paini Tuti Endang"
).split()
MEN = (
    "Rusdi Junaidi Hendra Ahmad Suparman Bambang Yusuf Iskandar Mulyadi Syahrul Budiman Marwan Slamet Anwar Effendi Kasim Darmawan "
    "Ridwan Usman Sutrisno Jamaludin Basri Hasan Tarmizi Saleh Wahyu Dedi Agus Rahmat Karim"
).split()
LAST = (
    "Hartono Saputra Wijaya Pratama Hidayat Kurniawan Setiawan Ramadhan Nugroho Firmansyah Santosa Gunawan Maulana Syafitri Handayani "
    "Permata Anggraini Puspita Kusuma Mahendra Siregar Tanjung Lubis Nasution Harahap"
).split()
FEMALE_SHARE = {"household": 0.8, "trade": 0.6, "transport": 0.05, "construction": 0.02, "farming": 0.15, "community": 0.5}


@dataclass(frozen=True)
class Invented:
    """A person nobody is."""

    name: str
    female: bool
    born_on: date
    nik: str


class Crowd:
    """Makes invented people one after another; two crowds of one seed and day are equal."""

    def __init__(self, seed: int, day: date) -> None:
        self.random, self.day, self._serial = Random(seed), day, 0  # noqa: S311 - invention, not secrecy

    def person(self, female_share: float = 0.5, ages: tuple[int, int] = (22, 61)) -> Invented:
        female = self.random.random() < female_share
        first = self.random.choice(WOMEN if female else MEN)
        name = first if self.random.random() < 0.3 else f"{first} {self.random.choice(LAST)}"
        born = self.day - timedelta(days=self.random.randint(ages[0] * 365 + 10, ages[1] * 365))
        self._serial += 1
        shown = born.day + (40 if female else 0)
        prefix = f"6171{self.random.randint(1, 6):02d}"
        return Invented(name, female, born, f"{prefix}{shown:02d}{born.month:02d}{born.year % 100:02d}{self._serial:04d}")

    def code(self) -> str:
        """A code in the shape people read aloud, the same every time."""
        alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
        text = "".join(self.random.choice(alphabet) for _ in range(8))
        return f"{text[:4]}-{text[4:]}"

    def phone(self) -> str:
        """A number in a block of mobile numbers, at random."""
        return f"+62812{self.random.randint(10_000_000, 99_999_999)}"


def emails(count: int) -> Iterator[str]:
    """Addresses in a domain that cannot exist."""
    return (f"warga{number:02d}@demo.test" for number in range(1, count + 1))
