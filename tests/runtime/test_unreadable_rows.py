"""A row that cannot be read is no fault of the message at hand: the worker stops, nothing becomes a dead letter."""

import pytest

from app.domain.case import STATE_VERSION, decode_case, encode_case, new_case
from app.runtime.exits import UnsafeError
from app.runtime.round import Staging
from app.runtime.rows import UnreadableRowError
from app.runtime.store import pack
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Agent, Batch, Message, TableSpec, Topology


def test_a_case_of_another_version_is_not_read() -> None:
    case = new_case("m/o")
    assert decode_case(encode_case(case)) == case
    case.state_version = STATE_VERSION + 1
    with pytest.raises(ValueError, match="state version"):
        decode_case(encode_case(case))


def test_a_row_that_cannot_be_decoded_stops_the_round_and_blames_no_message() -> None:
    table = TableSpec("rows", ("in",), encode_case, decode_case, lambda *_: None)

    def handle(batch: Batch, round_: object) -> None:
        round_.table("rows", batch.partition).get("m/o")

    staging = Staging(Topology((Agent("reader", "in", handle),), (table,)), version="0")
    store = MemoryStore()
    store.apply([(b"m/o", pack(None, b"not a case"))], 1)
    staging.open("rows", 0, store)
    with pytest.raises(UnreadableRowError) as caught:
        staging.run([Batch("in", 0, [Message("in", 0, 0, 0, b"k", b"v", ())])])
    assert staging.outputs == []
    assert str(caught.value).startswith("the state cannot be read: a row of rows in partition 0. Deploy the version")


def test_one_that_is_met_while_a_figure_is_looked_for_ends_the_worker_with_the_same_code() -> None:
    table = TableSpec("rows", ("in",), encode_case, decode_case, lambda *_: None, held_since=lambda _: 1)
    staging = Staging(Topology((), (table,)), version="0")
    store = MemoryStore()
    store.apply([(b"m/o", pack(5, b"not a case"))], 1)
    staging.open("rows", 0, store)
    with pytest.raises(UnsafeError, match="the state cannot be read"):
        staging.held_since("rows")
    assert UnreadableRowError("").code == UnsafeError.code
