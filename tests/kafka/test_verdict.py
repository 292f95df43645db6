"""The judge of the counting worker finds what is wrong: records written by hand, with one fault planted in each."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from app.runtime.seals import KEY
from app.runtime.store import pack
from tests.kafka import counted
from tests.kafka.counted import RIGHT, Installation
from tests.kafka.counting import OUT, TABLE, Count

A, B = b"key-a", b"key-b"
Said = tuple[bytes, int, int]
"""A key, the id of the event that was counted, and its number."""

TRUE: list[Said] = [(A, 0, 1), (B, 1, 1), (A, 2, 2), (A, 3, 3)]
STATE = [(A, 1), (B, 1), (A, 3)]


def record(key: bytes, value: bytes) -> Any:
    return SimpleNamespace(key=lambda: key, value=lambda: value)


def verdict(monkeypatch: pytest.MonkeyPatch, said: Sequence[Said], state: Sequence[tuple[bytes, int]]) -> Any:
    installation = Installation("none:1", "judged", Path("/nowhere"))
    seal = record(KEY, b"no row")
    topics = {
        installation.config.topic(OUT): [record(key, json.dumps({"id": one, "n": n}).encode()) for key, one, n in said],
        installation.config.changelog(TABLE): [
            seal,
            *(record(key, pack(None, msgspec.msgpack.encode(Count(n)))) for key, n in state),
        ],
    }
    monkeypatch.setattr(counted, "read_all", lambda _, topic, **__: topics[topic])
    return installation.verdict(4)


def test_what_is_right_is_called_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict(monkeypatch, TRUE, STATE) == RIGHT


@pytest.mark.parametrize(
    ("said", "state", "wrong"),
    [
        pytest.param([*TRUE, (A, 3, 4)], [*STATE, (A, 4)], {"duplicates": 1}, id="an event counted twice"),
        pytest.param(TRUE[:3], [*STATE, (A, 2)], {"lost": 1}, id="an event never counted"),
        pytest.param([*TRUE, (B, 9, 2)], [*STATE, (B, 2)], {"invented": 1}, id="an event that nobody sent"),
        pytest.param(
            [TRUE[1], TRUE[2], TRUE[0], TRUE[3]], STATE, {"wrong counts": 1}, id="two events in the wrong order"
        ),
        pytest.param([*TRUE[:3], (A, 3, 2)], [*STATE, (A, 3)], {"wrong counts": 1}, id="a count said twice"),
        pytest.param(TRUE, STATE[:2], {"wrong state": 1}, id="a row that lags behind"),
        pytest.param(TRUE, STATE[::2], {"wrong state": 1}, id="a row that is missing"),
        pytest.param(TRUE, [*STATE, (b"key-c", 1)], {"wrong state": 1}, id="a row of a key that nobody counted"),
    ],
)
def test_each_fault_is_found_and_named(
    monkeypatch: pytest.MonkeyPatch, said: list[Said], state: list[tuple[bytes, int]], wrong: dict[str, int]
) -> None:
    assert verdict(monkeypatch, said, state) == {**RIGHT, **wrong}
