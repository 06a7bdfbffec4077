"""Checking files beside the web: every upload whose rows wait, oldest first."""

import logging

from sertakan.bulk import queries, service

log = logging.getLogger("sertakan.bulk")


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
