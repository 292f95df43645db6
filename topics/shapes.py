"""What the codec does with each field of an accepted event, derived from the markers in the models.

A shape mirrors a model. Cleaning JSON by it drops and counts fields that nobody described, masks free text, and puts
keyed hashes in the place of shopper values; it also says whether all ids are fit to be kept. Values of a wrong type are
passed through: refusing them is the decoder's job. Cleaning changes the object in place; it is nobody else's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Protocol, Union, get_args, get_origin, get_type_hints

from annotated_types import MaxLen
from pydantic import BaseModel

from topics.envelope import Hashed, Masked, Opaque, may_hold_e_mail, opaque
from topics.privacy import keyed_hash, mask_text
from topics.twins import tag_of


@dataclass
class Cleaning:
    """The state of one cleaning: what was dropped, what was changed, and whether every id can be kept."""

    secret: bytes
    unknown_fields: int = 0
    changed: bool = False
    fit: bool = True


class Shape(Protocol):
    """How one value is cleaned."""

    def clean(self, value: Any, cleaning: Cleaning) -> Any:
        """The value as it may be kept."""
        ...


class AsIs:
    """Nothing to do: numbers, times, words of our own vocabulary."""

    def clean(self, value: Any, cleaning: Cleaning) -> Any:  # noqa: ARG002 - the protocol's signature
        """The value itself."""
        return value


class Identifier:
    """An id is kept as it is, or the message is refused."""

    def clean(self, value: Any, cleaning: Cleaning) -> Any:
        """The value itself; notes whether it can be kept."""
        if isinstance(value, str) and (may_hold_e_mail(value) or not value.isprintable()):
            try:
                opaque(value)
            except ValueError:
                cleaning.fit = False
        return value


@dataclass(frozen=True)
class FreeText:
    """Card numbers and e-mail addresses are masked; a masked text is never longer than the field allows."""

    length_max: int

    def clean(self, value: Any, cleaning: Cleaning) -> Any:
        """The masked text."""
        if (
            not isinstance(value, str)
            or len(value) > self.length_max
            or (len(value) < 13 and not may_hold_e_mail(value))
        ):
            return value
        masked = mask_text(value)
        if masked == value:
            return value
        cleaning.changed = True
        return masked[: self.length_max]


@dataclass(frozen=True)
class Trait:
    """A value of a person of which only equality is needed."""

    domain: str
    length_max: int

    def clean(self, value: Any, cleaning: Cleaning) -> Any:
        """The keyed hash."""
        if not isinstance(value, str) or len(value) > self.length_max:
            return value
        cleaning.changed = True
        return keyed_hash(cleaning.secret, self.domain, value)


@dataclass(frozen=True)
class Items:
    """A list of values of one shape."""

    item: Shape

    def clean(self, value: Any, cleaning: Cleaning) -> Any:
        """Every item cleaned."""
        return [self.item.clean(item, cleaning) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Fields:
    """An object: what is not described goes. `busy` are the fields with something to do."""

    fields: Mapping[str, Shape]
    busy: tuple[tuple[str, Shape], ...]

    def clean(self, value: Any, cleaning: Cleaning) -> Any:
        """The same object with its described fields, cleaned in place."""
        if not isinstance(value, dict):
            return value
        if not value.keys() <= self.fields.keys():
            for name in value.keys() - self.fields.keys():
                del value[name]
                cleaning.unknown_fields += 1
        for name, shape in self.busy:
            if name in value:
                value[name] = shape.clean(value[name], cleaning)
        return value


@dataclass(frozen=True)
class Choice:
    """An object whose field `tag` says which shape it has."""

    tag: str
    shapes: Mapping[str, Fields]

    def clean(self, value: Any, cleaning: Cleaning) -> Any:
        """The object cleaned by its own shape."""
        said = value.get(self.tag) if isinstance(value, dict) else None
        shape = self.shapes.get(said) if isinstance(said, str) else None
        return shape.clean(value, cleaning) if shape else value


_AS_IS, _IDENTIFIER = AsIs(), Identifier()


@cache
def shape_of(model: type[BaseModel]) -> Fields:
    """The shape of a model."""
    hints = get_type_hints(model, include_extras=True)
    fields = {name: _shape(hints[name]) for name in model.model_fields}
    return Fields(fields, tuple((name, shape) for name, shape in fields.items() if shape is not _AS_IS))


def _shape(hint: Any) -> Shape:
    origin = get_origin(hint)
    if origin is Annotated:
        return _marked(hint)
    if origin in {Union, UnionType}:
        parts = [part for part in get_args(hint) if part is not NoneType]
        tags = [tag_of(part) for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        if len(parts) > 1 and len(tags) == len(parts):
            return Choice(tags[0][0], {tag[1]: shape_of(part) for tag, part in zip(tags, parts, strict=True)})  # type: ignore[index]
        return _shape(parts[0])
    if origin is list:
        item = _shape(get_args(hint)[0])
        return _AS_IS if item is _AS_IS else Items(item)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return shape_of(hint)
    return _AS_IS


def _marked(hint: Any) -> Shape:
    base, *marks = get_args(hint)
    length_max = next((mark.max_length for mark in marks if isinstance(mark, MaxLen)), 0)
    for mark in marks:
        match mark:
            case Opaque():
                return _IDENTIFIER
            case Masked():
                return FreeText(length_max)
            case Hashed(domain=domain):
                return Trait(domain, length_max)
            case _:
                pass
    return _shape(base)


def trait_names(shape: Shape) -> Iterator[str]:
    """Names of fields without which the shape holds no value of a person: of traits, or of objects of traits alone."""
    match shape:
        case Fields(busy=busy):
            for name, field in busy:
                if isinstance(field, Trait) or (isinstance(field, Fields) and _is_of_traits(field)):
                    yield name
                else:
                    yield from trait_names(field)
        case Items(item=item):
            yield from trait_names(item)
        case Choice(shapes=shapes):
            for one in shapes.values():
                yield from trait_names(one)
        case _:
            return


def _is_of_traits(shape: Fields) -> bool:
    return all(isinstance(field, Trait) for field in shape.fields.values())
