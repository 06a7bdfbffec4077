"""The reader of spreadsheets, run as a program of its own under limits: a hostile file ends this process and no other.

Reads a workbook from standard input and writes its first sheet to standard output, one JSON list of cells a line. Standard library
and calamine only, since it runs without the app. Arguments: most megabytes of memory, most seconds, most rows, most columns.
"""

import json
import resource
import sys
from collections.abc import Iterable, Sequence
from io import BytesIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

TOO_MANY_ROWS, TOO_MANY_COLUMNS, PASSWORD, UNREADABLE = 3, 4, 5, 6
ROUNDED = "\x00"  # begins a cell that the spreadsheet has rounded: its last digits are not what was typed
EXACT = 10**15  # a spreadsheet keeps fifteen digits


def limit(megabytes: int, seconds: int) -> None:
    """Memory, time and output of this process; the kernel enforces them."""
    for what, most in (
        (resource.RLIMIT_AS, megabytes << 20),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, megabytes << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def word(value: object) -> str:
    """A cell as text; whole numbers without a decimal point, days as ISO."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return ""
        return _number(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return _number(value)
    return value if isinstance(value, str) else str(value)


def _number(value: int) -> str:
    return f"{ROUNDED}{value}" if abs(value) >= EXACT else str(value)


def write(rows: Iterable[Sequence[object]], left: int, most_rows: int) -> int:
    """Print the rows, `left` empty columns before each; refuse when more than `most_rows` hold anything."""
    filled = 0
    for row in rows:
        words = [""] * left + [word(value) for value in row]
        filled += any(words)
        if filled > most_rows:
            return TOO_MANY_ROWS
        sys.stdout.write(json.dumps(words, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    return 0


def main() -> int:
    megabytes, seconds, most_rows, most_columns = map(int, sys.argv[1:5])
    limit(megabytes, seconds)
    try:
        sheet = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read())).get_sheet_by_index(0)
        if sheet.total_width > most_columns:
            return TOO_MANY_COLUMNS
        return write(sheet.iter_rows(), sheet.start[1] if sheet.start else 0, most_rows)
    except PasswordError:
        return PASSWORD
    except (CalamineError, OSError, ValueError, IndexError):
        return UNREADABLE


if __name__ == "__main__":
    sys.exit(main())
