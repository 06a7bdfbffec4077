"""Sertakan: who pays which month for whom, and how far the money has come. See README.md for the map of the rooms."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from sertakan.config import Config


def create_app(config: Config | None = None) -> Flask:
    """The application: settings, floors, rooms. Refuses to start with bad settings or a route that does not say who may enter.

    Under the `flask` program it also carries the commands.
    """
    from sertakan.app import build
    from sertakan.config import load

    app = build(config or load())
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        from sertakan.cli import init_cli

        init_cli(app)
    return app
