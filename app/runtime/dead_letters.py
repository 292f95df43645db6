"""A message that was refused, as the record that says so: the original bytes, and in its headers why and whence."""

from app.runtime.topology import Headers, Message, Output, Refusal
from topics.catalogue import DEAD_LETTERS
from topics.codec import mask, mask_headers
from topics.dead_letters import ATTEMPT, REDRIVEN_FROM, TRUNCATED, letter_headers
from topics.journal import ORIGIN, unpack
from topics.privacy import mask_key

VALUE_BYTES_MAX = 1 << 20
KEY_BYTES_MAX = 1 << 10
HEADERS_BYTES_MAX = 64 << 10
"""What a letter keeps of the original. Together it is less than a topic takes, so that whatever came in fits into one.
A letter that the broker refused would be written again and again, and its worker would not get on.
"""
_ATTEMPTS_MAX = 1_000_000
_EACH_HEADER = 10
_PLACE_MAX = 400


def dead_letter(message: Message, refusal: Refusal, version: str) -> Output:
    """The dead letter of `message`: key and headers of the original, e-mail addresses and card numbers masked; in the
    key addresses alone: whoever has customers by their address uses it as a key, too.

    The attempt counts how often the message was refused, also across a redrive, of which the letter says what was
    redriven. What is too large is cut, and the letter says so: the whole of it is still where the headers
    point. What was masked, hashed or dropped on the way into the journal is not what came in either.
    """
    message, cleaned = _as_it_came(message)
    value, masked = (None, False) if message.value is None else mask(message.value)
    key = key_of(message)
    theirs = _within(mask_headers(message.headers))
    headers = letter_headers(
        code=refusal.code,
        message=refusal.message,
        path=refusal.path,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=message.timestamp,
        attempt=1 + _attempts(message.headers),
        version=version,
        redriven_from=_redriven_from(message.headers),
        redacted=masked or cleaned or mask_key(message.key) != message.key,
        original=theirs,
    )
    sizes = (len(value or b""), VALUE_BYTES_MAX), (len(message.key or b""), KEY_BYTES_MAX)
    if any(size > most for size, most in sizes) or len(theirs) < len(message.headers):
        headers.append((TRUNCATED, b"true"))
    return Output(DEAD_LETTERS, key, None if value is None else value[:VALUE_BYTES_MAX], headers)


def key_of(message: Message) -> bytes | None:
    """The key of a message's letter."""
    key = mask_key(message.key)
    return None if key is None else key[:KEY_BYTES_MAX]


def _within(headers: Headers) -> Headers:
    """The first of the headers, as many as fit; each takes some bytes besides what it says."""
    size, kept = 0, list[tuple[str, bytes]]()
    for name, content in headers:
        size += len(name.encode()) + len(content) + _EACH_HEADER
        if size > HEADERS_BYTES_MAX:
            break
        kept.append((name, content))
    return kept


def _as_it_came(message: Message) -> tuple[Message, bool]:
    """A record of the journal under the name of the inbound record that it was: what is redriven is that one.

    And whether its value is another than what came in.
    """
    if all(name != ORIGIN for name, _ in message.headers):
        return message, False
    origin, _ = unpack(message.headers)
    place = (origin.topic, origin.partition, origin.offset, origin.timestamp)
    return Message(*place, origin.key, message.value, origin.headers), origin.redacted


def _attempts(headers: Headers) -> int:
    for name, content in headers:
        if name == ATTEMPT and content.isdigit() and len(content) < 10:
            return min(int(content), _ATTEMPTS_MAX)
    return 0


def _redriven_from(headers: Headers) -> str | None:
    said = next((content for name, content in headers if name == REDRIVEN_FROM), b"")
    return said[:_PLACE_MAX].decode(errors="replace") or None
