"""Breaking the API on request: what the next calls shall suffer. Kept in memory; a restart heals everything.

Before the endpoint runs: `timeout_before`, `reset_before`, `in_use` (409), `rate_limit` (429), `unavailable` (503),
`error_before` (500), `decline` (402), `redirect`. After it ran and its answer is stored: `timeout_after`, `reset_after`,
`bad_json`, `cut`. While it runs: `slow` waits with the key reserved, `error_after` makes the charge, then answers 500 and replays it.
"""

import socket
import struct
from dataclasses import dataclass, field
from threading import Event, Lock

from flask import Response, request

from sertakan.sandbox.errors import ApiError

ERRORS: dict[str, tuple[int, str, str, str]] = {
    "in_use": (
        409,
        "idempotency_key_in_use",
        "idempotency_error",
        "There is currently another in-progress request using this key.",
    ),
    "rate_limit": (429, "rate_limit", "invalid_request_error", "Request rate limit exceeded."),
    "unavailable": (503, "", "api_error", "Stripe is down for a moment."),
    "error_before": (500, "", "api_error", "An unknown error occurred."),
    "decline": (402, "card_declined", "card_error", "Your card was declined."),
}
KINDS = {
    *ERRORS,
    "timeout_before",
    "reset_before",
    "redirect",
    "timeout_after",
    "reset_after",
    "bad_json",
    "cut",
    "slow",
    "error_after",
}


@dataclass
class Fault:
    """What the next `times` calls with this method and path suffer; `headers` go with the answer, if there is one."""

    kind: str
    times: int = 1
    method: str = ""
    path: str = ""
    seconds: float = 30.0
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ApiError(400, f"unknown fault, not one of {', '.join(sorted(KINDS))}", param="kind")


class Faults:
    """The faults still to come, in the order given; the first that fits a call is used up by it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._planned: list[Fault] = []
        self.released = Event()

    def plan(self, fault: Fault) -> None:
        with self._lock:
            self._planned.append(fault)

    def planned(self) -> list[Fault]:
        with self._lock:
            return list(self._planned)

    def clear(self) -> None:
        """No more faults, and everything that hangs goes on."""
        with self._lock:
            self._planned.clear()
            self.released.set()
            self.released = Event()

    def take(self) -> Fault | None:
        with self._lock:
            for fault in self._planned:
                if request.method.startswith(fault.method) and request.path.startswith(fault.path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._planned.remove(fault)
                    return fault
            return None

    def wait(self, seconds: float) -> None:
        self.released.wait(seconds)

    def before(self, fault: Fault | None) -> Response | None:
        """Suffer what comes before the endpoint runs; an answer replaces the endpoint."""
        if fault is None:
            return None
        if fault.kind in ERRORS:
            status, code, kind, said = ERRORS[fault.kind]
            more = {"decline_code": "generic_decline"} if kind == "card_error" else {}
            raise ApiError(status, said, code=code or None, kind=kind, headers=fault.headers, **more)
        if fault.kind == "redirect":
            return Response(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
        if fault.kind.endswith("_before"):
            self._break(fault)
        return None

    def after(self, fault: Fault | None, response: Response) -> Response:
        """Suffer what comes after the answer was stored."""
        if fault is None:
            return response
        if fault.kind.endswith("_after") and fault.kind != "error_after":
            self._break(fault)
        response.headers.update(fault.headers)
        if fault.kind in {"bad_json", "cut"}:
            text = response.get_data()
            response.set_data(text[: len(text) // 2])
            if fault.kind == "cut":
                response.headers["Content-Length"] = str(len(text))
        return response

    def _break(self, fault: Fault) -> None:
        """Keep the caller waiting, or not, then break the connection without a word."""
        if fault.kind.startswith("timeout"):
            self.wait(fault.seconds)
        connection = request.environ.get("werkzeug.socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionResetError("asked for")
