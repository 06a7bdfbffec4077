"""A process that builds the application once and then forks senders of reminders, who write and send until they are killed.

Reads lines from stdin: `run <instant>` forks one whose clock stands at that instant and answers with its pid, `wait` waits for its
death. With `stop_after` a sender kills itself right after so many messages were taken by the mail server, before its stamp.
"""

import json
import os
import signal
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

from sertakan.app import build
from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices import jobs
from sertakan.notices.email import Mail, Postman
from sertakan.sponsorships import letters
from tests.conftest import config_for


def without_the_stamp() -> None:
    """The control: nothing says that a message was about to be handed over."""
    finish = jobs._finish
    jobs._finish = lambda notice_id, **values: None if list(values) == ["handed_at"] else finish(notice_id, **values)


def stop_after(many: int) -> None:
    send, sent = Postman.send, []

    def then_die(self: Postman, mail: Mail) -> None:
        send(self, mail)
        sent.append(mail.ref)
        if len(sent) == many:
            os.kill(os.getpid(), signal.SIGKILL)

    Postman.send = then_die  # type: ignore[method-assign]


def _child(app: Flask, now: datetime) -> None:
    with app.app_context(), clock.frozen(now):
        while True:
            letters.write_letters()
            jobs.send_due(look_again=letters.look_again)


def main(wanted: dict[str, Any]) -> None:
    config = replace(config_for(wanted["database"], Path(wanted["folder"])), smtp_url=wanted["smtp"])
    app = build(config)
    if wanted["control"]:
        without_the_stamp()
    if wanted["stop_after"]:
        stop_after(wanted["stop_after"])
    with app.app_context():
        letters.write_letters()  # warm: what is forked begins at once
        db.session.remove()
        db.engine.dispose()
    print("ready", flush=True)
    pid = 0
    for line in sys.stdin:
        word, _, instant = line.strip().partition(" ")
        if word == "wait":
            os.waitpid(pid, 0)
            print("dead", flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            try:
                _child(app, datetime.fromisoformat(instant))
            finally:
                os._exit(3)
        print(pid, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
