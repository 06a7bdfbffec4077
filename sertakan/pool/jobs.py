"""What the clock does with balances."""

import logging

from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.pool import queries, service

log = logging.getLogger("sertakan.pool")


def protect() -> int:
    """Every open rule once, each in a transaction of its own; returns how many people are protected now."""
    done = 0
    for rule_id in queries.list_open():
        try:
            with transaction():
                done += service.run(rule_id)
        except Refused as no:
            log.info("rule %s: %s", rule_id, type(no).__name__)
        except Exception:
            log.exception("rule %s failed", rule_id)
    return done
