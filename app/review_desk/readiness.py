"""Whether the console can serve: the read side is asked every few seconds, whether or not somebody looks."""

from collections.abc import MutableMapping
from typing import Final

from app.console.ports import NotAnsweringError, ReadSide
from app.review_desk.own_thread import OwnThread

LOOK_S: Final = 5.0
READ_SIDE: Final = "read side"
"""What is to blame, as /readyz names it."""


class Looking(OwnThread):
    """Looks after the read side, from `with` on; `blockers` says why it does not answer."""

    def __init__(self, read_side: ReadSide, blockers: MutableMapping[str, str]) -> None:
        super().__init__("readiness")
        self._read_side, self._blockers = read_side, blockers
        blockers[READ_SIDE] = "it was not asked yet"

    def go_on(self) -> None:
        """Asks again and again."""
        while not self.is_over():
            self.look()
            self.pause(LOOK_S)

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
