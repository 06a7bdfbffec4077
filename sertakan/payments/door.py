"""Stripe's own door, in front of the pages: signature before anything else looks at the body; one row, one knock, 200.

From then on nothing can be lost. Sessions, forms and templates have no part in it, so an event costs little more than its signature and
its row, also when a thousand come at once.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from sertakan.payments.inbox import receive_event
from sertakan.payments.stripe import BadEvent
from sertakan.payments.stripe_events import MAX_EVENT_BYTES
from sertakan.web.headers import fixed_headers
from sertakan.web.knock import knock

PATH = "/stripe/webhook"
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = logging.getLogger("sertakan.payments")


class EventDoor:
    """WSGI middleware that answers `POST /stripe/webhook` itself and passes everything else on.

    `before` is called in the app's context before anything is stored.
    """

    def __init__(self, app: Flask, pages: Wsgi, before: Callable[[], None]) -> None:
        self.app, self.pages, self.before = app, pages, before
        self.headers = [*fixed_headers(app).items(), ("Cache-Control", "no-store"), ("Content-Length", "0")]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return self.pages(environ, start_response)
        if environ["REQUEST_METHOD"] != "POST":
            start_response("405 Method Not Allowed", [*self.headers, ("Allow", "POST")])
            return []
        start_response(self._take(environ), self.headers)
        return []

    def _take(self, environ: dict[str, Any]) -> str:
        """The answer's status. A fault of ours is a 500: Stripe sends the event again."""
        with self.app.app_context():
            try:
                self.before()
                row_id = receive_event(_body(environ), environ.get("HTTP_STRIPE_SIGNATURE", ""))
                if row_id is not None:
                    knock("events")
            except BadEvent:
                return "400 Bad Request"
            except Exception:
                log.exception("an event could not be stored")
                return "500 Internal Server Error"
        return "200 OK"


def _body(environ: dict[str, Any]) -> bytes:
    """The bytes as they came. Raises BadEvent, unread, when their length is missing or above `MAX_EVENT_BYTES`."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdecimal() and len(length) < 9 and int(length) <= MAX_EVENT_BYTES):
        raise BadEvent("no length, or too large")
    return bytes(environ["wsgi.input"].read(int(length)))
