"""A replay's output: JSON lines `{"topic", "key", "headers", "value"}`, in the order in which they were said.

A dead letter's `value` is text: its bytes read as UTF-8. Where they are none, what cannot be read is replaced by U+FFFD
and `value_base64` beside it holds the bytes as they are; fed to a replay again, that is the field to use.
"""

from base64 import b64encode

import msgspec

from app.runtime.topology import Output
from topics.catalogue import DEAD_LETTERS


class _Written(msgspec.Struct, omit_defaults=True):
    topic: str
    key: str | None
    headers: dict[str, str]
    value: msgspec.Raw | str | None
    value_base64: str | None = None


_encode = msgspec.json.Encoder().encode


def line_of(output: Output) -> bytes:
    """The line of an output, with its end."""
    key = None if output.key is None else output.key.decode("utf-8", "replace")
    headers = {name: content.decode("utf-8", "replace") for name, content in output.headers}
    value: msgspec.Raw | str | None = None
    exactly = None
    if output.value is not None and output.topic != DEAD_LETTERS:
        value = msgspec.Raw(output.value)
    elif output.value is not None:
        try:
            value = output.value.decode()
        except UnicodeDecodeError:
            value, exactly = output.value.decode("utf-8", "replace"), b64encode(output.value).decode()
    return _encode(_Written(output.topic, key, headers, value, exactly)) + b"\n"
