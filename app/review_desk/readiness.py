"""Whether the console can serve: the read side is asked every few seconds, whether or not somebody looks."""

import threading
from collections.abc import MutableMapping
from typing import Final, Self

from app.console.ports import NotAnsweringError, ReadSide

LOOK_S: Final = 5.0
READ_SIDE: Final = "read side"
"""What is to blame, as /readyz names it."""


class Looking:
    """Looks after the read side on a thread of its own, from `with` on; `blockers` says why it does not answer."""

    def __init__(self, read_side: ReadSide, blockers: MutableMapping[str, str]) -> None:
        self._read_side, self._blockers = read_side, blockers
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="readiness")
        blockers[READ_SIDE] = "it was not asked yet"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            self.look()
            self._over.wait(LOOK_S)

    def look(self) -> None:
        """Asks once."""
        try:
            self._read_side.counts(None)
        except NotAnsweringError as why:
            self._blockers[READ_SIDE] = str(why)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and looking goes on
            self._blockers[READ_SIDE] = f"a mistake of the console's: {type(error).__name__}"
        else:
            self._blockers.pop(READ_SIDE, None)
