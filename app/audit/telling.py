"""One partition of the journal told again, each record held against what was published."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from agents.casework import hear
from app.audit.found import Found, Record, cause_text
from app.audit.published import TOPICS, Published
from app.audit.retelling import Retelling
from app.audit.verifying import Verifier
from app.domain.publishing import cause_of
from app.runtime.topology import Message, Output
from topics.catalogue import SNAPSHOTS

OLDER = "older than what topics still have"


@dataclass
class Tally:
    """What is counted over all partitions. `passed_over`: what is not judged, by why."""

    journal_records: int = 0
    cases: int = 0
    handler_failed: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    headless: set[str] = field(default_factory=set)
    """Cases whose beginning the journal no longer has: nothing can be said of them."""


class Telling:
    """Hears the records of the partition in their order. What one before offset `must` led to has to be there."""

    def __init__(self, retelling: Retelling, published: Published, must: int) -> None:
        self._retelling, self._published, self._must = retelling, published, must
        self._settled = False
        self._open = set[str]()
        """Cases whose snapshot on the topic is of another version than was told so far."""

    def judge(self, messages: Sequence[Message], verifier: Verifier, found: Found, tally: Tally) -> None:
        """Names what is otherwise than these records lead to."""
        for message in messages:
            if message.key is None:
                continue  # a heartbeat, which tells of nothing
            case_id = message.key.decode()
            if message.offset >= self._must and not self._settled:
                self.settle(verifier, found, tally)
            tally.journal_records += 1
            found.hear(case_id, cause_text(cause_of(hear(message).cause())))
            outputs = self._retelling.tell(message)
            if case_id in tally.headless:
                continue
            for output in outputs:
                if output.topic in TOPICS:
                    self._expect(output, message, verifier, tally)
            if self._settled:
                self._follow(case_id, verifier, found)

    def settle(self, verifier: Verifier, found: Found, tally: Tally) -> None:
        """Holds every case's snapshot against what is there, once; of cases that went on meanwhile later."""
        if self._settled:
            return
        self._settled = True
        for case_id in self._retelling.cases():
            if case_id not in tally.headless and (told := self._retelling.snapshot(case_id)) is not None:
                record = found.get(SNAPSHOTS, case_id)
                if record is not None and version_of(record) != told[0]:
                    self._open.add(case_id)
                else:
                    verifier.expect(told[1], _sequence(told[1], case_id))

    def end(self, verifier: Verifier, found: Found, tally: Tally) -> None:
        """What is still open is of no version that the journal comes to."""
        self.settle(verifier, found, tally)
        for case_id in sorted(self._open):
            told = self._retelling.snapshot(case_id)
            assert told is not None, "it has a version, or it were not open"
            verifier.expect(told[1], _sequence(told[1], case_id))
        tally.handler_failed += self._retelling.failed
        tally.cases += sum(1 for _ in self._retelling.cases())

    def _follow(self, case_id: str, verifier: Verifier, found: Found) -> None:
        """A case that went on while the topics were read: its snapshot may be of any version since."""
        told, record = self._retelling.snapshot(case_id), found.get(SNAPSHOTS, case_id)
        if told is not None and record is not None and version_of(record) == told[0]:
            verifier.expect(told[1], _sequence(told[1], case_id))
            self._open.discard(case_id)

    def _expect(self, output: Output, message: Message, verifier: Verifier, tally: Tally) -> None:
        def missed() -> bool:
            if message.offset >= self._must:
                return False
            older = self._published.is_older(output, message.timestamp)
            tally.passed_over[OLDER] += older
            return not older

        verifier.expect(output, _sequence(output, (message.key or b"").decode()), missed)


def headless_of(retelling: Retelling, found: Found, snapshots: Sequence[str]) -> set[str]:
    """Of these cases, those that the journal does not lead to, told to its end: their beginning is gone."""
    headless = set()
    for case_id in snapshots:
        told, record = retelling.snapshot(case_id), found.get(SNAPSHOTS, case_id)
        if record is not None and (told is None or told[0] < version_of(record)):
            headless.add(case_id)
    return headless


def _sequence(output: Output, case_id: str) -> str:
    """What a case says on a topic under one key lies there in its order; another key may lie in another partition."""
    return f"{output.topic} {case_id} {(output.key or b'').decode(errors='replace')}"


class _Body(msgspec.Struct):
    version: int = 0


class _Line(msgspec.Struct):
    value: _Body


_decode_line = msgspec.json.Decoder(_Line).decode


def version_of(record: Record) -> int:
    """The version of the case that a snapshot is of; 0, which none is of, where it is no snapshot."""
    try:
        return _decode_line(record.line).value.version
    except (msgspec.DecodeError, ValueError):
        return 0
