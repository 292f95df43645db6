"""The stores in RocksDB: what a worker knows survives its restart, and memory holds only what is hot.

One database for all that a worker has, since to open or to close one takes a dozen files that are synced: with one for
each partition of each table a start took a second longer on a busy disk. A table is a column family of it, a partition
a stretch of keys that begin with its number. What a crash leaves of a column family is a prefix of what was written to
it (the write-ahead log is off, the changelog is the log), and all of a partition lies in one.

Keys, behind the partition's number in four bytes: `r` + key for rows, `d` + due + key for the index of due times, `p`
for the position, `n` for how many rows are in the index.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
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

LAYOUT, _LAYOUT_BEFORE = "v2", "v1"  # before, each partition of each table had a directory of its own
_ROW, _DUE, _POSITION, _TIMERS = b"r", b"d", b"p", b"n"
_SIZES = ("rocksdb.total-sst-files-size", "rocksdb.cur-size-all-mem-tables")
_PARTITION, _NUMBER = Struct(">I"), Struct(">Q")
_BEYOND_ALL = b"\xff" * 9
_DISTRUST = "distrusted"


class Database:
    """The database of one process. `cache_bytes` bounds the cache of blocks, `buffer_bytes` what is not on disk yet.

    `directory` is created; what cannot be opened, or was found broken before, is thrown away and starts empty: the
    changelogs have all of it. So is what an earlier version left there. Raises StoreBrokenError where the directory
    cannot be used at all.
    """

    def __init__(self, directory: Path, *, cache_bytes: int = 256 << 20, buffer_bytes: int = 128 << 20) -> None:
        self._directory = directory / LAYOUT
        self._options = _options(Cache(cache_bytes), WriteBufferManager(buffer_bytes, allow_stall=False), buffer_bytes)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for left in directory.glob(f"*/*/{_LAYOUT_BEFORE}"):
                rmtree(left)
            if (self._directory / _DISTRUST).exists():
                rmtree(self._directory)
                self._directory.mkdir()
            self._db, self._tables = self._open()
        except OSError as error:
            raise StoreBrokenError(f"state directory {directory}: {error.strerror}") from error

    def store(self, table: str, partition: int) -> "RocksStore":
        """A partition of a table, with what was left of it."""
        try:
            if table not in self._tables:
                self._tables[table] = _unlogged(self._db.create_column_family(table, self._options))
            return RocksStore(self, table, self._tables[table], partition)
        except Exception as error:
            raise self.broken(error) from error

    def forget(self, table: str, partition: int) -> None:
        """Throws away what is left of a partition, which nobody may be using."""
        first, beyond = _PARTITION.pack(partition), _PARTITION.pack(partition + 1)
        try:
            if table in self._tables:
                self._tables[table].delete_range(first, beyond)
        except Exception as error:
            raise self.broken(error) from error

    def size(self, table: str) -> int:
        """How many bytes the files of a table take, all partitions that ever were here, and what is in none yet."""
        rows = self._tables.get(table)
        return sum(rows.property_int_value(name) or 0 for name in _SIZES) if rows else 0

    def batch(self, table: str) -> WriteBatch:
        """For changes of that table that are written together."""
        batch = WriteBatch(raw_mode=True)
        batch.set_default_column_family(self._db.get_column_family_handle(table))
        return batch

    def close(self) -> None:
        """Writes out what is in memory and lets go of the files; the stores are not used again."""
        try:
            for rows in self._tables.values():
                rows.flush()
                rows.close()
            self._db.close()
        except Exception as error:
            raise self.broken(error) from error

    def broken(self, error: Exception) -> StoreBrokenError:
        """Marks the directory, so that the next start rebuilds it rather than trust it again.

        Where even the mark cannot be written, what is there is whole as far as its positions, or is found broken again.
        """
        with suppress(OSError):
            (self._directory / _DISTRUST).touch()
        return StoreBrokenError(f"state directory {self._directory}: {error}")

    def _open(self) -> tuple[Rdict, dict[str, Rdict]]:
        try:
            return _open(self._directory, self._options)
        except Exception as error:
            if "/LOCK:" in str(error):
                raise StoreBrokenError(f"state directory {self._directory} is in use by another process") from error
            rmtree(self._directory)
            self._directory.mkdir(parents=True)
        try:
            return _open(self._directory, self._options)
        except Exception as error:
            raise StoreBrokenError(f"state directory {self._directory}: {error}") from error


class RocksStore:
    """One partition of a table, by `Database.store`."""

    def __init__(self, database: Database, table: str, rows: Rdict, partition: int) -> None:
        self._database, self._table, self._rows = database, table, rows
        number = _PARTITION.pack(partition)
        self._row, self._due, self._position, self._timers = (
            number + kind for kind in (_ROW, _DUE, _POSITION, _TIMERS)
        )
        position, timers = self._read(self._position), self._read(self._timers)
        self.position = _NUMBER.unpack(position)[0] if position else 0
        self.timers = _NUMBER.unpack(timers)[0] if timers else 0
        # nothing falls due before this, and where it is known something does right then; due times as they are stored
        self._first, self._first_is_known = NEVER, False

    def get(self, key: bytes) -> bytes | None:
        """The stored value, or None."""
        return self._read(self._row + key)

    def apply(self, changes: Iterable[Change], position: int) -> None:
        """Writes stored values, their index and the position in one write batch."""
        assert position >= self.position, "a changelog is applied forwards"
        batch, due = self._database.batch(self._table), self._due
        timers = self.timers
        first, first_is_known = self._first, self._first_is_known
        for key, value in dict(changes).items():
            row = self._row + key
            # what no row was due for needs no look at the row before, which is a third of what a change costs
            if timers or is_timed(value):
                was, now = when(self._read(row)), when(value)
                if was not in (now, NEVER):
                    batch.delete(due + was + key)
                    timers -= 1
                    first_is_known = first_is_known and was != first
                if now not in (was, NEVER):
                    batch.put(due + now + key, b"")
                    timers += 1
                    if now <= first:
                        first, first_is_known = now, True
            if value is None:
                batch.delete(row)
            else:
                batch.put(row, value)
        batch.put(self._position, _NUMBER.pack(position))
        batch.put(self._timers, _NUMBER.pack(timers))
        try:
            self._rows.write(batch)
        except Exception as error:
            raise self._database.broken(error) from error
        self.position, self.timers = position, timers
        self._first, self._first_is_known = first, first_is_known

    def due(self, before: int, limit: int) -> list[tuple[bytes, int]]:
        """The earliest keys that fall due at or before `before`."""
        first, found = self.next_due(), list[tuple[bytes, int]]()
        if first is None or first > before:
            return found
        for entry in self._index(self._first):
            due = due_of(entry)
            assert due is not None, "what never falls due is not in the index"
            if due > before or len(found) == limit:
                break
            found.append((entry[8:], due))
        return found

    def next_due(self) -> int | None:
        """When the earliest row falls due.

        It is asked in each round, and the index begins with all that was taken out of it and not compacted yet: so what
        was found is kept, and looking goes on from there.
        """
        if not self._first_is_known:
            entry = next(self._index(self._first), None)
            self._first, self._first_is_known = entry[:8] if entry else _BEYOND_ALL, True
        return None if self._first == _BEYOND_ALL else due_of(self._first)

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows in the order of their keys."""
        cursor, row = self._rows.iter(), self._row
        cursor.seek(row)
        while cursor.valid() and (key := cursor.key()).startswith(row):
            if not key.startswith(row + RESERVED):
                yield key[len(row) :], cursor.value()
            cursor.next()

    def close(self) -> None:
        """The files are the database's."""

    def _read(self, key: bytes) -> bytes | None:
        try:
            value: bytes | None = self._rows.get(key)
        except Exception as error:
            raise self._database.broken(error) from error
        return value

    def _index(self, since: bytes) -> Iterator[bytes]:
        """What falls due, from a due time on as it is stored: that time and the key."""
        due = self._due
        try:
            cursor = self._rows.iter()
            cursor.seek(due + since)
            while cursor.valid() and (entry := cursor.key()).startswith(due):
                yield entry[len(due) :]
                cursor.next()
            cursor.status()
        except Exception as error:
            raise self._database.broken(error) from error


def _open(directory: Path, options: Options) -> tuple[Rdict, dict[str, Rdict]]:
    """The database, and its tables by their names."""
    known = Rdict.list_cf(str(directory), options) if (directory / "CURRENT").exists() else []
    tables = {name: options for name in known if name != "default"}
    database = Rdict(str(directory), options, column_families=tables)
    return database, {name: _unlogged(database.get_column_family(name)) for name in tables}


def _unlogged(rows: Rdict) -> Rdict:
    """Writes to it leave the write-ahead log out."""
    without_log = WriteOptions()
    without_log.disable_wal = True  # type: ignore[assignment, method-assign]  # an attribute, whatever the stub says
    rows.set_write_options(without_log)
    return rows


def _options(cache: Cache, buffers: WriteBufferManager, buffer_bytes: int) -> Options:
    blocks = BlockBasedOptions()
    blocks.set_block_cache(cache)
    blocks.set_bloom_filter(10, block_based=False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(blocks)
    options.set_write_buffer_size(buffer_bytes // 4)
    options.set_write_buffer_manager(buffers)
    # each write asks for the row before it; without a filter over what is not on disk yet a restore takes twice as long
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_memtable_whole_key_filtering(True)
    options.set_max_background_jobs(2)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_keep_log_file_num(2)
    options.set_paranoid_checks(True)
    return options
