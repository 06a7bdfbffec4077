"""What goes on after a click: stamping, reading, applying, telling. The rows say how far it is; killed anywhere, it goes on there."""

from sertakan.db import transaction
from sertakan.remittance import answers, queries, service
from sertakan.remittance.rules import FileState
from sertakan.remittance.telling import tell


def work() -> str:
    """Everything that is due, a chunk a transaction."""
    stamped = sum(stamp(batch_id) for batch_id in queries.due_batches())
    files = [file_id for file_id in queries.due_files() if finish(file_id)]
    told = 0
    while count := tell():
        told += count
    return f"{stamped} remitted, {len(files)} answers, {told} told"


def stamp(batch_id: int) -> int:
    """The months of a paid batch become remitted."""
    total = 0
    while True:
        with transaction():
            count = service.remit_chunk(queries.get_by_id(batch_id, lock=True))
        if not count:
            return total
        total += count


def finish(file_id: int) -> bool:
    """Read and apply one answer file; True when it counts."""
    state = answers.read(file_id)
    while answers.apply_chunk(file_id):
        pass
    return state is not FileState.refused
