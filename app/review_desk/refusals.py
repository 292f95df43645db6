"""The listener to `dead-letters`: whoever gave a verdict learns why it was not followed."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from app.console.reviewing import EVENT_IDS
from app.console.sent import Outbox
from app.review_desk.own_thread import OwnThread
from app.runtime.exits import WorkerStopError
from app.runtime.tail import Said
from topics.dead_letters import MESSAGE

LETTERS_MAX, LISTEN_S, HEAR_AGAIN_S = 500, 0.5, 5.0
SILENT_S: Final = 15.0
"""Kafka is asked every second how far the topic goes; without an answer for so long it counts as away."""
HEARING: Final = "refusals"
"""What is to blame, as /readyz names it."""
_log = structlog.get_logger(__name__)


class Log(Protocol):
    """The topic; see `app.runtime.tail`."""

    def ranges(self) -> Mapping[int, tuple[int, int]]: ...
    def seek(self, position: Mapping[int, int]) -> None: ...
    def read(self, records_max: int, seconds: float, /) -> Sequence[Said]: ...
    def incomplete_s(self) -> float | None: ...
    def close(self) -> None: ...


class Refusals(OwnThread):
    """Listens for verdicts of ours, from `with` on.

    What is refused while Kafka is away from this process is heard when it is back, as far as the topic still has it.
    Meanwhile `blockers` says that nothing is heard: verdicts are sent all the same, and a refused one shows as late.
    """

    def __init__(self, open_log: Callable[[], Log], outbox: Outbox, blockers: MutableMapping[str, str]) -> None:
        super().__init__("refusals")
        self._open_log, self._outbox, self._blockers = open_log, outbox, blockers
        self._at: Mapping[int, int] | None = None
        blockers[HEARING] = "Kafka has not answered yet"

    def go_on(self) -> None:
        """Listens, and begins again where that failed."""
        while not self.is_over():
            try:
                self._follow()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the listener goes on
                why = error.reason if isinstance(error, WorkerStopError) else type(error).__name__
                self._blockers[HEARING] = f"refused verdicts are not heard of: {why}"
                _log.warning("refusals_not_heard", reason=why, meanwhile="verdicts are sent all the same")
                self.pause(HEAR_AGAIN_S)

    def _follow(self) -> None:
        log = self._open_log()
        try:
            at = _taken_up(self._at, log.ranges())
            self._at = at
            log.seek(at)
            while not self.is_over():
                for said in log.read(LETTERS_MAX, LISTEN_S):
                    at[said.partition] = said.offset + 1
                    self.hear(said)
                self._tell(log.incomplete_s())
        finally:
            log.close()

    def _tell(self, incomplete_s: float | None) -> None:
        if incomplete_s is None:
            self._blockers[HEARING] = "dead letters are not read to their end yet"
        elif incomplete_s > SILENT_S:
            self._blockers[HEARING] = f"dead letters were read to their end {incomplete_s:.0f} s ago; is Kafka there?"
        else:
            self._blockers.pop(HEARING, None)

    def hear(self, said: Said) -> None:
        """A dead letter: if it is a verdict of this console's, why it was refused."""
        if b'"' + EVENT_IDS.encode() not in (said.value or b""):
            return
        try:
            event_id = _decode_letter(said.value or b"").event_id
        except (msgspec.DecodeError, ValueError, RecursionError):  # whatever somebody sent, the listener goes on
            return
        if event_id.startswith(EVENT_IDS):
            why = dict(said.headers).get(MESSAGE, b"").decode(errors="replace")
            self._outbox.refuse(event_id, why)


def _taken_up(known: Mapping[int, int] | None, ranges: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    """From where to listen: from the end at the start, then from where it was; from the first that is still there where
    retention has taken what came next, or where the topic is another one by now.
    """
    if known is None:
        return {partition: end for partition, (_, end) in ranges.items()}
    return {
        partition: known[partition] if first <= known.get(partition, -1) <= end else first
        for partition, (first, end) in ranges.items()
    }


class _Letter(msgspec.Struct):
    event_id: str


_decode_letter = msgspec.json.Decoder(_Letter).decode
