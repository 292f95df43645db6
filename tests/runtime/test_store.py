"""One contract for every store."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.runtime.store import RESERVED, Store, StoreBrokenError, TimedStore, due_of, pack, row_of
from app.runtime.store.memory import MemoryStore
from app.runtime.store.rocks import LAYOUT, Database

both = pytest.mark.parametrize("store", ["memory", "rocksdb"], indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TimedStore]:
    """The one in RocksDB has another table and other partitions beside it."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with closing(Database(tmp_path)) as database:
        for table, partition in (("cases", 6), ("cases", 8), ("links", 7)):
            database.store(table, partition).apply([(b"a", pack(3, b"a neighbour's"))], 77)
        yield database.store("cases", 7)


@both
def test_a_new_store_is_empty_and_stands_at_the_changelogs_beginning(store: Store) -> None:
    assert (store.position, store.get(b"a"), store.next_due(), list(store.scan()), store.due(10**15, 9)) == (
        0,
        None,
        None,
        [],
        [],
    )


@both
def test_what_was_applied_is_there_and_the_last_of_a_key_wins(store: Store) -> None:
    store.apply([(b"a", pack(None, b"1")), (b"b", pack(7, b"2")), (b"a", pack(5, b"3"))], 3)
    assert row_of(store.get(b"a") or b"") == b"3"
    assert store.position == 3
    assert [(key, due_of(value), row_of(value)) for key, value in store.scan()] == [(b"a", 5, b"3"), (b"b", 7, b"2")]
    assert store.due(7, 9) == [(b"a", 5), (b"b", 7)]


@both
@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (5, 9, [(b"a", 9)]),
        (9, 5, [(b"a", 5)]),
        (5, None, []),
        (None, 5, [(b"a", 5)]),
        (5, 5, [(b"a", 5)]),
        (-3, -1, [(b"a", -1)]),
    ],
)
def test_a_row_falls_due_when_its_last_version_says(store: Store, first: Any, then: Any, expected: Any) -> None:
    store.apply([(b"a", pack(first, b""))], 1)
    store.apply([(b"a", pack(then, b""))], 2)
    assert store.due(100, 9) == expected
    assert store.next_due() == (expected[0][1] if expected else None)


@both
def test_due_rows_come_earliest_first_up_to_a_moment_and_a_limit(store: Store) -> None:
    store.apply([(b"k%d" % due, pack(due, b"")) for due in (30, 10, 20, 40)], 4)
    assert store.due(30, 9) == [(b"k10", 10), (b"k20", 20), (b"k30", 30)]
    assert store.due(30, 2) == [(b"k10", 10), (b"k20", 20)]
    assert store.due(30, 9) == [(b"k10", 10), (b"k20", 20), (b"k30", 30)], "asking changes nothing"
    assert store.due(9, 9) == []


@both
def test_a_removed_row_is_gone_and_does_not_fall_due(store: Store) -> None:
    store.apply([(b"a", pack(5, b"1"))], 1)
    store.apply([(b"a", None), (b"never there", None)], 3)
    assert (store.get(b"a"), store.due(9, 9), store.next_due(), list(store.scan())) == (None, [], None, [])


@both
def test_rows_of_the_runtime_are_found_but_not_scanned(store: Store) -> None:
    store.apply([(RESERVED + b"seal", pack(None, b"s")), (b"a", pack(None, b"1"))], 2)
    assert row_of(store.get(RESERVED + b"seal") or b"") == b"s"
    assert [key for key, _ in store.scan()] == [b"a"]


@both
def test_rows_that_fall_due_are_counted_however_they_change(store: TimedStore) -> None:
    assert store.timers == 0
    store.apply([(b"a", pack(5, b"1")), (b"b", pack(None, b"2")), (b"c", pack(7, b"3"))], 1)
    assert store.timers == 2
    store.apply([(b"a", pack(6, b"1")), (b"b", pack(8, b"2")), (b"c", pack(None, b"3"))], 2)
    assert store.timers == 2
    store.apply([(b"a", None), (b"never there", None), (b"b", pack(8, b"9"))], 3)
    assert store.timers == 1
    store.apply([(b"d", pack(1, b"")), (b"d", pack(None, b""))], 4)
    assert store.timers == 1, "the last of a key counts"


def test_it_is_known_about_how_much_is_held(tmp_path: Path) -> None:
    rows = [(b"%05d" % n, pack(None, random.randbytes(200))) for n in range(10_000)]
    memory = MemoryStore()
    memory.apply(rows, 1)
    assert 2_000_000 < memory.size() < 6_000_000
    with closing(Database(tmp_path)) as database:
        other, empty = database.store("links", 0), database.size("cases")
        database.store("cases", 0).apply(rows, 1)
        assert 2_000_000 < database.size("cases") - empty < 8_000_000  # a filter over what is in no file takes 3
        assert database.size("links") - empty < 10_000
        other.apply(rows[:5000], 1)
        assert 1_000_000 < database.size("links") - empty < 6_000_000


@both
def test_a_changelog_is_never_applied_backwards(store: Store) -> None:
    store.apply([], 5)
    with pytest.raises(AssertionError):
        store.apply([], 4)


CHANGES = st.lists(
    st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.none() | st.integers(-9, 9), st.booleans()), max_size=4
)


@given(st.lists(st.tuples(CHANGES, st.booleans(), st.integers(-9, 9)), max_size=8))
def test_both_stores_say_the_same_whatever_is_applied_and_whenever_they_are_asked(
    tmp_path_factory: Any, rounds: Any
) -> None:
    with closing(Database(tmp_path_factory.mktemp("same"))) as database:
        rocks, memory = database.store("cases", 0), MemoryStore()
        for position, (changes, asked, before) in enumerate(rounds, 1):
            rows = [(b"k" + key, pack(due, key) if there else None) for key, due, there in changes]
            for each in (rocks, memory):
                each.apply(rows, position)
            if asked:
                assert list(rocks.scan()) == list(memory.scan())
                assert rocks.due(before, 3) == memory.due(before, 3)
                assert rocks.next_due() == memory.next_due()
            assert rocks.position == memory.position
            assert rocks.timers == memory.timers


def test_rocksdb_looks_for_what_is_due_only_where_it_may_have_changed(tmp_path: Path) -> None:
    with closing(Database(tmp_path)) as database:
        store = database.store("cases", 0)
        looks = []
        look_from = store._index
        store._index = lambda since: (looks.append(since), look_from(since))[1]  # type: ignore[method-assign]
        store.apply([(b"a", pack(8, b"")), (b"b", pack(7, b"")), (b"c", pack(9, b""))], 1)
        assert [store.due(4, 9), store.next_due(), store.due(4, 9)] == [[], 7, []]
        assert len(looks) == 1, "whatever an earlier process left"
        store.apply([(b"a", pack(5, b""))], 2)
        assert [store.due(4, 9), store.next_due()] == [[], 5]
        assert len(looks) == 1, "what was put says it"
        store.apply([(b"c", pack(20, b"")), (b"a", pack(30, b""))], 3)
        assert [store.next_due(), store.due(6, 9), store.next_due()] == [7, [], 7]
        assert looks[1:] == [pack(5, b"")], "once, and not among what was taken out before"
        assert store.due(20, 9) == [(b"b", 7), (b"c", 20)]
        assert looks[2:] == [pack(7, b"")]


def filled(directory: Path) -> None:
    """Two tables of two partitions, of a process that ended in order."""
    with closing(Database(directory)) as database:
        for table in ("cases", "links"):
            for partition in (0, 1):
                rows = [(b"k%d" % n, pack(n, b"%d of %s" % (partition, table.encode()))) for n in range(1000)]
                database.store(table, partition).apply(rows, 8 + partition)


def test_rocksdb_knows_after_a_restart_what_it_knew(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(Database(tmp_path)) as again:
        for table, partition in (("cases", 0), ("cases", 1), ("links", 0), ("links", 1)):
            store = again.store(table, partition)
            assert (store.position, store.timers, store.due(1, 9)) == (8 + partition, 1000, [(b"k0", 0), (b"k1", 1)])
            assert row_of(store.get(b"k1") or b"") == b"%d of %s" % (partition, table.encode())
            assert len(list(store.scan())) == 1000


def test_a_partition_that_is_forgotten_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(Database(tmp_path)) as database:
        database.forget("cases", 0)
        store = database.store("cases", 0)
        assert (store.position, store.timers, store.get(b"k1"), store.next_due()) == (0, 0, None, None)
        assert list(store.scan()) == []
        store.apply([(b"new", pack(None, b"1"))], 3)
        database.forget("nobody has it", 0)
    with closing(Database(tmp_path)) as again:
        assert [key for key, _ in again.store("cases", 0).scan()] == [b"new"]
        assert [again.store(*place).timers for place in (("cases", 1), ("links", 0), ("links", 1))] == [1000] * 3


def is_empty(directory: Path) -> bool:
    with closing(Database(directory)) as again:
        store = again.store("cases", 0)
        return (store.position, store.get(b"k1")) == (0, None)


def test_rocksdb_that_cannot_be_opened_starts_empty_for_the_changelog_to_fill(tmp_path: Path) -> None:
    filled(tmp_path)
    for file in (tmp_path / LAYOUT).glob("MANIFEST-*"):
        file.write_bytes(b"no manifest")
    assert is_empty(tmp_path)


def test_rocksdb_that_cannot_say_its_position_is_not_trusted_again(tmp_path: Path) -> None:
    filled(tmp_path)
    for file in (tmp_path / LAYOUT).glob("*.sst"):
        rows = file.stat().st_size * 9 // 10  # what follows says where they are
        file.write_bytes(bytes(rows) + file.read_bytes()[rows:])
    with closing(Database(tmp_path)) as broken, pytest.raises(StoreBrokenError, match="Corruption"):
        broken.store("cases", 0)
    assert is_empty(tmp_path)


class Broken:
    """What RocksDB says of files that are damaged, and of a disk that is full."""

    def get(self, key: bytes) -> bytes:
        raise RuntimeError("Corruption: block checksum mismatch")

    def write(self, batch: Any) -> None:
        raise RuntimeError("IO error: No space left on device")


def test_rocksdb_that_was_found_broken_is_not_trusted_again(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(Database(tmp_path)) as database:
        store = database.store("cases", 0)
        store._rows = Broken()  # type: ignore[assignment]
        with pytest.raises(StoreBrokenError, match="checksum"):
            store.get(b"k1")
    assert is_empty(tmp_path)


def test_rocksdb_that_is_broken_says_so_even_where_nothing_can_be_written(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "state")) as database:
        store = database.store("cases", 0)
        store._rows = Broken()  # type: ignore[assignment]
        (tmp_path / "state").rename(tmp_path / "away")
        with pytest.raises(StoreBrokenError, match="No space left"):
            store.apply([(b"a", pack(None, b"1"))], 8)
        (tmp_path / "away").rename(tmp_path / "state")


def test_rocksdb_in_use_by_another_is_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(Database(tmp_path)) as first:
        store = first.store("cases", 0)
        store.apply([(b"a", pack(5, b"1"))], 8)
        with pytest.raises(StoreBrokenError, match="in use"):
            Database(tmp_path)
        assert store.get(b"a") is not None


def test_what_an_earlier_version_left_in_the_directory_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "cases" / "0" / "v1").mkdir(parents=True)
    (tmp_path / "cases" / "0" / "v1" / "000004.sst").write_bytes(b"rows")
    (tmp_path / "lost+found").mkdir()
    Database(tmp_path).close()
    assert not list(tmp_path.rglob("000004.sst"))
    assert (tmp_path / "lost+found").is_dir(), "what is not ours is left alone"


def test_a_state_directory_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreBrokenError, match="file"):
        Database(tmp_path / "file")


def test_the_heap_of_due_times_stays_in_proportion_to_the_rows() -> None:
    store = MemoryStore()
    for n in range(20_000):
        store.apply([(b"a", pack(n, b""))], n)
    assert len(store._heap) < 2_000
    assert store.due(10**9, 9) == [(b"a", 19_999)]
