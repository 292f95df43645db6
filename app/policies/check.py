"""From plain values to a policy, or to everything that is wrong with them.

One way for both sources: YAML files (their problems carry lines) and the `policies` topic (theirs carry a path).
"""

import re
from collections.abc import Sequence
from typing import Any, TypeGuard, get_args

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.domain.policy import BUILT_IN, TERMS, Policy, canonical, sealed
from app.policies.conditions import Compiler
from app.policies.model import PolicyDocument, RuleTerm
from app.policies.problems import Location, PoliciesRefusedError, Problem, Source, did_you_mean
from app.policies.rules import rules_of

_DEFAULTS = {name: told for name, told in msgspec.json.decode(canonical(BUILT_IN)).items() if name in TERMS}

HEAD = ("policy", "version", "effective_from", "merchants")
_QUOTED = re.compile(r"'([^']*)'")
_HINTS = {
    "int_type": "write the number without quotes",
    "string_type": "put it in quotes",
    "list_type": "put it in square brackets: [a, b]",
    "dict_type": "write it as key: value",
    "model_type": "write it as key: value",
    "bool_type": "without quotes",
    "string_pattern_mismatch": "lower-case letters, digits and underscores, a letter first",
    "greater_than_equal": "the number is too small",
    "less_than_equal": "the number is too large",
    "string_too_long": "shorten it",
    "string_too_short": "write something",
    "too_long": "shorten the list",
}
_NULL = "null switches off limits, velocity, statutory and pre_dispute alone; leave the key out for its default"


def policy_of(value: Any, source: Source, *, compiler: Compiler, known: Sequence[Location] = ()) -> Policy:
    """The policy that a document describes, defaults filled in, with its digest.

    `known`: locations whose problems have been told already. Raises `PoliciesRefusedError` with all problems; it holds
    none if all of them were known.
    """
    if not isinstance(value, dict):
        raise PoliciesRefusedError([source.problem((), "expected a policy: keys and values", "like policy: standard")])
    try:
        told = PolicyDocument.model_validate(_DEFAULTS | value)
    except ValidationError as error:
        problems = _explained(error, value, source, known)
        # what else is wrong must not hide behind it: rules that can be read are asked all the same
        problems += rules_of(_readable(value.get("rules")), source, compiler)[1]
        raise PoliciesRefusedError(problems) from None
    rules, problems = rules_of(told.rules, source, compiler)
    if problems:
        raise PoliciesRefusedError(problems)
    terms = told.model_dump(by_alias=True, exclude={"rules"})
    return sealed(msgspec.structs.replace(msgspec.convert(terms, Policy), rules=rules))


def head_of(value: Any) -> Policy | None:
    """Name, version, start and merchants of a refused document, on the built-in terms; None where these are wrong."""
    if not isinstance(value, dict):
        return None
    try:
        told = PolicyDocument.model_validate(_DEFAULTS | {name: value[name] for name in HEAD if name in value})
    except ValidationError:
        return None
    return msgspec.convert(told.model_dump(by_alias=True, exclude={"rules"}), Policy)


def _readable(rules: Any) -> list[RuleTerm | None]:
    """The rules of a refused document, None for those of which the problems have been told."""
    found: list[RuleTerm | None] = []
    for rule in rules if isinstance(rules, list) else []:
        try:
            found.append(RuleTerm.model_validate(rule))
        except ValidationError:
            found.append(None)
    return found


def _explained(
    error: ValidationError, value: dict[str, Any], source: Source, known: Sequence[Location]
) -> list[Problem]:
    problems: list[Problem] = []
    for detail in error.errors(include_url=False):
        location = tuple(step for step in detail["loc"] if step != "[key]")
        if location in known:
            continue
        assert detail["type"] == "missing" or location[0] in value, "a default of ours was refused"
        problems.append(_problem(detail, location, source))
    return problems


def _problem(detail: ErrorDetails, location: Location, source: Source) -> Problem:
    field, fields = _field_at(location)
    kind = detail["type"]
    if kind == "extra_forbidden":
        return source.problem(location, "unknown key", did_you_mean(str(location[-1]), fields))
    expected = field.description if field else "something else"
    if kind == "missing":
        hint = f"write it; `{location[0]}` replaces the whole default of that key" if len(location) > 1 else "write it"
        return source.problem(location, f"missing, expected {expected}", hint)
    return source.problem(location, f"expected {expected}", _hint(detail))


def _hint(detail: ErrorDetails) -> str | None:
    given, context = detail["input"], detail.get("ctx", {})
    if "hint" in context:
        return str(context["hint"])
    if given is None:
        return _NULL
    if detail["type"] == "literal_error" and isinstance(given, str):
        return did_you_mean(given, _QUOTED.findall(str(context.get("expected", ""))))
    return _HINTS.get(detail["type"])


def _field_at(location: Location) -> tuple[FieldInfo | None, list[str]]:
    """The innermost described field on the way to a location, and the keys that its last object knows."""
    model: type[BaseModel] | None = PolicyDocument
    field: FieldInfo | None = None
    names: dict[str, FieldInfo] = {}
    for step in location:
        if isinstance(step, int):
            continue
        names = _names(model) if model else names
        if model is None or step not in names:
            break
        field = names[step]
        model = _model_in(field.annotation)
    return field, list(names)


def _names(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if _is_model(annotation):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
