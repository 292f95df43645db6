"""Why a message was refused, for whoever published it: which field, what was expected, and a hint. Never its value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from topics.dead_letters import DeadLetterCode
from topics.envelope import FORMS, Misfit
from topics.shapes import Choice, Fields, Items, Shape, shape_of


class Unreadable(NamedTuple):
    """A message that is no event: a code of `DeadLetterCode`, what is wrong, and the field that it is about."""

    code: str
    message: str
    path: str | None = None


WHOLE_NUMBER = "a whole number"
_HINTS = {
    "missing": "the field is required",
    "int_type": "whole numbers are written without quotes, decimal point or exponent",
    "int_from_float": "whole numbers are written without quotes, decimal point or exponent",
    "literal_error": "values are case-sensitive",
    "union_tag_invalid": "values are case-sensitive",
    "unknown_currency": "three capital letters; codes of metals, funds and tests have no minor unit",
    "not_a_time": "such as 2026-11-30T18:05:00Z",
    "string_type": "texts and ids are written in quotes",
    "bool_type": "true or false, without quotes",
}
_EXPECTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "a value",
    "int_type": lambda _: WHOLE_NUMBER,
    "int_from_float": lambda _: WHOLE_NUMBER,
    "int_parsing_size": lambda _: "a whole number of at most 2^53-1",
    "greater_than_equal": lambda context: f"a number of at least {context['ge']}",
    "less_than_equal": lambda context: f"a number of at most {context['le']}",
    "literal_error": lambda context: f"one of: {_words(context['expected'])}",
    "union_tag_invalid": lambda context: f"one of: {_words(context['expected_tags'])}",
    "union_tag_not_found": lambda _: "a value",
    "string_type": lambda _: "a text",
    "string_too_short": lambda context: f"a text of at least {context['min_length']} characters",
    "string_too_long": lambda context: f"a text of at most {context['max_length']} characters",
    "string_pattern_mismatch": lambda context: FORMS[context["pattern"]],
    "bool_type": lambda _: "true or false",
    "float_type": lambda _: "a number",
    "list_type": lambda _: "a list",
    "too_short": lambda context: f"a list of at least {context['min_length']} entries",
    "too_long": lambda context: f"a list of at most {context['max_length']} entries",
    "datetime_type": lambda _: "a time of RFC 3339 with seconds and an offset",
    "date_type": lambda _: "a day of the calendar as YYYY-MM-DD",
    "model_type": lambda _: "an object",
    "model_attributes_type": lambda _: "an object",
    "dict_type": lambda _: "an object",
}


def _words(quoted: str) -> str:
    return quoted.replace(" or ", ", ").replace("'", "")


def refusal(model: type[BaseModel], error: ValidationError) -> Unreadable:
    """The first of what is wrong, with how much more there is."""
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    path = _path(shape_of(model), first["loc"])
    kind, context = first["type"], first.get("ctx", {})
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        path = f"{path}.{str(context['discriminator']).strip(chr(39))}"
    if isinstance(misfit := context.get("error"), Misfit):
        path = f"{path}.{misfit.path}" if path else misfit.path
        expected = misfit.expected
    elif kind in _EXPECTED:
        expected = _EXPECTED[kind](context)
    else:
        expected = first["msg"]
    code = DeadLetterCode.UNKNOWN_CURRENCY if kind == "unknown_currency" else DeadLetterCode.INVALID_FIELD
    hint = f"; {_HINTS[kind]}" if kind in _HINTS else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Unreadable(code, f"{path}: expected {expected}{hint}{more}", path or None)


def _path(shape: Shape, steps: Sequence[str | int]) -> str:
    """The way to a field as people write it: `lines[0].quantity`. Tags of unions are no part of it."""
    path, at = "", shape
    for step in steps:
        match at, step:
            case Choice(shapes=shapes), str():
                at = shapes.get(step, at)
                continue
            case Items(item=item), int():
                path, at = f"{path}[{step}]", item
            case Fields(fields=fields), str():
                path, at = f"{path}.{step}" if path else step, fields.get(step, at)
            case _, int():
                path = f"{path}[{step}]"
            case _:
                break  # names of validators and of union members end the way
    return path
