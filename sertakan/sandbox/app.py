"""The sandbox as a Flask app of its own."""

from flask import Flask, Response, request

from sertakan.sandbox import api, control, pay
from sertakan.sandbox.parts import Settings, assemble

HOSTS = {"127.0.0.1", "localhost", "[::1]"}


def create_sandbox(settings: Settings) -> Flask:
    """Nothing runs yet; `app.extensions["sandbox"].sender.start()` begins to post events."""
    app = Flask("sertakan.sandbox", static_url_path="/static")
    app.config.update(PROPAGATE_EXCEPTIONS=True, MAX_CONTENT_LENGTH=1_000_000)
    app.extensions["sandbox"] = assemble(settings)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for room in (api, control, pay):
        app.register_blueprint(room.bp)
    app.before_request(only_loopback)
    app.add_url_rule("/healthz", "healthz", healthz)
    return app


def only_loopback() -> Response | None:
    """No other name may lead here: a foreign page must not reach the sandbox through a name of its own."""
    if request.host.rsplit(":", 1)[0] not in HOSTS:
        return Response("unknown host", status=421, mimetype="text/plain")
    return None


def healthz() -> Response:
    return Response("ok", mimetype="text/plain")
