"""Where `refundry order` finds a case: in what a replay wrote, in a replay that it runs, or on Kafka."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of, read_whole
from app.cli.showing import console
from app.replay.files import UnreadableFileError, read_texts
from app.settings import Settings

SNAPSHOTS, DECISIONS = "case-snapshots", "refund-decisions"

_decode = msgspec.json.Decoder().decode


class _Record(msgspec.Struct):
    topic: str
    key: str | None
    value: msgspec.Raw


_decode_record = msgspec.json.Decoder(_Record).decode


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
        self._order_id = order_id
        self._merchant_id = merchant_id
        self._needle = order_id.encode()
        self._snapshots: dict[str, bytes] = {}
        self._decisions: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last snapshot per case counts, a decision counts once."""
        if topic not in (SNAPSHOTS, DECISIONS) or value is None or key is None or self._needle not in key:
            return
        case_id = key.decode()
        merchant_id, _, order_id = case_id.partition("/")
        if order_id != self._order_id or self._merchant_id not in (None, merchant_id):
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


def search_files(files: Sequence[str], search: Search) -> None:
    """Looks through what replays wrote. UnreadableFileError where a file is none."""
    for place, content in _lines(files):
        try:
            record = _decode_record(content)
        except (msgspec.DecodeError, ValueError) as error:
            hint = "expected what `refundry replay` wrote; its input belongs to --replay"
            raise UnreadableFileError(f"{place}: {hint}") from error
        if record.topic in (SNAPSHOTS, DECISIONS):
            search.take(record.topic, record.key.encode() if record.key else None, bytes(record.value))


def search_kafka(settings: Settings, search: Search) -> None:
    """Looks through the snapshots on Kafka, and through the decisions that are still there."""

    def taking(topic: str) -> Callable[[bytes | None, bytes | None], None]:
        return lambda key, value: search.take(topic, key, value)

    screen = console(err=True)
    with screen.status("reading the snapshots of all cases") if screen.is_terminal else nullcontext():
        read_whole(config_of(settings), {topic: taking(topic) for topic in (SNAPSHOTS, DECISIONS)})


def _lines(files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for text in read_texts(files, lambda _: None):
        if text.content is None:
            raise UnreadableFileError(f"{text.place}: the line is too long to be a record")
        if text.content.strip():
            yield text.place, text.content
