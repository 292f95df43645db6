"""The glossary holds every word that is said on the wire."""

import re
from enum import Enum
from typing import Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from app.domain.reasons import ReasonCode
from tests.house import tree
from topics.catalogue import TOPICS
from topics.dead_letters import DeadLetterCode

GLOSSARY = (tree.ROOT / "app" / "glossary.md").read_text()
WORDS = set(re.findall(r"`([^`\n]+)`", GLOSSARY))


def words_of(annotation: object, seen: set[type]) -> set[str]:
    """Every word of an enumeration that an annotation allows, in models inside it too."""
    if get_origin(annotation) is Literal:
        return {word for word in get_args(annotation) if isinstance(word, str)}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return {str(member.value) for member in annotation}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return set()
        seen.add(annotation)
        fields = annotation.model_fields.values()
        return set().union(*(words_of(field.annotation, seen) for field in fields))
    return set().union(*(words_of(inner, seen) for inner in get_args(annotation)))


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic.types], ids=lambda topic: topic.name)
def test_every_word_of_a_topic_stands_in_the_glossary(topic):
    seen: set[type] = set()
    words = set().union(*(words_of(model, seen) for model in topic.types))
    assert not words - WORDS


def test_every_dead_letter_code_stands_in_the_glossary():
    assert not {code.value for code in DeadLetterCode} - WORDS


def test_every_reason_code_stands_in_the_glossary():
    assert not {reason.value for reason in ReasonCode} - WORDS


def test_no_word_of_the_glossary_is_explained_twice():
    explained = re.findall(r"(?m)^\| ([^|`]+?) \|", GLOSSARY.split("## Words on the wire")[0])
    entries = [entry for entry in explained if entry not in ("word", "---")]
    assert len(entries) > 50
    assert len(entries) == len(set(entries))
