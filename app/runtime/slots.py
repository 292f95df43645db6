"""A slot is a worker's name that outlives its process: the group knows it by it, so does the broker's fencing.

Two living processes with one name would fence each other in turns. On one machine a lock on a file forbids that; across
machines the name must be given (a StatefulSet's ordinal), and the broker fences what remains.
"""

import fcntl
import re
from dataclasses import replace
from pathlib import Path
from typing import IO

from app.runtime.config import RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnreachableError

SLOTS_MAX = 256


class Slot:
    """A held slot; the lock lives as long as the process, or until `release`."""

    def __init__(self, name: str, file: IO[str]) -> None:
        self.name = name
        self._file = file

    def release(self) -> None:
        """Lets another process have it."""
        self._file.close()


def take_slot(config: RuntimeConfig) -> tuple[Slot, RuntimeConfig]:
    """The slot that the settings name, or the first free one, and the settings with it filled in.

    Raises MisconfiguredError where the named one is taken, UnreachableError where locks cannot be written.
    """
    directory = config.state_dir / config.app_id
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is kept of persons is not for everybody here
        wanted = [config.slot] if config.slot is not None else [str(number) for number in range(SLOTS_MAX)]
        for name in wanted:
            slot = _lock(directory, name)
            if slot:
                return slot, replace(config, slot=name)
    except OSError as error:
        hint = "Give STATE_DIR a directory that can be written"
        raise UnreachableError(f"state directory {directory}: {error.strerror}", hint) from error
    hint = "Give each worker a SLOT of its own, or none so that it takes a free one"
    raise MisconfiguredError(f"slot {config.slot or 'any'} of {config.app_id} is taken by a process here", hint)


def _lock(directory: Path, name: str) -> Slot | None:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise MisconfiguredError("SLOT is not a name", "Use letters, digits, dot, dash and underscore, at most 64")
    file = (directory / f"slot-{name}.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return Slot(name, file)
