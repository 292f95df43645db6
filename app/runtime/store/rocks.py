"""The store in RocksDB: what a worker knows survives its restart, and memory holds only what is hot.

One column family, so that what a crash leaves behind is a prefix of what was written (its write-ahead log is off, the
changelog is the log). Keys: `r` + key for rows, `d` + due + key for the index of due times, `p` for the position, `n`
for how many rows are in the index.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from shutil import rmtree
from struct import Struct

from rocksdict import (
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from app.runtime.store import NEVER, RESERVED, Change, StoreBrokenError, due_of, is_timed, when

LAYOUT = "v1"
_ROW, _DUE, _POSITION, _TIMERS = b"r", b"d", b"p", b"n"
_SIZES = ("rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables")
_NUMBER = Struct(">Q")
_BEYOND_ALL = b"\xff" * 9
_DISTRUST = "distrusted"


class Memory:
    """What all stores of a process may hold in memory together: a cache of blocks, and what is not on disk yet."""

    def __init__(self, *, cache_bytes: int = 256 << 20, buffer_bytes: int = 128 << 20) -> None:
        self.cache = Cache(cache_bytes)
        self.buffers = WriteBufferManager(buffer_bytes, allow_stall=False)


class RocksStore:
    """Rows as bytes in a directory of their own. Several stores of one process share one `memory`; a store that is
    alone has its own, of `cache_bytes` and `write_buffer_bytes`.

    `directory` is created; what cannot be opened, or was found broken before, is thrown away and starts empty: the
    changelog has all of it. Raises StoreBrokenError where the directory cannot be used at all.
    """

    def __init__(
        self,
        directory: Path,
        *,
        memory: Memory | None = None,
        cache_bytes: int = 64 << 20,
        write_buffer_bytes: int = 32 << 20,
    ) -> None:
        self._directory = directory / LAYOUT
        try:
            if (self._directory / _DISTRUST).exists():
                rmtree(self._directory)
            self._directory.mkdir(parents=True, exist_ok=True)
            self._db, self.position = self._open(
                memory or Memory(cache_bytes=cache_bytes, buffer_bytes=write_buffer_bytes)
            )
        except OSError as error:
            raise StoreBrokenError(f"state directory {directory}: {error.strerror}") from error
        self.timers = self._count_timers()
        # nothing falls due before this, and where it is known something does right then; due times as they are stored
        self._first, self._first_is_known = NEVER, False

    def size(self) -> int:
        """How many bytes its files take, and what is not in a file yet."""
        return sum(self._db.property_int_value(name) or 0 for name in _SIZES)

    def get(self, key: bytes) -> bytes | None:
        """The stored value, or None."""
        return self._read(_ROW + key)

    def apply(self, changes: Iterable[Change], position: int) -> None:
        """Writes stored values, their index and the position in one write batch."""
        assert position >= self.position, "a changelog is applied forwards"
        batch = WriteBatch(raw_mode=True)
        timers = self.timers
        first, first_is_known = self._first, self._first_is_known
        for key, value in dict(changes).items():
            row = _ROW + key
            # what no row was due for needs no look at the row before, which is a third of what a change costs
            if timers or is_timed(value):
                was, now = when(self._read(row)), when(value)
                if was not in (now, NEVER):
                    batch.delete(_DUE + was + key)
                    timers -= 1
                    first_is_known = first_is_known and was != first
                if now not in (was, NEVER):
                    batch.put(_DUE + now + key, b"")
                    timers += 1
                    if now <= first:
                        first, first_is_known = now, True
            if value is None:
                batch.delete(row)
            else:
                batch.put(row, value)
        batch.put(_POSITION, _NUMBER.pack(position))
        batch.put(_TIMERS, _NUMBER.pack(timers))
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._broken(error) from error
        self.position, self.timers = position, timers
        self._first, self._first_is_known = first, first_is_known

    def due(self, before: int, limit: int) -> list[tuple[bytes, int]]:
        """The earliest keys that fall due at or before `before`."""
        first, found = self.next_due(), list[tuple[bytes, int]]()
        if first is None or first > before:
            return found
        for entry in self._from(_DUE + self._first):
            if not entry.startswith(_DUE) or len(found) == limit:
                break
            due = due_of(entry[1:9])
            assert due is not None, "what never falls due is not in the index"
            if due > before:
                break
            found.append((entry[9:], due))
        return found

    def next_due(self) -> int | None:
        """When the earliest row falls due.

        It is asked in each round, and the index begins with all that was taken out of it and not compacted yet: so what
        was found is kept, and looking goes on from there.
        """
        if not self._first_is_known:
            entry = next(self._from(_DUE + self._first), b"")
            self._first, self._first_is_known = entry[1:9] if entry.startswith(_DUE) else _BEYOND_ALL, True
        return None if self._first == _BEYOND_ALL else due_of(self._first)

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows in the order of their keys."""
        cursor = self._db.iter()
        cursor.seek(_ROW)
        while cursor.valid():
            key: bytes = cursor.key()
            if not key.startswith(_ROW + RESERVED):
                yield key[1:], cursor.value()
            cursor.next()

    def close(self) -> None:
        """Writes out what is in memory and lets go of the files."""
        try:
            self._db.flush()
            self._db.close()
        except Exception as error:
            raise self._broken(error) from error

    def _open(self, memory: Memory) -> tuple[Rdict, int]:
        try:
            return _open(self._directory, memory)
        except Exception as error:
            if "/LOCK:" in str(error):
                raise StoreBrokenError(f"state directory {self._directory} is in use by another process") from error
            rmtree(self._directory)
            self._directory.mkdir(parents=True)
        try:
            return _open(self._directory, memory)
        except Exception as error:
            raise StoreBrokenError(f"state directory {self._directory}: {error}") from error

    def _read(self, key: bytes) -> bytes | None:
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:
            raise self._broken(error) from error
        return value

    def _count_timers(self) -> int:
        """As it was written; a store of an earlier version has its index counted, once."""
        written = self._read(_TIMERS)
        if written is not None:
            return int(_NUMBER.unpack(written)[0])
        return sum(1 for _ in takewhile(lambda entry: entry.startswith(_DUE), self._from(_DUE)))

    def _from(self, key: bytes) -> Iterator[bytes]:
        try:
            cursor = self._db.iter()
            cursor.seek(key)
            while cursor.valid():
                yield cursor.key()
                cursor.next()
            cursor.status()
        except Exception as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> StoreBrokenError:
        """Marks the directory, so that the next start rebuilds it rather than trust it again.

        Where even the mark cannot be written, what is there is whole as far as its position, or is found broken again.
        """
        with suppress(OSError):
            (self._directory / _DISTRUST).touch()
        return StoreBrokenError(f"state directory {self._directory}: {error}")


def _open(directory: Path, memory: Memory) -> tuple[Rdict, int]:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(memory.cache)
    blocks.set_bloom_filter(10, block_based=False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_write_buffer_size(16 << 20)
    options.set_write_buffer_manager(memory.buffers)
    # each write asks for the row before it; without a filter over what is not on disk yet a restore takes twice as long
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_memtable_whole_key_filtering(True)
    options.set_max_background_jobs(2)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_keep_log_file_num(2)
    options.set_paranoid_checks(True)
    database = Rdict(str(directory), options)
    without_log = WriteOptions()
    without_log.disable_wal = True  # type: ignore[assignment, method-assign]  # an attribute, whatever the stub says
    database.set_write_options(without_log)
    try:
        stored: bytes | None = database.get(_POSITION)
    except Exception:
        database.close()
        raise
    return database, _NUMBER.unpack(stored)[0] if stored else 0
