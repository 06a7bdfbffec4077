"""Start the pretend Stripe as a process of its own, and a small HTTP server that keeps what is posted to it."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

API_KEY = "sk_test_sertakan"
WEBHOOK_SECRET = "whsec_sertakan_test_secret"


@dataclass
class Sandbox:
    """A running sandbox. `control("faults", kind="timeout_after")` posts to its remote control."""

    url: str
    pid: int
    api_key: str
    webhook_secret: str
    process: "subprocess.Popen[str]" = field(repr=False)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=10)

    def _json(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def control(self, path: str, /, **body: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        return self._json(urllib.request.Request(f"{self.url}/_control/{path}", json.dumps(body).encode(), headers))

    def look(self, path: str) -> Any:
        return self._json(urllib.request.Request(f"{self.url}/_control/{path}"))

    def reset(self) -> None:
        self.control("reset")

    def fault(self, kind: str, /, **more: Any) -> None:
        """The next call suffers this; `times`, `method`, `path`, `seconds`, `headers`."""
        self.control("faults", kind=kind, **more)

    def heal(self) -> None:
        """No more faults; what hangs goes on."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/_control/faults", method="DELETE"), timeout=30):
            pass

    def things(self, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind ("checkout.session", "charge", "refund", "event"), newest first."""
        return list(self.look("state")[kind])

    def books(self) -> dict[str, Any]:
        """Charged and refunded rupiah, in all and by order."""
        return dict(self.look("books"))

    def act(self, session_id: str, outcome: str) -> dict[str, Any]:
        """What a person does on the page: pay, decline, later, settle, fail, twice."""
        return dict(self.control(f"sessions/{session_id}/{outcome}"))

    def drain(self) -> list[dict[str, Any]]:
        """Post every waiting event once, now; tells event, type and outcome."""
        return list(self.control("webhooks/drain")["sent"])


def start_sandbox(webhook_url: str | None = None, db: str | None = None, port: int = 0, *more: str) -> Sandbox:
    """Start it on a free port of loopback and wait until it serves. Call `stop()` afterwards."""
    command = [
        sys.executable,
        "-m",
        "sertakan.sandbox",
        "--port",
        str(port),
        "--api-key",
        API_KEY,
        "--webhook-secret",
        WEBHOOK_SECRET,
    ]
    command += ["--db", db] if db else []
    command += ["--webhook-url", webhook_url] if webhook_url else []
    process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, env={**os.environ, "STRIPE_API_KEY": ""})
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("Stripe sandbox: "):
        process.kill()
        process.communicate()
        raise RuntimeError(f"the sandbox did not start: {line!r}")
    return Sandbox(line.removeprefix("Stripe sandbox: ").strip(), process.pid, API_KEY, WEBHOOK_SECRET, process)


@dataclass
class Post:
    """What somebody posted: raw body, headers in lower case."""

    raw: bytes
    headers: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))


@dataclass
class Inbox:
    """A listener for events. `answers` are the next status codes; 200 when there are none left."""

    url: str
    posts: "Queue[Post]"
    answers: list[int]

    def next(self) -> Post:
        return self.posts.get(timeout=10)

    def types(self) -> list[str]:
        """Types of everything that has come and was not taken yet."""
        return [self.posts.get_nowait().event["type"] for _ in range(self.posts.qsize())]


@contextlib.contextmanager
def listening() -> Iterator[Inbox]:
    """A server on loopback for as long as the block runs."""
    inbox = Inbox("", Queue(), [])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.posts.put(Post(raw, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(inbox.answers.pop(0) if inbox.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inbox.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
