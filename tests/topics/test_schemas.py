"""The JSON Schemas that are committed are those of the models."""

import json

from topics.schema import SCHEMAS, check, described, export, schema_of
from topics.vocabulary import DECISIONS, ORDERS


def test_the_committed_schemas_are_up_to_date():
    assert check(SCHEMAS) == []


def test_check_names_what_is_missing_changed_and_superfluous(tmp_path):
    export(tmp_path)
    (tmp_path / "orders" / "order.placed.json").unlink()
    (tmp_path / "orders" / "order.amended.json").write_text("{}")
    (tmp_path / "orders" / "order.eaten.json").write_text("{}")
    assert check(tmp_path) == [
        "orders/order.placed.json is missing",
        "orders/order.amended.json is not what the models say",
        "orders/order.eaten.json describes no type of message",
    ]


def test_export_writes_what_differs_and_nothing_else(tmp_path):
    assert len(export(tmp_path)) == len(list(described()))
    assert export(tmp_path) == []
    (tmp_path / "orders" / "order.eaten.json").write_text("{}")
    assert [path.name for path in export(tmp_path)] == ["order.eaten.json"]
    assert check(tmp_path) == []


def test_what_is_published_is_closed_and_requires_every_field():
    schema = schema_of(DECISIONS[0], "refund-decisions", published=True)
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == set(schema["properties"])
    assert "as" in schema["$defs"]["DecidedTender"]["properties"]


def test_what_comes_in_is_open_and_requires_only_what_has_no_default():
    schema = schema_of(ORDERS[0], "orders", published=False)
    assert "additionalProperties" not in schema
    assert "lines" in schema["required"]
    assert "tip_minor" not in schema["required"]


def test_every_schema_has_an_id_of_its_own():
    ids = [json.loads(path.read_text())["$id"] for path in SCHEMAS.glob("*/*.json")]
    assert len(set(ids)) == len(ids) == len(list(described()))
