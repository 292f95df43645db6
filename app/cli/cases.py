"""How commands find a case: in what a replay wrote, in a replay that it runs, in the read side, or on Kafka."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import Heard, config_of, read_whole
from app.cli.read_side import asked
from app.cli.showing import console
from app.replay.reading import read_written
from app.settings import Settings

if TYPE_CHECKING:
    from app.readside.answering import Answers, Found

SNAPSHOTS, DECISIONS = "case-snapshots", "refund-decisions"

_decode = msgspec.json.Decoder().decode


@dataclass
class FoundCase:
    """A case: its newest snapshot, and every decision on its requests, by request and revision."""

    snapshot: dict[str, Any]
    decisions: list[dict[str, Any]] = field(default_factory=list)

    def decisions_on(self, request_id: str) -> list[dict[str, Any]]:
        """The revisions of one request, the oldest first."""
        return [decision for decision in self.decisions if decision["request_id"] == request_id]


class Search(Protocol):
    """Takes records, and keeps those that it looks for."""

    @property
    def topics(self) -> tuple[str, ...]:
        """Where what it looks for is said."""
        ...

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record."""
        ...

    def ask(self, answers: "Answers") -> "list[Found]":
        """What the read side knows of it."""
        ...


class OrderSearch:
    """Keeps the snapshots of one order, and with `decisions` those too, over all merchants or of one."""

    def __init__(self, order_id: str, merchant_id: str | None, *, decisions: bool) -> None:
        self.topics = (SNAPSHOTS, DECISIONS) if decisions else (SNAPSHOTS,)
        self._order_id = order_id
        self._merchant_id = merchant_id
        self._needle = order_id.encode()
        self._snapshots: dict[str, bytes] = {}
        self._decisions: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last snapshot per case counts, a decision counts once."""
        if topic not in self.topics or value is None or key is None or self._needle not in key:
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

    def ask(self, answers: "Answers") -> "list[Found]":
        """What the read side knows of the order."""
        return answers.order(self._order_id, self._merchant_id)

    def case(self) -> FoundCase:
        """What was found. Failure where there is no such order, or one at several merchants."""
        merchants = [case_id.partition("/")[0] for case_id in self._snapshots]
        merchant_id = the_one(merchants, "order", "ids are case-sensitive; a payment without an order is ~PAYMENT_ID")
        case_id = f"{merchant_id}/{self._order_id}"
        decisions = self._decisions.get(case_id, {})
        return FoundCase(_decode(self._snapshots[case_id]), [decisions[revision] for revision in sorted(decisions)])


class DisputeSearch:
    """Keeps the newest snapshot in which a dispute is, by merchant, over all of them or of one.

    A dispute that named one case and then another is told as the newer one knows it.
    """

    topics = (SNAPSHOTS,)

    def __init__(self, dispute_id: str, merchant_id: str | None) -> None:
        self._dispute_id = dispute_id
        self._merchant_id = merchant_id
        plain = dispute_id.isascii() and not {"\\", '"', "/"} & set(dispute_id)
        self._needle = dispute_id.encode() if plain else b""  # what JSON may write otherwise is looked for decoded
        self._snapshots: dict[str, dict[str, Any]] = {}

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last snapshot per case counts."""
        if topic not in self.topics or value is None or key is None or self._needle not in value:
            return
        snapshot = _decode(value)
        merchant_id = snapshot["merchant_id"]
        named = any(dispute["dispute_id"] == self._dispute_id for dispute in snapshot["disputes"])
        if not named or self._merchant_id not in (None, merchant_id):
            return
        known = self._snapshots.get(merchant_id, snapshot)
        if known["case_id"] == snapshot["case_id"] or _moment(known) <= _moment(snapshot):
            self._snapshots[merchant_id] = snapshot

    def ask(self, answers: "Answers") -> "list[Found]":
        """What the read side knows of cases in which the number stands."""
        return answers.number(self._dispute_id, self._merchant_id)

    def snapshot(self) -> dict[str, Any]:
        """The newest snapshot of the dispute's case. Failure where there is none, or one at several merchants."""
        return self._snapshots[the_one(self._snapshots, "dispute", "ids are case-sensitive")]


def _moment(snapshot: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(snapshot["occurred_at"])


def the_one(merchants: Iterable[str], what: str, hint: str) -> str:
    """The one merchant at whom it was found. Failure where it was found nowhere, or at several."""
    found = sorted(merchants)
    if not found:
        raise Failure(f"there is no such {what} here", hint, code=ExitCode.USAGE)
    if len(found) > 1:
        article = "an" if what == "order" else "a"
        raise Failure(
            f"{len(found)} merchants have {article} {what} of this id: {', '.join(found)}",
            "name one with --merchant",
            code=ExitCode.USAGE,
        )
    return found[0]


def search_files(files: Sequence[str], search: Search) -> None:
    """Looks through what replays wrote. UnreadableFileError where a file is none."""
    for record in read_written(files, search.topics):
        search.take(record.topic, record.key, record.value)


def search_installation(settings: Settings, search: Search) -> None:
    """Looks for the snapshot in the read side, else on Kafka; and there for the decisions, those that still are."""
    found = asked(settings, search.ask)
    for case_id, snapshot in found:
        search.take(SNAPSHOTS, case_id.encode(), snapshot)
    topics = [topic for topic in search.topics if topic != SNAPSHOTS or not found]
    if topics:
        search_topics(settings, {topic: partial(search.take, topic) for topic in topics})


def search_topics(settings: Settings, heard: Mapping[str, Heard]) -> None:
    """Calls each topic's function with key and value of every record that is on Kafka now."""
    screen = console(err=True)
    with screen.status("reading the snapshots of all cases") if screen.is_terminal else nullcontext():
        read_whole(config_of(settings), heard)
