"""Whether a dead letter may be sent again, and what goes: decided before anything is sent.

What goes is the message as it came in, read again at its place, byte for byte. Only where it is no longer there does
the letter's own value go, and only if nothing of it was masked, hashed, dropped or cut: a masked card number or a hash
in the place of a value would be another event. What this version would refuse again at the door does not go either.
That a case may refuse it again is nobody's to know beforehand; then there is a new letter, with the next attempt.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from app.letters.letter import Letter, body_of
from app.runtime.dead_letters import VALUE_BYTES_MAX, key_of
from app.runtime.topology import Headers, Message, Output
from topics.catalogue import INBOUND, POLICIES
from topics.codec import Unreadable, mask, read
from topics.dead_letters import ATTEMPT, PREFIX, REDRIVEN_FROM
from topics.partitioning import partition_of

ATTEMPTS_MAX = 3
"""A message that was refused so often is not sent again unless somebody says so: nothing may go round for ever."""

SENT_AGAIN = tuple(topic for topic in INBOUND if topic != POLICIES)
_IDENTITY = ("merchant_id", "event_id", "type")


class Verdict(StrEnum):
    """What becomes of a letter in a redrive."""

    READY = "would be sent"
    SENT = "sent"
    KNOWN = "was sent already"
    REFUSED = "refused"


class Redrive(NamedTuple):
    """One letter, judged. `source`: whose bytes go, `original` or `letter`; `output` None where nothing goes."""

    letter: Letter
    verdict: Verdict
    why: str
    source: str | None = None
    output: Output | None = None


class Surroundings(NamedTuple):
    """What is known beside the letters: `originals` by the id of their letter, and in `repeats` the place of a message
    that repeats the one of that id; `partitions` of every topic; `by_murmur2`: publishers place keys by it.
    """

    originals: Mapping[str, Message]
    repeats: Mapping[str, str]
    partitions: Mapping[str, int]
    by_murmur2: bool
    now: int
    attempts_max: int = ATTEMPTS_MAX


def plan(letters: Sequence[Letter], known: Surroundings) -> list[Redrive]:
    """Each letter judged, in the order in which their messages came in. The same message is judged once."""
    once = {letter.id: letter for letter in letters}
    ordered = sorted(once.values(), key=lambda one: (one.timestamp, one.topic, one.partition, one.offset))
    return [judge(letter, known) for letter in ordered]


def judge(letter: Letter, known: Surroundings) -> Redrive:
    """May it go, and what goes."""

    def refused(why: str) -> Redrive:
        return Redrive(letter, Verdict.REFUSED, why)

    if letter.topic == POLICIES:
        return refused("policies are published with `refundry policy publish`")
    if letter.topic not in SENT_AGAIN:
        return refused(f"it is a record of our own on {letter.topic}; nobody publishes there")
    if (repeat := known.repeats.get(letter.id)) is not None:
        return Redrive(letter, Verdict.KNOWN, f"as {repeat}")
    if letter.attempt >= known.attempts_max:
        return refused(f"it was refused {letter.attempt} times already; --attempts-max lets it go once more")
    original = known.originals.get(letter.id)
    if original is not None and is_of(letter, original):
        source, value, headers = "original", original.value, original.headers
    elif letter.redacted:
        return refused("what is not to be kept is masked, hashed or left out in the letter, and the original is gone")
    elif letter.truncated:
        return refused("the letter holds the beginning alone, and the original is gone")
    else:
        source, value, headers = "letter", letter.value, letter.headers
    bears = _marked(headers, letter)
    again = read(letter.topic, letter.key, value, timestamp=known.now, secret=b"", headers=bears)
    if isinstance(again, Unreadable):
        return refused(f"this version would refuse it again, {again.code}: {again.message}")
    count = known.partitions[letter.topic]
    partition = target_of(letter, count, by_murmur2=known.by_murmur2)
    return Redrive(letter, Verdict.READY, "", source, Output(letter.topic, letter.key, value, bears, partition))


def target_of(letter: Letter, count: int, *, by_murmur2: bool) -> int:
    """The partition that it goes to: where its key belongs; where another partitioner rules, where it was."""
    if by_murmur2 and letter.key is not None:
        return partition_of(letter.key, count)
    return min(letter.partition, count - 1)


def is_of(letter: Letter, original: Message) -> bool:
    """Whether what lies at the letter's place is the message that was refused: a topic may have been made anew.

    A letter of the journal has another value than what came in; it has the same identity.
    """
    if original.timestamp != letter.timestamp or key_of(original) != letter.key:
        return False
    value = None if original.value is None else mask(original.value)[0][:VALUE_BYTES_MAX]
    if value == letter.value:
        return True
    mine, theirs = letter.body(), body_of(original.value)
    return bool(mine) and all(mine.get(name) == theirs.get(name) for name in _IDENTITY)


def _marked(headers: Headers, letter: Letter) -> list[tuple[str, bytes]]:
    """The headers that came in, and the marks by which a repetition is known and counted."""
    theirs = [header for header in headers if not header[0].startswith(PREFIX)]
    return [*theirs, (ATTEMPT, str(letter.attempt).encode()), (REDRIVEN_FROM, letter.id.encode())]
