"""The fast decoder's types, derived from the models: one definition, two decoders.

A twin is a frozen `msgspec.Struct` with the fields, defaults, limits and rules of its pydantic model. It accepts the
same JSON and has the same attributes, decodes about five times as fast, and explains nothing: where it refuses, the
model is asked for the reason. What a twin leaves out, because it would cost every message, is the look into ids for
unprintable characters and e-mail addresses; the codec makes sure of those.

`closed` twins stand at the door: they refuse fields that nobody described (the codec then drops and counts them) and
apply limits and the rules over several fields. The others read what has passed the door, perhaps that of a newer
version: they ignore what they do not know, and measure nothing again, which would take as long as reading it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, StringConstraints
from pydantic_core import PydanticUndefined

from topics.currencies import EXPONENTS
from topics.envelope import Body, CurrencyCode, in_calendar

TAGS = ("type", "kind")
_CURRENCIES = Literal[tuple(sorted(EXPONENTS))]  # type: ignore[valid-type]


def tag_of(model: type[BaseModel]) -> tuple[str, str] | None:
    """The field that names the type of a message or part, and its one value; None for a model without such a field."""
    for name in TAGS:
        field = model.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is Literal:
            values = get_args(field.annotation)
            if len(values) == 1:
                return name, values[0]
    return None


@cache
def twin(model: type[BaseModel], *, closed: bool) -> type[msgspec.Struct]:
    """The struct that stands for the model."""
    hints = get_type_hints(model, include_extras=True)
    tag = tag_of(model)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, info in model.model_fields.items():
        if tag and name == tag[0]:
            continue
        kind = _twin_type(hints[name], closed=closed)
        if info.default_factory is not None:  # the models use `list` alone
            assert info.default_factory is list
            fields.append((name, kind, msgspec.field(default_factory=list)))
        elif info.default is not PydanticUndefined:
            fields.append((name, kind, info.default))
        else:
            fields.append((name, kind))
    namespace: dict[str, Any] = {tag[0]: tag[1]} if tag else {}
    rule = _rule(model, hints, closed=closed)
    if rule:
        namespace["__post_init__"] = rule
    return msgspec.defstruct(
        model.__name__,
        fields,
        namespace=namespace,
        module=model.__module__,
        tag_field=tag[0] if tag else None,
        tag=tag[1] if tag else None,
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=closed,
        gc=False,  # decoded from JSON and frozen: no cycle can come about
    )


def union(models: tuple[type[BaseModel], ...], *, closed: bool) -> Any:
    """The union of the twins, told apart by their tags."""
    return reduce(or_, [twin(model, closed=closed) for model in models])


def _twin_type(hint: Any, *, closed: bool) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        return _limited(hint, closed=closed)
    if origin in {Union, UnionType}:
        return reduce(or_, [_twin_type(part, closed=closed) for part in get_args(hint)])
    if origin is list:
        return list[_twin_type(get_args(hint)[0], closed=closed)]  # type: ignore[misc]
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return twin(hint, closed=closed)
    if hint is datetime:
        return Annotated[datetime, msgspec.Meta(tz=True)]
    return hint


def _limited(hint: Any, *, closed: bool) -> Any:
    base, *marks = get_args(hint)
    limits: dict[str, Any] = {}
    for mark in marks:
        match mark:
            case CurrencyCode():
                return _CURRENCIES
            case Ge(ge=limit):
                limits["ge"] = limit
            case Le(le=limit):
                limits["le"] = limit
            case MinLen(min_length=limit):
                limits["min_length"] = limit
            case MaxLen(max_length=limit):
                limits["max_length"] = limit
            case StringConstraints(pattern=str(pattern)):
                # `$` of Python forgives a newline, that of JSON Schema and of the model does not.
                limits["pattern"] = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
            case _:
                pass  # validators and markers: see the module's text
    kind = _twin_type(base, closed=closed)
    return Annotated[kind, msgspec.Meta(**limits)] if limits and closed else kind


def _is_time(hint: Any) -> bool:
    if hint is datetime:
        return True
    return any(_is_time(part) for part in get_args(hint)[:2] if part is not NoneType) and get_origin(hint) is not list


def _rule(model: type[BaseModel], hints: dict[str, Any], *, closed: bool) -> Callable[[Any], None] | None:
    """What is done once the fields are there: `occurred_at` in UTC and, at the door, the rules over several fields."""
    stamped = "occurred_at" in model.model_fields
    if not closed:
        return _in_utc if stamped else None
    times = tuple(name for name in model.model_fields if _is_time(hints[name]))
    own: Any = model.check if issubclass(model, Body) and model.check is not Body.check else None
    if not (times or own):
        return None

    def settle(self: Any) -> None:
        for name in times:
            if (value := getattr(self, name)) is not None:
                in_calendar(value)
        if stamped:
            _in_utc(self)
        if own:
            own(self)

    return settle


def _in_utc(self: Any) -> None:
    """Has `occurred_at` in UTC."""
    moment = self.occurred_at
    if moment.tzinfo is not UTC:
        msgspec.structs.force_setattr(self, "occurred_at", moment.astimezone(UTC))
