"""Lines that a careless encoder wrote: JSON but for lone surrogates, NaN and infinities.

A strict reader refuses such a line as a whole. But the message in it is what is to be judged, and it must be refused
with its own bytes, as it would be had it come over the wire; so the line is taken apart and its value's text kept.
"""

import json
import re
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder()


def decoded(content: bytes) -> str:
    """UTF-8 as text, lone surrogates included. UnicodeDecodeError where it is something else."""
    return content.decode("utf-8", "surrogatepass")


def encoded(text: str) -> bytes:
    """The text as UTF-8, lone surrogates as a careless encoder writes them."""
    return text.encode("utf-8", "surrogatepass")


def read_careless(content: bytes) -> tuple[dict[str, Any], bytes | None] | None:
    """The fields of a line but `value`, and the text of `value` (None: there is none); None where it is no object.

    RecursionError where it is nested too deeply.
    """
    try:
        return _fields(decoded(content))
    except (ValueError, StopIteration, IndexError):
        return None


def _fields(text: str) -> tuple[dict[str, Any], bytes | None]:
    fields: dict[str, Any] = {}
    value: bytes | None = None
    at = _expect(text, 0, "{")
    while text[at] == '"':
        name, at = _decoder.raw_decode(text, at)
        at = _expect(text, at, ":")
        found, end = _decoder.raw_decode(text, at)
        if name == "value":
            value = encoded(text[at:end])
        else:
            fields[name] = found
        at = _skip(text, end)
        if text[at] != ",":
            break
        at = _skip(text, at + 1)
        if text[at] != '"':
            raise ValueError("a comma must be followed by a name")
    if _expect(text, at, "}") != len(text):
        raise ValueError("something follows the object")
    return fields, value


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    assert space is not None, "it matches nothing too"
    return space.end()


def _expect(text: str, at: int, sign: str) -> int:
    """The place after the sign and the space around it."""
    at = _skip(text, at)
    if text[at] != sign:
        raise ValueError(f"expected {sign}")
    return _skip(text, at + 1)
