"""Events in files, however they were written down: one JSON object, an array, JSON lines, or the lines of a replay."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from app.replay.files import Text, read_texts
from app.replay.lines import Line, NoLine, read_lines
from topics.catalogue import CATALOGUE, FX_RATES, INBOUND, POLICIES
from topics.codec import Unreadable

DOCUMENT_BYTES_MAX = 64 << 20

_decode = msgspec.json.Decoder().decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_TOPIC_OF = {name: topic for topic in INBOUND for name in CATALOGUE[topic].type_names}


class Found(NamedTuple):
    """An event and its place. `refusal` says why it cannot even be looked at; `body` is None where it is no JSON."""

    place: str
    topic: str | None
    type: str | None
    key: bytes | None
    value: bytes | None
    body: Any
    refusal: Unreadable | None = None


def read_events(files: Sequence[str], topic: str | None) -> Iterator[Found]:
    """The events of the files. `topic` is that of bodies that stand alone; None: the one that their type belongs to."""
    for file in files:
        texts = read_texts([file], lambda _: None)
        head: list[Text] = []
        first = next((text for text in texts if text.content is None or text.content.strip()), None)
        if first is None:
            continue
        head.append(first)
        if _is_line(first):
            yield from (_of_text(text, topic) for text in _and_then(head, texts))
        else:
            yield from _of_document(_and_then(head, texts), topic)


def _and_then(head: list[Text], rest: Iterator[Text]) -> Iterator[Text]:
    yield from head
    yield from (text for text in rest if text.content is None or text.content.strip())


def _is_line(text: Text) -> bool:
    """Whether the line is an object of its own, so that the file is one of lines."""
    if text.content is None:
        return True
    try:
        return isinstance(_decode(text.content), dict)
    except RecursionError:
        return True
    except (msgspec.DecodeError, ValueError):
        return False


def _of_document(texts: Iterator[Text], topic: str | None) -> Iterator[Found]:
    """A file that is one object or one array; where it is neither, its lines are judged one by one."""
    lines: list[Text] = []
    size = 0
    for text in texts:
        lines.append(text)
        size += len(text.content or b"")
        if size > DOCUMENT_BYTES_MAX:
            break
    content = b"".join(text.content or b"" for text in lines)
    start = lines[0]
    if size <= DOCUMENT_BYTES_MAX:
        try:
            parts = [bytes(raw) for raw in _decode_list(content)]
        except (msgspec.DecodeError, ValueError, RecursionError):
            parts = []
        for number, part in enumerate(parts):
            yield _of_text(Text(f"{start.file}[{number}]", 0, part), topic)
        if parts or content.strip() == b"[]":
            return
        if _is_line(Text(start.file, start.number, content)) or not any(map(_is_line, lines)):
            yield _of_text(Text(start.file, start.number, content), topic)
            return
    for text in lines:
        yield _of_text(text, topic)
    for text in texts:
        yield _of_text(text, topic)


def _of_text(text: Text, topic: str | None) -> Found:
    """One event: a body, or the line of a replay around one."""
    place = text.place if text.number else text.file
    content = text.content
    if content is None:
        return Found(place, topic, None, None, None, None, Unreadable("too_large", "expected at most 512 KiB"))
    body = _body(content)
    key: bytes | None = None
    value: bytes | None = content.strip()
    if isinstance(body, dict) and "topic" in body and ("value" in body or "value_base64" in body):
        line = next(read_lines(iter([text])))
        if isinstance(line, NoLine):
            return Found(place, None, None, None, None, None, Unreadable("no message", line.reason))
        assert isinstance(line, Line)
        topic, key, value = line.topic, line.key, line.value
        body = _body(value or b"")
    said = body.get("type") if isinstance(body, dict) else None
    type_ = said if isinstance(said, str) else None
    topic = topic or _topic_of(body, type_)
    refusal = None if topic else _without_topic(body)
    return Found(place, topic, type_ if type_ in _TOPIC_OF else None, key, value, body, refusal)


def _body(content: bytes) -> Any:
    try:
        return _decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _topic_of(body: Any, type_: str | None) -> str | None:
    if type_ in _TOPIC_OF:
        return _TOPIC_OF[type_]
    if isinstance(body, dict) and "base" in body and "quote" in body:
        return FX_RATES
    return POLICIES if isinstance(body, dict) and "policy" in body else None


def _without_topic(body: Any) -> Unreadable:
    if not isinstance(body, dict):
        return Unreadable("not_json", "expected a JSON object in UTF-8; check that it is whole")
    return Unreadable("unknown_type", f"type: expected one of {', '.join(_TOPIC_OF)}; or name the --topic", "type")
