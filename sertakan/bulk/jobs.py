"""Files beside the web: every upload whose rows wait to be checked or to become promises, oldest first."""

import logging

from sertakan.bulk import applying, queries, service

log = logging.getLogger("sertakan.bulk")


def work() -> int:
    """Whatever waits, in this order; returns how many uploads were worked on."""
    return check_files() + apply_files()


def check_files() -> int:
    """Check what waits; returns how many files were worked on. One that fails leaves the others done (I18)."""
    done = 0
    for upload_id in queries.list_waiting():
        try:
            service.check_file(upload_id)
        except Exception:
            log.exception("upload %s could not be checked", upload_id)
            continue
        done += 1
    return done


def apply_files() -> int:
    """Make promises of what is confirmed; returns how many uploads were worked on. One that fails leaves the others done (I18)."""
    done = 0
    for upload_id in queries.list_confirmed():
        try:
            applying.apply(upload_id)
        except Exception:
            log.exception("upload %s could not be applied", upload_id)
            continue
        done += 1
    return done
