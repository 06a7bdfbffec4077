"""Working off confirmed files beside the web, oldest first."""

import logging

from sertakan.leavers import queries, service

log = logging.getLogger("sertakan.leavers")


def work_off() -> int:
    """End what was confirmed; returns how many workers left. A file that fails leaves the others done (I18)."""
    done = 0
    for file_id in queries.list_confirmed():
        try:
            done += service.work_off(file_id)
        except Exception:
            log.exception("leavers %s could not be worked off", file_id)
    return done
