"""Reads again what a replay wrote: the opposite of `writing.py`."""

from base64 import b64decode
from collections.abc import Callable, Collection, Iterator, Sequence

import msgspec

from app.replay.files import UnreadableFileError, read_texts
from app.runtime.topology import Output
from topics.catalogue import DEAD_LETTERS, OUTBOUND


class _Named(msgspec.Struct):
    topic: str
    key: str | None


class _Line(msgspec.Struct):
    topic: str
    key: str | None
    value: msgspec.Raw
    headers: dict[str, str] = {}
    value_base64: str | None = None


_EXPECTED = "expected what `refundry replay` wrote; its input belongs to --replay, where the command has that"
_decode_name = msgspec.json.Decoder(_Named).decode
_decode = msgspec.json.Decoder(_Line).decode
_decode_text = msgspec.json.Decoder(str | None).decode


def read_written(
    files: Sequence[str], topics: Collection[str], progress: Callable[[int], None] = lambda _: None
) -> Iterator[Output]:
    """The records of these topics, in the order of the files (`-` is standard input).

    Values are the bytes that would be published. `progress` is told how many stored bytes more were read. Raises
    UnreadableFileError where a file is none that a replay wrote.
    """
    for text in read_texts(files, progress):
        if text.content is None:
            raise UnreadableFileError(f"{text.place}: the line is too long to be a record")
        if not text.content.strip():
            continue
        try:
            topic = _decode_name(text.content).topic
            wanted = _output(_decode(text.content)) if topic in topics else None
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise UnreadableFileError(f"{text.place}: {_EXPECTED}") from error
        if topic not in OUTBOUND:
            raise UnreadableFileError(f"{text.place}: {_EXPECTED}")
        if wanted is not None:
            yield wanted


def _output(line: _Line) -> Output:
    headers = tuple((name, content.encode()) for name, content in line.headers.items())
    key = None if line.key is None else line.key.encode()
    return Output(line.topic, key, _value(line), headers)


def _value(line: _Line) -> bytes | None:
    if line.value_base64 is not None:
        return b64decode(line.value_base64, validate=True)
    if line.topic != DEAD_LETTERS:
        return bytes(line.value)
    text = _decode_text(line.value)
    return None if text is None else text.encode()
