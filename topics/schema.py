"""JSON Schemas of every message, generated from the models and kept beside them for those who write in other languages.

One file per type: `<topic>/<type>.json`, `<topic>/<topic>.json` where bodies have no type. A schema cannot say every
rule (which ids are pseudonyms, which fields must fit together): `refundry validate` knows them all.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from topics.catalogue import CATALOGUE, INBOUND, TOPICS, Topic
from topics.twins import tag_of

SCHEMAS = Path(__file__).parent / "schemas"
EXAMPLES = Path(__file__).parent / "examples"


def name_of(model: type[BaseModel], topic: str) -> str:
    """What a type of message is called on its topic."""
    tag = tag_of(model)
    return tag[1] if tag and tag[0] == "type" else topic


class _Plain(GenerateJsonSchema):
    """Without a title per field: the name of the field says the same."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the library's signature
        return False


def export(folder: Path = SCHEMAS) -> list[Path]:
    """Writes all schemas below `folder` and removes those of types that are no more. Returns the files that changed."""
    wanted = dict(_files())
    changed = []
    for relative, text in wanted.items():
        path = folder / relative
        if not path.exists() or not _says(path, text):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed.append(path)
    for path in _strangers(folder, wanted):
        path.unlink()
        changed.append(path)
    return changed


def check(folder: Path = SCHEMAS) -> list[str]:
    """What is wrong with the schemas below `folder`, one sentence each; empty where they fit the models."""
    wanted = dict(_files())
    problems = []
    for relative, text in wanted.items():
        path = folder / relative
        if not path.exists():
            problems.append(f"{relative} is missing")
        elif not _says(path, text):
            problems.append(f"{relative} is not what the models say")
    problems += [f"{path.relative_to(folder)} describes no type of message" for path in _strangers(folder, wanted)]
    return problems


def _says(path: Path, text: str) -> bool:
    try:
        return path.read_text() == text
    except UnicodeDecodeError:
        return False


def described() -> Iterator[tuple[Topic, type[BaseModel]]]:
    """Every type of message once, on the topic where it is at home: what is re-keyed is described where it comes in."""
    arriving = {model for name in INBOUND for model in CATALOGUE[name].types}
    for topic in TOPICS:
        for model in topic.types:
            if topic.direction != "internal" or model not in arriving:
                yield topic, model


def _files() -> Iterator[tuple[str, str]]:
    for topic, model in described():
        name = name_of(model, topic.name)
        schema = schema_of(model, topic.name, published=topic.direction == "out")
        yield f"{topic.name}/{name}.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_of(model: type[BaseModel], topic: str, *, published: bool) -> dict[str, Any]:
    """The JSON Schema of a type of message. Of what is published, fields with a default are always there."""
    mode: JsonSchemaMode = "serialization" if published else "validation"
    body = model.model_json_schema(mode=mode, by_alias=True, schema_generator=_Plain)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:refundry:{topic}:{name_of(model, topic)}:1",
        **body,
    }


def _strangers(folder: Path, wanted: dict[str, str]) -> list[Path]:
    found = sorted(folder.glob("*/*.json")) if folder.exists() else []
    return [path for path in found if str(path.relative_to(folder)) not in wanted]
