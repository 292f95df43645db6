"""What falls due next is known exactly up to a horizon, also where rows are put at the horizon itself."""

from app.runtime.due import CHUNK, DueTimes
from app.runtime.store import pack
from app.runtime.store.memory import MemoryStore


def popped(due: DueTimes, until: int) -> list[tuple[int, int, str]]:
    found = []
    while (entry := due.pop(until)) is not None:
        found.append(entry)
    return found


def test_what_is_put_at_the_last_moment_that_is_known_falls_due_then() -> None:
    """Of more rows than are held, due at 1, 2, 3 and so on, all are known up to the one before the last held."""
    store, known = MemoryStore(), CHUNK - 1
    store.apply([(f"{number:05}".encode(), pack(number, b"")) for number in range(1, CHUNK + 10)], 1)
    due = DueTimes([store])
    assert due.by(known)
    due.note(0, "put", known)
    due.note(0, "put later", known + 1)
    assert popped(due, known) == [(number, 0, f"{number:05}") for number in range(1, known + 1)] + [(known, 0, "put")]
