"""Text as people type it, normalised once before anything compares or stores it (QUALITY A 39)."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")


def one_line(text: str) -> str:
    """NFC, no control or invisible characters, runs of space as one, ends trimmed."""
    text = unicodedata.normalize("NFC", text)
    if text.isprintable() and "  " not in text:  # no separator but single spaces, nothing invisible: nearly every text
        return text.strip()
    kept = (" " if character in "\t\r\n" else character for character in text)
    visible = (character for character in kept if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    return _SPACES.sub(" ", "".join(visible)).strip()


def many_lines(text: str) -> str:
    """The same, line by line; at most one empty line in a row."""
    lines = [one_line(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
