"""After a commit: "look again at this row". Losing a knock costs a minute, never a row (ARCHITECTURE 4)."""

from collections.abc import Callable

from sertakan.db import refuse_inside_transaction

Listener = Callable[[str, int], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Called by jobs.py, which knows the queue."""
    _listeners.append(listener)


def knock(what: str, row_id: int = 0) -> None:
    """Wake the job called `what` for one row, after its transaction."""
    refuse_inside_transaction()
    for listener in _listeners:
        listener(what, row_id)
