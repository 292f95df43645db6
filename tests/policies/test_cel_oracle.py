"""An independent implementation of CEL reads the same conditions: what is taken here means there what it means here."""

import sys
from typing import Any

import celpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.refunds.facts import FACTS, Kind
from app.policies import ConditionRefusedError, compile_condition

TEXTS = ("", "a", "b", "DE", "A-1", "ü")


def of_kind(kind: Kind) -> list[str]:
    return [name for name, fact in FACTS.items() if fact.kind is kind]


def words(name: str) -> tuple[str, ...]:
    return FACTS[name].words[:4] or TEXTS


def written(text: str) -> str:
    return f"'{text}'"


def values(name: str) -> st.SearchStrategy[Any]:
    fact = FACTS[name]
    match fact.kind:
        case Kind.TRUTH:
            return st.booleans()
        case Kind.NUMBER:
            return st.integers(-3, 3) | st.sampled_from([19_99, 2**53 - 1])
        case Kind.TEXT:
            return st.sampled_from([*words(name), *([None] if fact.optional else [])])
        case Kind.TEXTS:
            return st.lists(st.sampled_from(words(name)), max_size=3)


def pair(left: st.SearchStrategy[str], signs: list[str], right: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{} {} {}".format, left, st.sampled_from(signs), right)


def bracketed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return inner.map(lambda text: f"({text})")


TEXT = st.sampled_from(of_kind(Kind.TEXT))
LISTS = st.sampled_from(of_kind(Kind.TEXTS))
NUMBER = st.recursive(
    st.sampled_from(of_kind(Kind.NUMBER)) | st.integers(-3, 3).map(str) | LISTS.map("size({})".format),
    lambda inner: (
        bracketed(pair(inner, ["+", "-", "*"], inner))
        | bracketed(pair(inner, ["/", "%"], st.sampled_from([*of_kind(Kind.NUMBER), "2", "7", "-3"])))
        | bracketed(inner).map("-{}".format)
    ),
    max_leaves=4,
)
ATOM = (
    st.sampled_from([*of_kind(Kind.TRUTH), "true", "false"])
    | pair(NUMBER, ["==", "!=", "<", "<=", ">", ">="], NUMBER)
    | pair(NUMBER, ["in"], st.just("[0, 1, 1999]"))
    | TEXT.flatmap(lambda name: pair(st.just(name), ["==", "!="], st.sampled_from(words(name)).map(written)))
    | TEXT.flatmap(lambda name: pair(st.just(name), ["<", ">="], st.sampled_from(words(name)).map(written)))
    | LISTS.flatmap(lambda name: pair(st.sampled_from(words(name)).map(written), ["in"], st.just(name)))
    | LISTS.flatmap(lambda name: pair(st.just(f"{name}[0]"), ["=="], st.sampled_from(words(name)).map(written)))
    | LISTS.map("{} == []".format)
    | st.sampled_from(["order.country == null", "null != order.country"])
    | st.builds(
        "{}.{}({})".format,
        TEXT,
        st.sampled_from(["startsWith", "endsWith", "contains", "matches"]),
        st.sampled_from(["'a'", "'an'", "''", "'e$'"]),
    )
)
CONDITION = st.recursive(
    ATOM,
    lambda inner: (
        bracketed(pair(inner, ["&&", "||"], inner))
        | pair(inner, ["&&", "||"], inner)
        | bracketed(inner).map("!{}".format)
        | bracketed(st.builds("({}) ? ({}) : {}".format, inner, inner, inner))
    ),
    max_leaves=6,
)
FOUND = st.fixed_dictionaries({name: values(name) for name in FACTS})


def environment_of_its_own() -> celpy.Environment:
    """It raises the interpreter's limit of recursion for good, which is no business of the other tests."""
    limit = sys.getrecursionlimit()
    made = celpy.Environment()
    made.compile("true")
    sys.setrecursionlimit(limit)
    return made


ENVIRONMENT = environment_of_its_own()


def by_the_other(condition: str, found: dict[str, Any]) -> bool | None:
    """What the other implementation says; None where it cannot judge."""
    variables: dict[str, dict[str, Any]] = {}
    for name, value in found.items():
        variable, field = name.split(".")
        variables.setdefault(variable, {})[field] = value
    activation = {variable: celpy.json_to_cel(fields) for variable, fields in variables.items()}
    try:
        return bool(ENVIRONMENT.program(ENVIRONMENT.compile(condition)).evaluate(activation))
    except celpy.CELEvalError:
        return None


@settings(max_examples=300)
@given(CONDITION, FOUND)
def test_two_implementations_judge_alike(condition, found):
    assert compile_condition(condition)(found) is by_the_other(condition, found)


@given(
    st.text(st.sampled_from("request.kinds='a'()[]!&|<>+-*/%?:,0129truein \n\\\""), max_size=40) | st.text(max_size=20)
)
def test_whatever_is_written_is_a_condition_or_is_refused(text):
    try:
        condition = compile_condition(text)
    except ConditionRefusedError:
        return
    assert condition.reads <= FACTS.keys()
    assert condition.reads or condition({}) in (True, False, None)


def test_the_two_differ_where_they_must_so_that_the_comparison_can_fail():
    assert by_the_other("1 == 2", {}) is False
    with pytest.raises(celpy.CELParseError):
        ENVIRONMENT.compile("1 ==")
