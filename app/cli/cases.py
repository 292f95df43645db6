"""Where commands find a case: in what a replay wrote, in the read side, or on Kafka."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import msgspec

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import Heard, config_of, read_whole
from app.cli.read_side import asked
from app.cli.showing import console
from app.replay.files import UnreadableFileError, read_texts
from app.settings import Settings

SNAPSHOTS, DECISIONS = "case-snapshots", "refund-decisions"

_decode = msgspec.json.Decoder().decode


class _Line(msgspec.Struct):
    topic: str
    key: str | None
    value: msgspec.Raw


_decode_record = msgspec.json.Decoder(_Line).decode


@dataclass
class FoundCase:
    """A case: its newest snapshot, and every decision on its requests, by request and revision."""

    snapshot: dict[str, Any]
    decisions: list[dict[str, Any]] = field(default_factory=list)

    def decisions_on(self, request_id: str) -> list[dict[str, Any]]:
        """The revisions of one request, the oldest first."""
        return [decision for decision in self.decisions if decision["request_id"] == request_id]


class Search:
    """Takes records and keeps those of one order, over all merchants or of one."""

    def __init__(self, order_id: str, merchant_id: str | None) -> None:
        self.order_id = order_id
        self.merchant_id = merchant_id
        self._needle = order_id.encode()
        self._snapshots: dict[str, bytes] = {}
        self._decisions: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last snapshot per case counts, a decision counts once."""
        if topic not in (SNAPSHOTS, DECISIONS) or value is None or key is None or self._needle not in key:
            return
        case_id = key.decode()
        merchant_id, _, order_id = case_id.partition("/")
        if order_id != self.order_id or self.merchant_id not in (None, merchant_id):
            return
        if topic == SNAPSHOTS:
            self._snapshots[case_id] = value
        else:
            decision = _decode(value)
            revisions = self._decisions.setdefault(case_id, {})
            revisions[decision["request_id"], decision["revision"]] = decision

    def case(self) -> FoundCase:
        """What was found. Failure where there is no such order, or one at several merchants."""
        if not self._snapshots:
            raise Failure(
                "there is no such order here",
                "ids are case-sensitive; a payment without an order is ~PAYMENT_ID",
                code=ExitCode.USAGE,
            )
        if len(self._snapshots) > 1:
            merchants = sorted(case_id.partition("/")[0] for case_id in self._snapshots)
            raise Failure(
                f"{len(merchants)} merchants have an order of this id: {', '.join(merchants)}",
                "name one with --merchant",
                code=ExitCode.USAGE,
            )
        ((case_id, snapshot),) = self._snapshots.items()
        decisions = self._decisions.get(case_id, {})
        return FoundCase(_decode(snapshot), [decisions[revision] for revision in sorted(decisions)])


class Record(NamedTuple):
    """A line of what a replay wrote."""

    topic: str
    key: bytes | None
    value: bytes


def records_of(files: Sequence[str], topics: Collection[str]) -> Iterator[Record]:
    """The records of these topics in what replays wrote. UnreadableFileError where a file is none."""
    for place, content in _lines(files):
        try:
            record = _decode_record(content)
        except (msgspec.DecodeError, ValueError) as error:
            hint = "expected what `refundry replay` wrote; its input belongs to --replay"
            raise UnreadableFileError(f"{place}: {hint}") from error
        if record.topic in topics:
            yield Record(record.topic, record.key.encode() if record.key else None, bytes(record.value))


def search_files(files: Sequence[str], search: Search) -> None:
    """Looks through what replays wrote. UnreadableFileError where a file is none."""
    for record in records_of(files, (SNAPSHOTS, DECISIONS)):
        search.take(*record)


def search_installation(settings: Settings, search: Search, *, decisions: bool) -> None:
    """Looks for the snapshot in the read side, else on Kafka; and there for the decisions, those that still are."""
    found = asked(settings, lambda answers: answers.order(search.order_id, search.merchant_id))
    for case_id, snapshot in found:
        search.take(SNAPSHOTS, case_id.encode(), snapshot)
    topics = [*([] if found else [SNAPSHOTS]), *([DECISIONS] if decisions else [])]
    if topics:
        search_topics(settings, {topic: partial(search.take, topic) for topic in topics})


def search_topics(settings: Settings, heard: Mapping[str, Heard]) -> None:
    """Calls each topic's function with key and value of every record that is on Kafka now."""
    screen = console(err=True)
    with screen.status("reading the snapshots of all cases") if screen.is_terminal else nullcontext():
        read_whole(config_of(settings), heard)


def _lines(files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for text in read_texts(files, lambda _: None):
        if text.content is None:
            raise UnreadableFileError(f"{text.place}: the line is too long to be a record")
        if text.content.strip():
            yield text.place, text.content
