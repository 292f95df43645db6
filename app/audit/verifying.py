"""Holds what was published against what the journal leads to, record by record, and names every difference."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from app.audit.found import Found, Record, body_of, name_of
from app.domain.ids import derive
from app.replay.writing import line_of
from app.runtime.topology import Output
from topics.catalogue import DECISIONS

TOLD_MAX, FIELDS_MAX, VALUE_MAX = 1000, 4, 60
FINAL = ("refund.approved", "refund.denied", "refund.withdrawn")


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as it must be: the kind, the record, where it lies, and what is wrong with it."""

    kind: str
    topic: str
    record: str
    place: str
    what: str


class Verifier:
    """Takes all that was published first (`publish`), then all that the journal leads to (`expect`), then `finish`."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self.told: list[Difference] = []
        """The first of them; `counts` counts all."""
        self.counts: Counter[str] = Counter()
        self.accounted = 0

    def publish(self, output: Output, place: str, position: int) -> None:
        """A published record, in the order in which it lies."""
        before = self._found.add(output, place, position)
        if before is None:
            return
        same = line_of(output) == before.line
        kind, what = ("said twice", "as") if same else ("two contents under one id", "the other is")
        self.say(kind, output.topic, name_of(output), place, f"{what} {before.place}")

    def expect(self, output: Output, sequence: str, missed: Callable[[], bool] = lambda: True) -> None:
        """A record that the journal leads to, the next one of a sequence. `missed`: whether it must be there."""
        name = name_of(output)
        record = self._found.get(output.topic, name)
        if record is None:
            if missed():
                self.say("missing", output.topic, name, "", _caused(output))
            return
        if self._found.account(record, sequence):
            self.accounted += 1
        self.compare(record, output)

    def compare(self, record: Record, output: Output) -> None:
        """Names what is otherwise in a record than the journal leads to."""
        line = line_of(output)
        if line != record.line:
            self.say("altered", record.topic, record.name, record.place, difference_of(record.line, line))

    def finish(self, is_excused: Callable[[Record], bool] = lambda _: False, *, causes: bool = False) -> None:
        """Names what nothing led to, and what lies in another order.

        `is_excused`: of a case that is not judged. `causes`: the journal's are known, and are looked up.
        """
        for record, known in self._found.unaccounted():
            if not is_excused(record):
                cause = (
                    ("; its cause is in the journal" if known else "; nor is its cause in the journal")
                    if causes
                    else ""
                )
                self.say("not accounted for", record.topic, record.name, record.place, f"nothing led to it{cause}")
        for record in self._found.disordered():
            what = "it lies before what was said before it"
            self.say("out of order", record.topic, record.name, record.place, what)

    def say(self, kind: str, topic: str, record: str, place: str, what: str) -> None:
        """Notes a difference."""
        self.counts[kind] += 1
        if len(self.told) < TOLD_MAX:
            self.told.append(Difference(kind, topic, record, place, what))


class Revisions:
    """Decisions by themselves: each id follows from what it stands for, revisions count up, and final is final."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._last: dict[tuple[str, str], tuple[int, bool]] = {}

    def take(self, output: Output, place: str, *, cut: bool) -> None:
        """A decision, in the order of its case. `cut`: earlier ones may be gone."""
        body, case_id = body_of(output), (output.key or b"").decode(errors="replace")
        request_id, revision = str(body.get("request_id")), body.get("revision")
        if not isinstance(revision, int):
            return
        if body.get("id") != derive("dec", case_id, request_id, revision):
            self._say("id does not follow", body, place, "another one follows from case, request and revision")
        before, was_final = self._last.get((case_id, request_id), (0, False))
        if revision != before + 1 and not (cut and before == 0):
            self._say("revisions do not count up", body, place, f"revision {revision} of {request_id} after {before}")
        if was_final:
            self._say("final is not final", body, place, f"{request_id} was decided before")
        self._last[case_id, request_id] = (max(revision, before), was_final or body.get("type") in FINAL)

    def _say(self, kind: str, body: dict[str, Any], place: str, what: str) -> None:
        self._verifier.say(kind, DECISIONS, str(body.get("id")), place, what)


_decode = msgspec.json.Decoder().decode
_GONE = object()


def difference_of(found: bytes, led_to: bytes) -> str:
    """Which fields of a record are otherwise, and how."""
    try:
        fields = list(_differing(_decode(found), _decode(led_to), ""))
    except (msgspec.DecodeError, ValueError):
        return "it is no JSON"
    told = "; ".join(fields[:FIELDS_MAX]) or "the same fields, written otherwise"
    return told + (f"; and {len(fields) - FIELDS_MAX} more" if len(fields) > FIELDS_MAX else "")


def _differing(found: Any, led_to: Any, path: str) -> Iterator[str]:
    if isinstance(found, dict) and isinstance(led_to, dict):
        for name in dict.fromkeys((*found, *led_to)):
            inner = f"{path}.{name}" if path else name
            yield from _differing(found.get(name, _GONE), led_to.get(name, _GONE), inner)
    elif isinstance(found, list) and isinstance(led_to, list) and len(found) == len(led_to):
        for number, (one, other) in enumerate(zip(found, led_to, strict=True)):
            yield from _differing(one, other, f"{path}[{number}]")
    elif found != led_to:
        yield f"{path.removeprefix('value.')} is {_shown(found)}, the journal leads to {_shown(led_to)}"


def _shown(value: Any) -> str:
    if value is _GONE:
        return "nothing"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}…"


def _caused(output: Output) -> str:
    body = body_of(output)
    said = body.get("type", "a dead letter")
    return f"the journal leads to it: {said} on {body.get('order_id') or (output.key or b'').decode(errors='replace')}"
