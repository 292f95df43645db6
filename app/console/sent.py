"""What was sent from here and not answered by the worker yet.

It is forgotten with the process, and nothing rests on it: a verdict that is sent again is judged by the rules, which
know the revision it is about.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from app.console.subjects import Subject
from topics.reviews import SubjectKind

PATIENCE_S: Final = 60.0
"""So long an answer is waited for; a worker that runs gives it within a second or two."""
KEPT_MAX: Final = 10_000

Key = tuple[str, SubjectKind, str]


class Sent(NamedTuple):
    """A verdict on its way."""

    event_id: str
    verdict: str
    reviewer_id: str
    revision: int | None
    at: float


class Outbox:
    """The verdicts on their way, by case and subject. `clock`: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sent: dict[Key, Sent] = {}
        self._ids: dict[str, None] = {}
        self._refused: dict[str, str] = {}

    def add(self, case_id: str, subject: Subject, event_id: str, verdict: str, reviewer_id: str) -> None:
        """A verdict was sent."""
        key = (case_id, subject.kind, subject.id)
        self._sent.pop(key, None)
        self._sent[key] = Sent(event_id, verdict, reviewer_id, subject.revision, self._clock())
        self._ids[event_id] = None
        while len(self._sent) > KEPT_MAX:
            del self._sent[next(iter(self._sent))]
        while len(self._ids) > KEPT_MAX:
            del self._ids[next(iter(self._ids))]

    def was_sent(self, event_id: str) -> bool:
        """Whether the broker has this event, as far as is remembered."""
        return event_id in self._ids

    def on(self, case_id: str, kind: SubjectKind, subject_id: str, revision: int | None) -> Sent | None:
        """What is on its way about a task of the line."""
        sent = self._sent.get((case_id, kind, subject_id))
        return sent if sent is not None and sent.revision == revision else None

    def unanswered(self, case_id: str, subject: Subject) -> Sent | None:
        """What is on its way about a subject of a snapshot; what the snapshot answers is forgotten."""
        key = (case_id, subject.kind, subject.id)
        sent = self._sent.get(key)
        if sent is not None and _is_answered(sent, subject):
            del self._sent[key]
            return None
        return sent

    def refuse(self, event_id: str, why: str) -> None:
        """The worker has refused an event; it stands in `dead-letters`. Any thread may say so."""
        self._refused[event_id] = why
        while len(self._refused) > KEPT_MAX:
            del self._refused[next(iter(self._refused))]

    def refusal(self, sent: Sent) -> str:
        """Why the worker refused it; empty where it has not, as far as is known."""
        return self._refused.get(sent.event_id, "")

    def is_pending(self, sent: Sent) -> bool:
        """Whether an answer is still to be waited for."""
        return not self.refusal(sent) and not self.is_late(sent)

    def is_late(self, sent: Sent) -> bool:
        """Whether the answer should have come."""
        return self.age(sent) > PATIENCE_S

    def age(self, sent: Sent) -> float:
        """Seconds since it was sent."""
        return self._clock() - sent.at


def _is_answered(sent: Sent, subject: Subject) -> bool:
    heard = any(one["review_id"] == sent.event_id for one in subject.row.get("verdicts") or ())
    return heard or not subject.waits or subject.revision != sent.revision
