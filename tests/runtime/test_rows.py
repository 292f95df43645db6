"""Live rows are what the store says, and what this round put, however rounds end: held against a plain dict."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.runtime.rows import Cursor, Rows
from app.runtime.store.memory import MemoryStore
from tests.runtime.toys import Tally, topology

KEYS = st.sampled_from("abcd")
STEPS = st.one_of(
    st.tuples(st.sampled_from(["add", "add and forget to put", "put unseen", "look"]), KEYS),
    st.tuples(st.sampled_from(["commit", "drop"]), st.just("")),
)


def made(cache_rows: int) -> Rows[Tally]:
    return Rows(topology().tables[0], 0, MemoryStore(), Cursor(), cache_rows=cache_rows)


@given(st.lists(STEPS, max_size=40), st.integers(0, 3))
def test_a_row_is_what_was_put_and_committed_last_however_few_are_live(steps: list[Any], cache_rows: int) -> None:
    rows, committed = made(cache_rows), dict[str, int]()
    said = dict(committed)
    spoilt = set[str]()
    for number, (step, key) in enumerate(steps):
        if step == "commit":
            rows.store.apply(rows.changes(), rows.store.position + 1)
            rows.committed()
            committed, spoilt = dict(said), set()
        elif step == "drop":
            rows.dropped()
            said, spoilt = dict(committed), set()
        elif step == "put unseen":
            rows.put(key, Tally(number), due=None)
            said[key] = number
            spoilt.discard(key)
        elif key not in spoilt:
            row = rows.get(key)
            assert (row and row.n) == said.get(key)
            assert rows.get(key) is row
            if row is not None and step == "add and forget to put" and key not in rows._puts:
                row.n = -1
                spoilt.add(key)
            elif step == "add":
                row = row or Tally()
                row.n = said[key] = number
                rows.put(key, row, due=None)
    for key in "abcd":
        if key not in spoilt:
            assert (kept := rows.get(key), kept and kept.n)[1] == said.get(key)


def test_of_more_rows_that_are_due_than_are_looked_at_together_each_fires_once_the_earliest_first() -> None:
    fired = list[str]()

    def expire(round_: Any, partition: int, key: str, due: int, now: int) -> None:
        fired.append(key)

    rows = Rows(topology(expire=expire).tables[0], 0, MemoryStore(), Cursor(), cache_rows=0)
    keys = [f"{number:03}" for number in range(300)]
    for number, key in enumerate(keys):
        rows.put(key, Tally(number), due=1000 + number)
    rows.store.apply(rows.changes(), 1)
    rows.committed()
    assert rows.fire(None, 1249, 1000) == 250  # type: ignore[arg-type]
    assert fired == keys[:250]
