"""Making what is asked for beside the web, oldest first, and deleting files that have been kept long enough."""

import logging

from sertakan.kit import clock
from sertakan.papers import making, queries, rules, service

log = logging.getLogger("sertakan.papers")


def make_papers() -> int:
    """Make what waits; returns how many were made. One that fails leaves the others done (I18)."""
    done = 0
    for paper_id in queries.list_waiting():
        try:
            making.make(paper_id)
        except Exception:
            log.exception("paper %s could not be made", paper_id)
            service.fail(paper_id)
        else:
            done += 1
    return done


def forget_old() -> int:
    """Delete the files of papers made more than a month ago; returns how many."""
    old = queries.list_old(clock.now() - rules.KEPT)
    for paper_id in old:
        service.forget(paper_id)
    return len(old)
