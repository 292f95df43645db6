"""The examples of the product as test data, and the door as tests use it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from topics.catalogue import CATALOGUE, INBOUND
from topics.codec import Received, Unreadable, read
from topics.keys import key_of
from topics.schema import EXAMPLES, name_of

SECRET = b"a key that only the tests use"
AT = 1_772_541_000_000  # 2026-03-03T12:30:00Z, a day after the examples
PAN, E_MAIL, CODE = "4539578763621486", "jane.roe@mail.example", "7391"


def example_files(topic: str) -> list[Path]:
    return sorted((EXAMPLES / topic).glob("*.json"))


def model_of(topic: str, body: dict[str, Any]) -> Any:
    """The model that describes a body of the topic."""
    models = {name_of(model, topic): model for model in CATALOGUE[topic].types}
    return models[body.get("type", topic)]


def inbound_examples() -> list[tuple[str, str, dict[str, Any]]]:
    """(name, topic, body) of every example of what comes in."""
    return [(file.stem, topic, json.loads(file.read_text())) for topic in INBOUND for file in example_files(topic)]


def example(name: str) -> tuple[str, dict[str, Any]]:
    """(topic, a fresh body) of an example by its file's name."""
    return next((topic, body) for found, topic, body in inbound_examples() if found == name)


def at_the_door(
    topic: str, body: Any, *, key: bytes | str | None = "right", timestamp: int = AT, **more: Any
) -> Received | Unreadable:
    """What the door says of a body (bytes as they are, anything else as JSON), under the key that fits it."""
    value = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    if key == "right":
        right = key_of(topic, body) if isinstance(body, dict) else None
        key = right.encode() if right else b"k"
    return read(topic, key, value, timestamp=timestamp, secret=SECRET, **more)


def strings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """(path, text) of every text in a JSON value."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from strings(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every object in a JSON value."""
    if isinstance(value, dict):
        yield path
        for name, item in value.items():
            yield from objects(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from objects(item, (*path, index))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a JSON value with what is at the path replaced."""
    if not path:
        return new
    copy = value.copy()
    head, *rest = path
    copy[head] = put(value[head] if rest else None, tuple(rest), new)
    return copy


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value
