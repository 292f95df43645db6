"""State that was lost is told from state that never was."""

from typing import Any

import pytest

from app.runtime.exits import MisconfiguredError, UnsafeError
from app.runtime.seals import KEY, missing_seals
from app.runtime.store.memory import MemoryStore

CASES, LINKS = ("cases", 0), ("links", 0)


def sealed(**arguments: Any) -> MemoryStore:
    store = MemoryStore()
    store.apply(
        [missing_seals({CASES: store}, **{"secret_digest": "d", "tables": ["cases"], "begun": (), **arguments})[CASES]],
        1,
    )
    return store


def test_an_installation_that_never_ran_gets_its_seals() -> None:
    stores: Any = {CASES: MemoryStore(), LINKS: MemoryStore()}
    found = missing_seals(stores, secret_digest="d", tables=["cases", "links"], begun=())
    assert {place: key for place, (key, _) in found.items()} == {CASES: KEY, LINKS: KEY}


def test_a_state_with_its_seal_needs_none() -> None:
    assert missing_seals({CASES: sealed()}, secret_digest="d", tables=["cases"], begun={CASES}) == {}


def test_input_that_was_read_without_state_is_refused() -> None:
    with pytest.raises(UnsafeError, match="cases/0 lost its state"):
        missing_seals({CASES: MemoryStore()}, secret_digest="d", tables=["cases"], begun={CASES})


def test_a_state_made_with_other_secrets_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match="HASH_KEY"):
        missing_seals({CASES: sealed()}, secret_digest="e", tables=["cases"], begun=())


def test_a_table_that_is_new_in_this_version_is_no_lost_one_and_the_others_learn_of_it() -> None:
    stores: Any = {CASES: sealed(), LINKS: MemoryStore()}
    found = missing_seals(stores, secret_digest="d", tables=["cases", "links"], begun={CASES, LINKS})
    assert found.keys() == {CASES, LINKS}


def test_a_table_that_the_others_know_is_a_lost_one() -> None:
    stores: Any = {CASES: sealed(tables=["cases", "links"]), LINKS: MemoryStore()}
    with pytest.raises(UnsafeError, match="links/0 lost its state"):
        missing_seals(stores, secret_digest="d", tables=["cases", "links"], begun={CASES, LINKS})
