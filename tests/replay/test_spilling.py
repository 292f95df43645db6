"""The store of a replay: what it answers does not depend on where it keeps things."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.replay.spilling import SpillingStore
from app.runtime.store import Change, pack


def rows(count: int, *, size: int = 100, due: int = 0) -> Sequence[Change]:
    return [(f"k{n:05}".encode(), pack(due + n if due else None, b"x" * size)) for n in range(count)]


@pytest.mark.parametrize("limit", [0, 5_000, 1 << 30])
def test_the_answers_are_the_same_before_and_after_the_memory_is_full(tmp_path: Path, limit: int):
    store = SpillingStore(tmp_path / "rows", memory_bytes_max=limit)
    store.apply(rows(100, due=1000), 100)
    store.apply([(b"k00001", None), (b"k00002", pack(5, b"new"))], 102)
    store.apply(rows(1, size=3), 103)
    assert store.position == 103
    assert store.get(b"k00000") == pack(None, b"xxx")
    assert store.get(b"k00001") is None
    assert store.next_due() == 5
    assert store.due(1004, 10) == [(b"k00002", 5), (b"k00003", 1003), (b"k00004", 1004)]
    assert [key for key, _ in store.scan()] == [key for key, _ in rows(100) if key != b"k00001"]
    store.close()


def test_nothing_is_written_to_disk_while_it_fits_into_memory(tmp_path: Path):
    store = SpillingStore(tmp_path / "rows", memory_bytes_max=100_000)
    for position in range(1, 50):
        store.apply(rows(100), position)
    assert not (tmp_path / "rows").exists()


def test_it_goes_to_disk_once_it_does_not(tmp_path: Path):
    store = SpillingStore(tmp_path / "rows", memory_bytes_max=100_000)
    store.apply(rows(2000), 2000)
    assert (tmp_path / "rows").exists()
    store.apply([(b"later", pack(None, b"y"))], 2001)
    assert store.get(b"later") == pack(None, b"y")
    assert sum(1 for _ in store.scan()) == 2001
    store.close()
