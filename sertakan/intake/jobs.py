"""Carrying out decisions on batches beside the web."""

import logging

from sertakan.intake import queries, service

log = logging.getLogger("sertakan.intake")


def work() -> int:
    """Every decision that is not carried out yet; returns how many. One that fails leaves the others done (I18)."""
    done = 0
    for decision_id in queries.list_open():
        try:
            service.carry_out(decision_id)
        except Exception:
            log.exception("decision %s could not be carried out", decision_id)
            continue
        done += 1
    return done
