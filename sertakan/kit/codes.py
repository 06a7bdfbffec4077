"""Codes people read aloud and print on cards: `7KQ2-M9XF`, without 0 O 1 I."""

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_SHAPE = re.compile(f"[{ALPHABET}]{{8}}")


def new_code() -> str:
    """A random code of 40 bits; the column that keeps it is unique."""
    text = "".join(ALPHABET[byte % 32] for byte in secrets.token_bytes(8))  # 32 letters: every byte is fair
    return f"{text[:4]}-{text[4:]}"


def normalise_code(text: str) -> str | None:
    """What a person typed as a code, with lower case, spaces or a missing dash; None when it cannot be one."""
    plain = re.sub(r"[\s-]", "", text[:40]).upper()
    return f"{plain[:4]}-{plain[4:]}" if _SHAPE.fullmatch(plain) else None
