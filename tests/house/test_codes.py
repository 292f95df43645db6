"""Every code has a text for staff, a text per language, and a row in a table test."""

import ast
import re
from functools import cache

import pytest

from app.domain.reasons import MESSAGES, OUTCOMES, ReasonCode
from tests.house import tree
from topics.dead_letters import DeadLetterCode

JUDGING = ("domain", "agents", "topics", "runtime")
LOCALES = ("en", "de", "fr", "es", "pt", "nl", "pl", "ja")


@cache
def words_of_tables() -> frozenset[str]:
    """Every string in the tests of rules, agents and messages that is a value: no key of a dictionary, no sentence."""
    found = set()
    for source in tree.sources("tests"):
        if source.name.split("/")[1] not in JUDGING:
            continue
        keys = {id(key) for node in ast.walk(source.tree) if isinstance(node, ast.Dict) for key in node.keys}
        found.update(
            node.value
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys
        )
        found.update(
            node.attr.lower()
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("ReasonCode", "DeadLetterCode")
        )
    return frozenset(found)


@pytest.mark.parametrize("reason", ReasonCode)
def test_every_reason_has_an_outcome_and_a_sentence_for_staff(reason):
    assert reason in OUTCOMES
    assert re.fullmatch(r"[A-Z].*\.", MESSAGES[reason])


@pytest.mark.parametrize("reason", ReasonCode)
def test_every_reason_appears_in_a_table_test(reason):
    assert reason.value in words_of_tables()


@pytest.mark.parametrize("code", DeadLetterCode)
def test_every_dead_letter_code_appears_in_a_table_test(code):
    assert code.value in words_of_tables()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_a_text_in_every_language(locale):
    folder = tree.ROOT / "app" / "texts" / "locales" / locale
    written = "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert written
    assert not [reason.value for reason in ReasonCode if not re.search(rf"\b{reason.value}\b", written)]
