"""News goes out beside the web; old answers are dropped once a day."""

import logging

from sertakan.api import news, sending, service
from sertakan.api.rules import DeliveryState
from sertakan.db import transaction
from sertakan.kit import clock

log = logging.getLogger("sertakan.api")
BATCH = 100


def forget_calls() -> int:
    return service.forget_calls()


def send_news() -> int:
    """Write what is new, then send what is due, one by one; returns how many were taken. A dead hook holds up nobody else's."""
    news.write_news()
    taken = 0
    for delivery_id in news.list_due(clock.now(), BATCH):
        with transaction():
            claimed = news.claim(delivery_id)
        if claimed is None:
            continue
        status = sending.send(*claimed)
        with transaction():
            taken += news.stamp(delivery_id, status) is DeliveryState.sent
    return taken
