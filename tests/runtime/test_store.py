"""One contract for every store."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.runtime.store import RESERVED, MeasuredStore, Store, StoreBrokenError, due_of, pack, row_of
from app.runtime.store.memory import MemoryStore
from app.runtime.store.rocks import RocksStore

KINDS: dict[str, Callable[[Path], Store]] = {"memory": lambda _: MemoryStore(), "rocksdb": RocksStore}
both = pytest.mark.parametrize("store", KINDS, indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = KINDS[request.param](tmp_path)
    yield made
    made.close()


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
def test_rows_that_fall_due_are_counted_however_they_change(store: MeasuredStore) -> None:
    assert store.timers == 0
    store.apply([(b"a", pack(5, b"1")), (b"b", pack(None, b"2")), (b"c", pack(7, b"3"))], 1)
    assert store.timers == 2
    store.apply([(b"a", pack(6, b"1")), (b"b", pack(8, b"2")), (b"c", pack(None, b"3"))], 2)
    assert store.timers == 2
    store.apply([(b"a", None), (b"never there", None), (b"b", pack(8, b"9"))], 3)
    assert store.timers == 1
    store.apply([(b"d", pack(1, b"")), (b"d", pack(None, b""))], 4)
    assert store.timers == 1, "the last of a key counts"


@both
def test_a_store_knows_about_how_much_it_holds(store: MeasuredStore) -> None:
    empty = store.size()
    store.apply([(b"%05d" % n, pack(None, random.randbytes(200))) for n in range(10_000)], 1)
    assert 2_000_000 < store.size() - empty < 6_000_000


def test_rocksdb_counts_the_timers_of_a_store_that_an_earlier_version_left(tmp_path: Path) -> None:
    first = RocksStore(tmp_path)
    first.apply([(b"a", pack(5, b"1")), (b"b", pack(None, b"2")), (b"c", pack(7, b"3"))], 8)
    first._db.delete(b"n")
    first.close()
    again = RocksStore(tmp_path)
    assert again.timers == 2
    again.apply([(b"a", None)], 9)
    again.close()
    once_more = RocksStore(tmp_path)
    assert once_more.timers == 1
    once_more.close()


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
    rocks, memory = RocksStore(tmp_path_factory.mktemp("same")), MemoryStore()
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
    rocks.close()


def test_rocksdb_looks_for_what_is_due_only_where_it_may_have_changed(tmp_path: Path) -> None:
    store = RocksStore(tmp_path)
    looks = []
    look_from = store._from
    store._from = lambda key: (looks.append(key), look_from(key))[1]  # type: ignore[method-assign]
    store.apply([(b"a", pack(8, b"")), (b"b", pack(7, b"")), (b"c", pack(9, b""))], 1)
    assert [store.due(4, 9), store.next_due(), store.due(4, 9)] == [[], 7, []]
    assert len(looks) == 1, "whatever an earlier process left"
    store.apply([(b"a", pack(5, b""))], 2)
    assert [store.due(4, 9), store.next_due()] == [[], 5]
    assert len(looks) == 1, "what was put says it"
    store.apply([(b"c", pack(20, b"")), (b"a", pack(30, b""))], 3)
    assert [store.next_due(), store.due(6, 9), store.next_due()] == [7, [], 7]
    assert looks[1:] == [b"d" + pack(5, b"")], "once, and not among what was taken out before"
    assert store.due(20, 9) == [(b"b", 7), (b"c", 20)]
    assert looks[2:] == [b"d" + pack(7, b"")]
    store.close()


def test_rocksdb_knows_after_a_restart_what_it_knew(tmp_path: Path) -> None:
    first = RocksStore(tmp_path)
    first.apply([(b"a", pack(5, b"1"))], 8)
    first.close()
    again = RocksStore(tmp_path)
    assert (again.position, again.due(9, 9), row_of(again.get(b"a") or b"")) == (8, [(b"a", 5)], b"1")
    again.close()


def test_rocksdb_that_cannot_be_opened_starts_empty_for_the_changelog_to_fill(tmp_path: Path) -> None:
    first = RocksStore(tmp_path)
    first.apply([(b"a", pack(5, b"1"))], 8)
    first.close()
    for file in (tmp_path / "v1").glob("MANIFEST-*"):
        file.write_bytes(b"no manifest")
    again = RocksStore(tmp_path)
    assert (again.position, again.get(b"a")) == (0, None)
    again.close()


def test_rocksdb_that_cannot_say_its_position_starts_empty(tmp_path: Path) -> None:
    first = RocksStore(tmp_path)
    first.apply([(b"k%d" % n, pack(None, b"v" * 100)) for n in range(1000)], 8)
    first.close()
    for file in (tmp_path / "v1").glob("*.sst"):
        file.write_bytes(bytes(300) + file.read_bytes()[300:])
    again = RocksStore(tmp_path)
    assert (again.position, again.get(b"k1")) == (0, None)
    again.close()


def test_rocksdb_that_was_found_broken_is_not_trusted_again(tmp_path: Path) -> None:
    class Broken:
        def get(self, key: bytes) -> bytes:
            raise RuntimeError("Corruption: block checksum mismatch")

    first = RocksStore(tmp_path)
    first.apply([(b"a", pack(None, b"1"))], 8)
    first.close()
    first._db = Broken()  # type: ignore[assignment]
    with pytest.raises(StoreBrokenError, match="checksum"):
        first.get(b"a")
    again = RocksStore(tmp_path)
    assert (again.position, again.get(b"a")) == (0, None)
    again.close()


def test_rocksdb_that_is_broken_says_so_even_where_nothing_can_be_written(tmp_path: Path) -> None:
    class Broken:
        def get(self, key: bytes) -> None:
            return None

        def write(self, batch: Any) -> None:
            raise RuntimeError("IO error: No space left on device")

    store = RocksStore(tmp_path / "state")
    database, store._db = store._db, Broken()  # type: ignore[assignment]
    rmtree(tmp_path / "state")
    with pytest.raises(StoreBrokenError, match="No space left"):
        store.apply([(b"a", pack(None, b"1"))], 8)
    database.close()


def test_rocksdb_in_use_by_another_is_refused_and_left_alone(tmp_path: Path) -> None:
    first = RocksStore(tmp_path)
    first.apply([(b"a", pack(5, b"1"))], 8)
    with pytest.raises(StoreBrokenError, match="in use"):
        RocksStore(tmp_path)
    assert first.get(b"a") is not None
    first.close()


def test_a_state_directory_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreBrokenError, match="file"):
        RocksStore(tmp_path / "file")


def test_the_heap_of_due_times_stays_in_proportion_to_the_rows() -> None:
    store = MemoryStore()
    for n in range(20_000):
        store.apply([(b"a", pack(n, b""))], n)
    assert len(store._heap) < 2_000
    assert store.due(10**9, 9) == [(b"a", 19_999)]
