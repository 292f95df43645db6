"""Events as the door reads them, and what goes out against its published models."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from pydantic import BaseModel

from tests.domain.events import Said
from topics.catalogue import CATALOGUE
from topics.codec import Received, read
from topics.keys import key_of
from topics.twins import tag_of

SECRET = b"a secret of tests"


def entry_of(said: Said, timestamp: int) -> Received:
    """The event as the door reads it."""
    key = key_of(said.topic, said.body)
    assert key is not None
    received = read(said.topic, key.encode(), json.dumps(said.body).encode(), timestamp=timestamp, secret=SECRET)
    assert isinstance(received, Received), received
    return received


def model_of(topic: str, body: dict[str, Any]) -> type[BaseModel]:
    """The closed model of what is said on a topic."""
    return next(m for m in CATALOGUE[topic].types if (tag := tag_of(m)) is None or tag[1] == body["type"])


def check_published(said: Iterable[Any]) -> None:
    """What goes out is what its topic's model says."""
    for one in said:
        model_of(one.topic, one.body).model_validate_json(msgspec.json.encode(one.body))
