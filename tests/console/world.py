"""A desk without Kafka and Redis: cases that the real rules decide, a read side in memory, and verdicts that reach them.

What the console sends is read by the real codec and judged by the real domain, so a test sees what a worker would do.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from app.console.ports import KINDS, Behind, Counts, Filter, Hit, NotAnsweringError, NotTakenError
from app.console.shared import Shared
from app.console.users import Role, User, Users, line_of
from app.domain.snapshot import snapshot
from app.readside.document import read
from app.readside.numbers import number_in
from app.readside.waiting import Task, tasks_of
from tests.domain.events import Said, asked, captured, delivered, dispute, line, placed
from tests.domain.stories import ORDER, Story, policy
from tests.domain.warned import warned
from topics import codec

PASSWORD = "correct horse battery staple"
NOW = datetime(2026, 1, 5, 13, tzinfo=UTC)
"""An hour after the stories begin."""
TWO = policy(auto_approve_limit={"default": 1000}, second_reviewer_above={"default": 5000})
ROLES = {"vic": Role.VIEWER, "ann": Role.ANALYST, "art": Role.ANALYST, "bob": Role.APPROVER, "bea": Role.APPROVER}
PAID = (placed(line("l1", "200.00", title="Mug")), captured("200.00", network="visa"), delivered())
CASE = "m1/o1"


def hashed(password: str) -> str:
    """A hash of the smallest cost that is taken: tests sign in often."""
    salt = b"salt of the tests"
    derived = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
    return f"scrypt$16384$8$1${b64encode(salt).decode()}${b64encode(derived).decode()}"


HASH = hashed(PASSWORD)


def users_file(path: Path, roles: dict[str, Role] = ROLES) -> Path:
    path.write_text("users:\n" + "".join(line_of(User(name, role, HASH)) for name, role in roles.items()))
    path.chmod(0o600)
    return path


class InMemory:
    """The console's read side over snapshots in memory; it stands still or answers what a test says."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.snapshots: dict[str, bytes] = {}
        self.away = ""
        self._clock = clock

    def write(self, case_id: str, document: dict[str, Any]) -> None:
        self.snapshots[case_id] = json.dumps(document).encode()

    def _line(self, wanted: Filter) -> list[Task]:
        if self.away:
            raise NotAnsweringError(self.away)
        kinds = KINDS if wanted.kind is None else (wanted.kind,)
        tasks = [task for case_id, one in self.snapshots.items() for task in tasks_of(case_id, read(one))]
        now = self._clock().timestamp()
        told = [
            task
            for task in tasks
            if task.kind in kinds
            and wanted.merchant_id in (None, task.merchant_id)
            and not (task.kind == "alert" and task.score < now)
        ]
        return sorted(told, key=_place)

    def counts(self, merchant_id: str | None) -> Counts:
        by_kind = {kind: len(self._line(Filter(kind, merchant_id))) for kind in KINDS}
        return Counts(by_kind, sorted({task.merchant_id for task in self._line(Filter())}), self._clock())

    def line(self, wanted: Filter, behind: Behind | None, count: int) -> list[Task]:
        tasks = self._line(wanted)
        if behind is not None:
            try:
                here = behind.score, KINDS.index(json.loads(behind.task_id)[0]), behind.task_id
            except (ValueError, LookupError, TypeError):
                return tasks[:count]
            tasks = [task for task in tasks if _place(task) > here]
        return tasks[:count]

    def case(self, case_id: str) -> dict[str, Any] | None:
        if self.away:
            raise NotAnsweringError(self.away)
        return json.loads(self.snapshots[case_id]) if case_id in self.snapshots else None

    def find(self, number: str) -> list[Hit]:
        if self.away:
            raise NotAnsweringError(self.away)
        hits = []
        for case_id, one in self.snapshots.items():
            document = read(one)
            if (found := number_in(case_id, document, number)) is not None:
                hits.append(Hit(found.kind, found.status, case_id, document.merchant_id, document.order_id))
        return hits


def _place(task: Task) -> tuple[float, int, str]:
    return task.score, KINDS.index(task.kind), task.id


class World:
    """A desk, its cases and its clock. `sent`: the events that Kafka has."""

    def __init__(self, directory: Path, *, behind_tls: bool = False) -> None:
        self.now, self.ticked = NOW, 0.0
        self.read_side = InMemory(lambda: self.now)
        self.stories: dict[str, Story] = {}
        self.sent: list[dict[str, Any]] = []
        self.refusing = ""
        self.deciding = True
        self.users = users_file(directory / "users.yaml")
        self.shared = Shared(
            self.read_side,
            self,
            Users(self.users),
            behind_tls=behind_tls,
            clock=lambda: self.now,
            ticks=lambda: self.ticked,
        )

    def pass_by(self, seconds: float) -> None:
        self.now, self.ticked = self.now + timedelta(seconds=seconds), self.ticked + seconds

    def tell(self, case_id: str, *events: Said, terms: Any = TWO) -> Story:
        """Events of a case, decided at once; its snapshot is in the read side."""
        story = self.stories.setdefault(case_id, Story(terms, case_id=case_id))
        story.given(*events)
        self.look(case_id)
        return story

    def look(self, case_id: str) -> None:
        """The follower takes over what the worker said last."""
        body = msgspec.json.encode(snapshot(self.stories[case_id].case).body)
        self.read_side.snapshots[case_id] = body

    def send(self, event: dict[str, Any]) -> None:
        """Kafka takes it, and the worker decides."""
        if self.refusing:
            raise NotTakenError(self.refusing)
        self.sent.append(event)
        value, key = json.dumps(event).encode(), event["order_id"].encode()
        received = codec.read("reviews", key, value, timestamp=int(self.now.timestamp() * 1000), secret=b"0" * 16)
        assert isinstance(received, codec.Received), received
        if self.deciding:
            case_id = f"{event['merchant_id']}/{event['order_id']}"
            self.stories[case_id].when(Said("reviews", event))
            self.look(case_id)

    def row(self, part: str, case_id: str = CASE) -> dict[str, Any]:
        """The only row of a part of a case's snapshot, as the worker has it now."""
        (row,) = snapshot(self.stories[case_id].case).body[part]
        return row


def held(world: World, case_id: str = CASE, **request: Any) -> Story:
    """A request for 200.00 EUR that two people must approve."""
    return world.tell(case_id, *PAID, asked(**request))


def disputed(world: World, case_id: str = CASE) -> Story:
    """A chargeback of 50.00 EUR."""
    return world.tell(case_id, *PAID, dispute("opened", "50.00", category="fraudulent"))


def alerted(world: World, case_id: str = CASE) -> Story:
    """An alert before a chargeback, above what the policy refunds by itself."""
    return world.tell(case_id, *PAID, warned("120.00", expires_at="2026-01-08T12:00:00Z"))


BEGINNINGS = {"refund_request": held, "dispute": disputed, "alert": alerted}
SUBJECTS = {"refund_request": "r1", "dispute": "d1", "alert": "a1"}
PARTS = {"refund_request": "requests", "dispute": "disputes", "alert": "alerts"}
assert ORDER == "o1"
