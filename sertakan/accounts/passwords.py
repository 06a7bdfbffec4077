"""Passwords of staff: which are refused, how they are kept (argon2id), and how one is compared.

Words that guessers try first, here and in general, stand in easy_words.txt; a password made of one or two of them, however
decorated with digits and signs, is refused. Longer phrases of unrelated words are welcome.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from sertakan.accounts.rules import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    PasswordIsYou,
    PasswordTooEasy,
    PasswordTooLong,
    PasswordTooShort,
)

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's first choice for argon2id: 19 MiB, two passes
_LEET = str.maketrans("@4310$5!7", "aaeiossit")
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "1234567890",
    "01234567890",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8i9j0",
)
MOST_EASY_WORDS = 2


def check_password(password: str, *, name: str = "", email: str = "") -> None:
    """Length and guessability only, no rules of composition (ASVS 6.2.1 to 6.2.5, 6.2.11, 6.2.12)."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(field="password", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise PasswordTooLong(field="password", most=LONGEST_PASSWORD)
    if _is_about(password, name, email):
        raise PasswordIsYou(field="password")
    if is_easy(password):
        raise PasswordTooEasy(field="password")


def _is_about(password: str, name: str, email: str) -> bool:
    """Made of little more than the person's own name or address."""
    rest, found = password.casefold(), False
    for part in sorted({*re.split(r"\W+", name.casefold()), *re.split(r"\W+", email.casefold())}, key=len, reverse=True):
        if len(part) >= 4 and part in rest:
            rest, found = rest.replace(part, ""), True
    return found and len(re.sub(r"[\W\d_]+", "", rest)) < SHORTEST_PASSWORD // 2


def is_easy(password: str) -> bool:
    """One or two of the easy words, a run of the keyboard or a short repetition, with any digits and signs around it."""
    low = password.casefold()
    if _is_repetition(low) or _is_run(low):
        return True
    plain = re.sub(r"[\W\d_]+", "", low)
    around = "".join(sign for sign in set(low) if re.match(r"[\W\d_]", sign))
    read = re.sub(r"[\W\d_]+", "", low.strip(around).translate(_LEET))
    return any(len(text) < 3 or _is_repetition(text) or _is_run(text) or _few_words(text) for text in (plain, read))


def _is_repetition(text: str) -> bool:
    """Shorter than a password when its repetitions are counted once: `abcabcabcabc`, `aaaaaaaaaaaa`."""
    return any(
        text == (text[:size] * len(text))[: len(text)] for size in range(1, min(len(text) // 2, SHORTEST_PASSWORD - 1) + 1)
    )


def _is_run(text: str) -> bool:
    """Pieces of the alphabet or the keyboard, forwards, backwards or one after the other."""
    rest, pieces = text, 0
    while rest and pieces < 4:
        piece = max((_run_length(rest, run) for line in _RUNS for run in (line, line[::-1])), default=0)
        if piece < 3:
            return False
        rest, pieces = rest[piece:], pieces + 1
    return not rest


def _run_length(text: str, run: str) -> int:
    start = run.find(text[:3])
    if start < 0:
        return 0
    length = 0
    while length < len(text) and start + length < len(run) and text[length] == run[start + length]:
        length += 1
    return length


@lru_cache(maxsize=1)
def _easy_words() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "easy_words.txt").read_text(encoding="ascii").split())


def _few_words(text: str) -> bool:
    """Whether at most two different easy words, each perhaps repeated, make the whole text."""
    best: list[frozenset[str] | None] = [frozenset()] + [None] * len(text)
    easy = _easy_words()
    longest = max(map(len, easy))
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            before, word = best[start], text[start:end]
            if before is not None and word in easy:
                words = before | {word}
                current = best[end]
                if current is None or len(words) < len(current):
                    best[end] = words
    whole = best[-1]
    return whole is not None and len(whole) <= MOST_EASY_WORDS


# ---- keeping them --------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _nobody() -> str:
    return HASHER.hash("nobody has this password")


def hash_of(password: str) -> str:
    """An argon2id hash; equal letters typed on different systems are one password (NFC)."""
    return HASHER.hash(unicodedata.normalize("NFC", password))


def fits(password: str, stored: str | None) -> bool:
    """Whether this is the password; takes the same time when nobody has one stored."""
    password, nobody = unicodedata.normalize("NFC", password[: LONGEST_PASSWORD + 1]), _nobody()
    try:
        return HASHER.verify(stored or nobody, password) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's, and should be made anew at sign-in."""
    return HASHER.check_needs_rehash(stored)
