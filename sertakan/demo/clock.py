"""The demo's clock: a day in a file of the instance folder, so that the web process and the worker see the same one."""

from datetime import date
from pathlib import Path

from flask import current_app

from sertakan.coverage.service import look_at_everybody
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.web.knock import knock

_seen: dict[str, float] = {}


def _file() -> Path:
    return Path(current_app.instance_path) / "demo-today.txt"


def turn_to(day: date | None) -> None:
    """Set the day for every process; None goes back to the real one. Everybody is looked at anew, for the day may lie before the
    one that was swept last.
    """
    _file().write_text(day.isoformat() if day else "", encoding="ascii")
    follow_demo_clock()
    with transaction():
        look_at_everybody()
    knock("sweep")


def follow_demo_clock() -> None:
    """Read the day if the file changed; the first call also honours DEMO_TODAY. Does nothing outside the demo."""
    settings = current_app.config["SETTINGS"]
    if not settings.demo or current_app.testing:
        return
    file = _file()
    changed = file.stat().st_mtime if file.exists() else 0.0
    if _seen.get(str(file)) == changed:
        return
    first = str(file) not in _seen
    _seen[str(file)] = changed
    text = file.read_text(encoding="ascii").strip() if changed else ""
    if text:
        clock.set_today(date.fromisoformat(text))
    else:
        clock.set_today(settings.demo_today if first or not changed else None)
