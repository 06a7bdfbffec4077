"""The chain: each entry's hash covers its own words and the hash before it, so a changed or missing row shows."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
FIELDS = ("at", "actor", "action", "subject", "before", "after", "reason", "source")


def link(previous: str, entry: Mapping[str, Any]) -> str:
    """SHA-256, hex, over the previous hash and the entry's fields in a fixed order."""
    words = {name: entry.get(name) for name in FIELDS}
    at = words["at"]
    if isinstance(at, datetime):
        words["at"] = at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def first_break(entries: Iterable[Mapping[str, Any]]) -> int | None:
    """The id of the first entry that does not follow from the one before it; None when the chain is whole."""
    previous = GENESIS
    for entry in entries:
        if entry["previous_hash"] != previous or entry["hash"] != link(previous, entry):
            return int(entry["id"])
        previous = entry["hash"]
    return None
