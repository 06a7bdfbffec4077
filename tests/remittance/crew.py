"""A worker process for the kill test: it works on what is due, in small chunks, until it is killed."""

import json
import sys
from pathlib import Path

from sertakan.app import build
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.remittance import answers, queries, service
from sertakan.remittance.telling import tell
from tests.conftest import NOW, config_for

SMALL = 3  # months in one transaction, so that there are many places to die at


def main() -> None:
    wanted = json.loads(sys.argv[1])
    app = build(config_for(wanted["database"], Path(wanted["folder"])))
    with app.app_context(), clock.frozen(NOW):
        print("ready", flush=True)
        sys.stdin.readline()
        for batch_id in queries.due_batches():
            while True:
                with transaction():
                    if not service.remit_chunk(queries.get_by_id(batch_id, lock=True), SMALL):
                        break
        for file_id in queries.due_files():
            answers.read(file_id)
            while answers.apply_chunk(file_id, SMALL):
                pass
        while tell():
            pass
        db.session.remove()
    print("done", flush=True)


if __name__ == "__main__":
    main()
