"""The examples show what is said: one per type at least, each valid, those of ours complete."""

import json

import pytest

from tests.topics.samples import at_the_door, example_files, inbound_examples, model_of
from topics.catalogue import TOPICS
from topics.codec import Received
from topics.schema import EXAMPLES, described, name_of

FILES = [(topic, file) for topic in TOPICS for file in example_files(topic.name)]
IDS = [f"{topic.name}/{file.stem}" for topic, file in FILES]


@pytest.mark.parametrize(
    ("topic", "model"),
    list(described()),
    ids=[f"{topic.name}/{name_of(model, topic.name)}" for topic, model in described()],
)
def test_every_type_has_an_example(topic, model):
    assert (EXAMPLES / topic.name / f"{name_of(model, topic.name)}.json").exists()


@pytest.mark.parametrize(("topic", "file"), FILES, ids=IDS)
def test_an_example_is_what_its_model_describes(topic, file):
    body = json.loads(file.read_text())
    model = model_of(topic.name, body)
    assert file.stem.startswith(name_of(model, topic.name))
    assert model.model_validate_json(file.read_bytes())


@pytest.mark.parametrize(
    ("topic", "file"),
    [(t, f) for t, f in FILES if t.direction == "out"],
    ids=[i for (t, _), i in zip(FILES, IDS, strict=True) if t.direction == "out"],
)
def test_an_example_of_what_is_published_writes_every_field(topic, file):
    body = json.loads(file.read_text())
    assert body.keys() == model_of(topic.name, body).model_fields.keys()


@pytest.mark.parametrize(("name", "topic", "body"), inbound_examples(), ids=[name for name, _, _ in inbound_examples()])
def test_the_door_takes_every_example_and_knows_all_its_fields(name, topic, body):
    received = at_the_door(topic, body)
    assert isinstance(received, Received), received
    assert received.unknown_fields == 0


def test_the_last_rows_of_a_closed_model_cannot_hold_a_field_that_nobody_described():
    topic, file = next((t, f) for t, f in FILES if f.stem == "refund.approved")
    body = json.loads(file.read_text()) | {"surprise": 1}
    with pytest.raises(ValueError, match="surprise"):
        model_of(topic.name, body).model_validate(body)
