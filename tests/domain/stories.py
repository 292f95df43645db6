"""Given-when-then over the pure core: events go in as the bytes that publishers send, records come out.

At every step the story checks what always holds: what is said fits its published model, the state survives its stored
form, a repetition records nothing, and no approval gives more than the payments hold.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec

from app.domain.balances import refundable
from app.domain.case import Cause, decode_case, encode_case, new_case
from app.domain.casework import step, timers
from app.domain.context import Context, Entry
from app.domain.policy import BUILT_IN, Policies, Policy, sealed
from app.domain.policy_terms import ReturnRequired
from app.domain.publishing import PUBLISHED, Outbound
from app.domain.rates import Rates
from app.domain.records import Asked, Decided, Executed, Record, Refused, Repeated
from app.domain.snapshot import snapshot
from tests.domain.events import Said
from tests.domain.expecting import Expected, say
from tests.domain.wire import check_published, entry_of
from topics.journal import read_journal

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
MERCHANT, ORDER = "m1", "o1"


def policy(**changes: Any) -> Policy:
    """A policy that holds and reduces nothing of its own accord; the built-in's terms otherwise."""
    none_back = ReturnRequired(kinds=(), unless_below=None, reasons_exempt=())
    off = dict.fromkeys(("auto_approve_limit", "second_reviewer_above", "statutory", "velocity"))
    return sealed(msgspec.structs.replace(BUILT_IN, **(off | {"return_required": none_back} | changes)))


class Story:
    """One case. Every event comes a minute after the last one unless it says when; the journal keeps its time."""

    def __init__(self, terms: Policy | None = None, *, case_id: str = f"{MERCHANT}/{ORDER}", **context: Any) -> None:
        self.case, self.now, self.count = new_case(case_id), START, 0
        self.book, self.context = Policies(built_in=terms or policy()), context
        self.said, self.all, self.told = list[Record](), list[Record](), list[Outbound]()
        self.repeating = False

    def given(self, *events: Said) -> Self:
        """What happened before."""
        return self.when(*events)

    def when(self, *events: Said) -> Self:
        """What happens now: only what these events record is looked at by `then`."""
        self.said = [record for event in events for record in self.hear(event)]
        return self

    def hear(self, said: Said) -> list[Record]:
        """One event enters the case; what it records."""
        self.count, self.now = self.count + 1, self.now + timedelta(minutes=1)
        named = {"event_id": f"e{self.count}", "occurred_at": self.now.isoformat(), "merchant_id": MERCHANT}
        order = {"order_id": ORDER} if said.topic in ("orders", "reviews") else {}
        received = entry_of(Said(said.topic, named | order | said.body), int(self.now.timestamp() * 1000))
        cause = Cause(said.topic, received.event.event_id)
        return self._step(Entry(received.event, said.topic, received.fingerprint), self.now, cause)

    def later(self, **span: float) -> Self:
        """Time goes by and timers fire; `then` looks at what they record."""
        self.said, until = [], self.now + timedelta(**span)
        while (due := timers(self.case)) and (timer := due[0])[1] <= until:
            name, due = timer
            fired = {"type": "timer.fired", "name": name, "due_at": due.isoformat(), "occurred_at": due.isoformat()}
            self.said += self._step(journalled(fired), due, Cause(None, None, name))
        self.now = until
        return self

    def answered(self, **history: int) -> Self:
        """The customer's history answers the last question."""
        asks = [record for record in self.all if isinstance(record, Asked)][-1]
        at = asks.as_of.isoformat()
        told = {"type": "history.answered", "occurred_at": at, "as_of": at, "question_id": asks.question_id}
        self.said = self._step(journalled(told | history), self.now, self.case.cause or Cause(None, None))
        return self

    def _step(self, entry: Entry, clock: datetime, cause: Cause) -> list[Record]:
        settings = {"historical": False, "retention_days": 800, "rates": Rates()} | self.context
        now = entry.event.occurred_at
        context = Context(now=now, clock=clock, cause=cause, policies=self.book, **settings)
        records = step(self.case, entry, context)
        said = [PUBLISHED[type(record)](self.case, record, context) for record in records if type(record) in PUBLISHED]
        self.all, self.told = self.all + records, self.told + said
        self._check(entry, context, records, said)
        return records

    def _check(self, entry: Entry, context: Context, records: list[Record], said: list[Outbound]) -> None:
        """What always holds, after every step."""
        check_published([*said, *([snapshot(self.case)] if self.case.version else [])])
        assert decode_case(encode_case(self.case)) == self.case
        for record in records:
            if isinstance(record, Executed):
                assert refundable(self.case, self.case.payments[record.payment_id]) >= 0, "law 1"
        self._repeat(entry, context, records)

    def _repeat(self, entry: Entry, context: Context, records: list[Record]) -> None:
        frozen, refused = encode_case(self.case), any(isinstance(record, Refused) for record in records)
        self.repeating = True
        assert step(self.case, entry, context) == (records if refused else []), "a repetition recorded something"
        self.repeating = False
        assert encode_case(self.case) == frozen, "a repetition changed the case"

    def then(self, *expected: Expected) -> Self:
        """Each of these was recorded; and of decisions nothing else."""
        for one in expected:
            assert any(one.fits(record) for record in self.said), f"expected {one}, said {say(self.said)}"
        decided = [record for record in self.said if isinstance(record, Decided)]
        if any(one.kind is Decided for one in expected):
            assert len(decided) == sum(one.kind is Decided for one in expected), f"said {say(decided)}"
        return self

    def never(self, *unexpected: Expected) -> Self:
        """None of these was recorded."""
        assert not [one for one in unexpected for record in self.said if one.fits(record)], f"said {say(self.said)}"
        return self

    def absorbed(self) -> Self:
        """What was said is known already: nothing follows from it."""
        assert not [one for one in self.said if not isinstance(one, Repeated)], f"said {say(self.said)}"
        return self


class BriskStory(Story):
    """A story that checks nothing by itself, for a thousand of them."""

    def _check(self, entry: Entry, context: Context, records: list[Record], said: list[Outbound]) -> None:
        pass


def journalled(body: dict[str, Any]) -> Entry:
    """What the journal says itself."""
    return Entry(read_journal(json.dumps(body | {"merchant_id": MERCHANT}).encode()), "case-events", b"")


def given(*events: Said, terms: Policy | None = None, **context: Any) -> Story:
    """A story that begins with these events."""
    return Story(terms, **context).given(*events)


def told_by(row: Any) -> Story:
    """The story of a table's row: what came `before`, so many `days` later the `last`, then an answer or a wait."""
    story = Story(row.terms).given(*row.before)
    if row.days:
        story.later(days=row.days)
    story.when(row.last)
    if row.history is not None:
        story.answered(requests_in_window=row.history)
    if row.waits_seconds:
        story.later(seconds=row.waits_seconds)
    return story
