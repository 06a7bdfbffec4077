"""`python -m sertakan.sandbox --port 12111 --db FILE --webhook-url URL --webhook-secret S`: a pretend Stripe on loopback."""

import argparse
import os
import signal
import sys
from types import FrameType
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from sertakan.sandbox.app import create_sandbox
from sertakan.sandbox.parts import LiveKey, Settings


class QuietHandler(WSGIRequestHandler):
    """Errors are still written, requests are not."""

    def log_request(self, *_: Any, **__: Any) -> None:
        """Requests are not logged: their bodies and addresses name orders."""

    def connection_dropped(self, *_: Any, **__: Any) -> None:
        """A connection that a fault broke is not waited on for another request."""
        self.close_connection = True


def _settings(arguments: list[str]) -> tuple[int, Settings]:
    parser = argparse.ArgumentParser(prog="python -m sertakan.sandbox", description="A pretend Stripe for development and tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--db", default=":memory:", help="SQLite file; without one everything is forgotten at the end")
    parser.add_argument("--api-key", default=os.environ.get("STRIPE_API_KEY", ""), help="accept this test key only")
    parser.add_argument("--webhook-url", help="where events are posted")
    parser.add_argument("--webhook-secret", action="append", help="signs events; several for rotation")
    parser.add_argument("--minimum-rupiah", type=int, default=int(os.environ.get("SANDBOX_MINIMUM_RUPIAH", "8000")))
    parser.add_argument("--retry-base", type=float, default=1.0, help="seconds before an event is posted again, doubling")
    given = parser.parse_args(arguments)
    return given.port, Settings(
        database=given.db,
        api_key=given.api_key,
        webhook_url=given.webhook_url,
        webhook_secrets=given.webhook_secret or ["whsec_sandbox"],
        minimum_rupiah=given.minimum_rupiah,
        retry_base_s=given.retry_base,
    )


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or Ctrl-C. 2 for a live key, 1 for a taken port."""
    try:
        port, settings = _settings(arguments)
        app = create_sandbox(settings)
    except LiveKey as error:
        print(error, file=sys.stderr)
        return 2
    try:
        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler)
    except (OSError, SystemExit):
        print(f"The sandbox cannot use port {port}: something else is there.", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _stop)
    sender = app.extensions["sandbox"].sender
    sender.start()
    print(f"Stripe sandbox: http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        sender.stop()
        server.server_close()
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
