"""How commands find a case: in what a replay wrote, in a replay that it runs, in the read side, or on Kafka."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of
from app.cli.published import Published, decision_of, is_shown, snapshot_of
from app.cli.read_side import asked
from app.cli.records import read_topics
from app.replay.reading import read_written
from app.runtime.topology import Message, Output
from app.settings import Settings
from topics.case_ids import merchant_id_of, number_of
from topics.catalogue import DECISIONS, SNAPSHOTS

if TYPE_CHECKING:
    from app.readside.answering import Answers, Found


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

    def take(self, message: Message) -> None:
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
        self._published = Published()
        self._snapshots: dict[str, dict[str, Any]] = {}
        self._decisions: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}

    def take(self, message: Message) -> None:
        """Looks at one record; the last snapshot per case counts, a decision counts once."""
        if message.topic not in self.topics or message.key is None or self._needle not in message.key:
            return
        case_id = message.key.decode(errors="replace")
        if number_of(case_id) != self._order_id or self._merchant_id not in (None, merchant_id_of(case_id)):
            return
        if message.topic == DECISIONS:
            if decision := self._published.read(message, decision_of):
                revisions = self._decisions.setdefault(case_id, {})
                revisions[decision["request_id"], decision["revision"]] = decision
        elif message.value is None:
            self._snapshots.pop(case_id, None)
        elif snapshot := self._published.read(message, snapshot_of):
            self._snapshots[case_id] = snapshot

    def ask(self, answers: "Answers") -> "list[Found]":
        """What the read side knows of the order."""
        return answers.order(self._order_id, self._merchant_id)

    def case(self) -> FoundCase:
        """What was found. Failure where there is no such order, or one at several merchants."""
        self._published.tell()
        hint = "ids are case-sensitive; a payment without an order is ~PAYMENT_ID"
        the_one(map(merchant_id_of, self._snapshots), "order", hint, self._published)
        ((case_id, snapshot),) = self._snapshots.items()
        decisions = self._decisions.get(case_id, {})
        return FoundCase(snapshot, [decisions[revision] for revision in sorted(decisions)])


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
        self._published = Published()
        self._snapshots: dict[str, dict[str, Any]] = {}

    def take(self, message: Message) -> None:
        """Looks at one record; the last snapshot per case counts."""
        if message.topic not in self.topics or message.key is None:
            return
        if message.value is None:
            self._erase(message.key.decode(errors="replace"))
        elif self._needle in message.value and (snapshot := self._published.read(message, snapshot_of)):
            self._keep(snapshot)

    def _keep(self, snapshot: dict[str, Any]) -> None:
        merchant_id = snapshot["merchant_id"]
        named = any(dispute["dispute_id"] == self._dispute_id for dispute in snapshot["disputes"])
        if not named or self._merchant_id not in (None, merchant_id):
            return
        known = self._snapshots.get(merchant_id, snapshot)
        if known["case_id"] == snapshot["case_id"] or _moment(known) <= _moment(snapshot):
            self._snapshots[merchant_id] = snapshot

    def _erase(self, case_id: str) -> None:
        merchant_id = merchant_id_of(case_id)
        if (known := self._snapshots.get(merchant_id)) is not None and known["case_id"] == case_id:
            del self._snapshots[merchant_id]

    def ask(self, answers: "Answers") -> "list[Found]":
        """What the read side knows of cases in which the number stands."""
        return answers.number(self._dispute_id, self._merchant_id)

    def snapshot(self) -> dict[str, Any]:
        """The newest snapshot of the dispute's case. Failure where there is none, or one at several merchants."""
        self._published.tell()
        return self._snapshots[the_one(self._snapshots, "dispute", "ids are case-sensitive", self._published)]


def _moment(snapshot: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(snapshot["occurred_at"])


def the_one(merchants: Iterable[str], what: str, hint: str, published: Published | None = None) -> str:
    """The one merchant at whom it was found. Failure where it was found nowhere, or at several.

    `published`: what the search read, of which it may have had to pass something over.
    """
    found = sorted(merchants)
    if not found:
        raise (published or Published()).nothing(f"there is no such {what} here", hint)
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
        search.take(written(record))


def written(record: Output) -> Message:
    """A record that a replay wrote, as one that was read; it lies nowhere, so its offset is -1."""
    return Message(record.topic, 0, -1, -1, record.key, record.value, record.headers)


def search_installation(settings: Settings, search: Search) -> None:
    """Looks for the snapshot in the read side, else on Kafka; and there for the decisions, those that still are."""
    found = asked(settings, search.ask)
    if not all(is_shown(snapshot) for _, snapshot in found):
        found = []  # somebody wrote over a snapshot: Kafka still has what came before, and the place
    for case_id, snapshot in found:
        search.take(known(case_id, snapshot))
    topics = [topic for topic in search.topics if topic != SNAPSHOTS or not found]
    if topics:
        read_topics(config_of(settings), topics, search.take)


def known(case_id: str, snapshot: bytes) -> Message:
    """A snapshot that the read side knows, as a record."""
    return Message(SNAPSHOTS, 0, -1, -1, case_id.encode(), snapshot, ())
