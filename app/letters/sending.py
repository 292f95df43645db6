"""Sends messages again, each once: in transactions of a name of its own, so that of two at a time one is shut out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.runtime import clients, faults
from app.runtime.claim import fence
from app.runtime.commits import commits_for
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnsafeError, UnsureError
from app.runtime.topology import Output

MESSAGES_MAX, BYTES_MAX = 500, 16 << 20
"""Of one transaction."""

_HINT = "Was another redrive begun meanwhile? Look with a dry run: what was sent is known by its mark"


class Sender:
    """From when it is made, nobody else's redrive of this installation is committed any more.

    So whoever looks after that for what was sent already sees all of it. UnreachableError where the broker is away.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        own = replace(config, app_id=f"{config.app_id}-redrive", slot="0")
        self._consumer = clients.reader(own, committed=True)
        producer = clients.producer(own, lambda _: None)
        self._commits = commits_for(own, producer, self._consumer)
        fence(own, producer)

    def send(self, outputs: Sequence[Output]) -> Iterator[int]:
        """Sends them in order and says after each transaction how many more are there now.

        UnsafeError where that cannot be said of the rest.
        """
        for part in _parts(outputs):
            try:
                self._commits.begin()
                self._commits.commit(part, {}, [])
            except (faults.RoundAbortedError, UnsureError) as error:
                raise UnsafeError(f"the rest was not sent: {error}", _HINT) from error
            yield len(part)

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()


def _parts(outputs: Sequence[Output]) -> Iterator[list[Output]]:
    part, size = list[Output](), 0
    for output in outputs:
        more = len(output.value or b"")
        if part and (len(part) == MESSAGES_MAX or size + more > BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(output)
        size += more
    if part:
        yield part
