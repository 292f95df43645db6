"""What a worker needs of its machine before it asks Kafka anything, and Redis beside it."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from redis import RedisError

from app.doctor.finding import Finding, fine, look, wrong
from app.doctor.installation import Installation
from app.readside.connecting import connect
from app.runtime.exits import MisconfiguredError, UnreachableError
from app.settings import ConfigurationError, require_for_worker

FREE_MIN = 256 << 20
"""What is not on disk yet (`Memory` of the store) must find room, twice over while it is compacted."""
_LOCKS = Path("/proc/locks")


def settings_of_a_worker(installation: Installation) -> Iterator[Finding]:
    """What only a worker needs to be told."""
    try:
        require_for_worker(installation.settings)
    except ConfigurationError as error:
        yield from _problems("settings", error)
    else:
        yield fine("settings", "a worker has all it needs")


def state_directory(installation: Installation) -> Iterator[Finding]:
    """Whether state can be written, whether there is room for it, and who holds which slot."""
    config, about = installation.config, "state directory"
    directory = config.state_dir / config.app_id
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        cure = "Give STATE_DIR a directory that can be written"
        yield wrong(about, f"{nearest} cannot be written", cure, UnreachableError.code)
        return
    free, used = shutil.disk_usage(nearest).free, _size(directory)
    room = f"{directory}: {used >> 20} MiB of state, {free >> 20} MiB free"
    if config.store == "memory":
        yield fine(about, f"{directory}: locks only, the state is in memory")
    elif free < FREE_MIN:
        cure = "Free the disk, or move STATE_DIR: what is lost there is read again from Kafka"
        yield wrong(about, room, cure, UnreachableError.code)
    elif free < used + FREE_MIN:
        yield look(about, room, "A compaction may need as much again as there is: give it a larger disk")
    else:
        yield fine(about, room)
    held = sorted(_held_slots(directory).items())
    if held:
        slots = ", ".join(f"slot {slot} by process {pid}" for slot, pid in held)
        yield fine(about, f"held: {slots}")


def redis_server(installation: Installation) -> Iterator[Finding]:
    """Whether it answers, where one is set."""
    url = installation.settings.redis_url
    if url is None:
        return
    try:
        client = connect(installation.settings)
    except ConfigurationError as error:
        yield from _problems("Redis", error)
        return
    parts = urlsplit(url.get_secret_value())
    where = f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path
    try:
        with client:
            client.ping()
    except (RedisError, OSError) as error:
        cure = "Is it up, and are REDIS_URL and its login right? Workers go on without it; the read side does not"
        yield wrong("Redis", f"{where}: {type(error).__name__}", cure, UnreachableError.code)
    else:
        yield fine("Redis", f"answers at {where}")


def _problems(about: str, error: ConfigurationError) -> Iterator[Finding]:
    for problem in error.problems:
        yield wrong(about, f"{problem.name}: {problem.message}", problem.hint or "", MisconfiguredError.code)


def _size(directory: Path) -> int:
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            try:
                total += (Path(folder) / name).lstat().st_size
            except FileNotFoundError:
                continue  # a worker compacts while we look
    return total


def _held_slots(directory: Path) -> dict[str, int]:
    """Who holds which slot. Read from the kernel's list: to try a lock would keep a worker that starts from it."""
    locks = _LOCKS.read_text() if _LOCKS.exists() else ""
    holders = {int(inode): int(pid) for pid, inode in re.findall(r"FLOCK +\S+ +WRITE (\d+) \w+:\w+:(\d+) ", locks)}
    files = {file.stem.removeprefix("slot-"): file.stat().st_ino for file in directory.glob("slot-*.lock")}
    return {slot: holders[inode] for slot, inode in files.items() if inode in holders}
