"""Listens to the journal: each event meets its case, and what happened is said to the world.

The single writer of a case. What a case says in one batch ends with one snapshot of it. A record without a key is of no
case: it is a heartbeat, and goes out again.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from agents import heartbeats
from agents.desk import Desk, milliseconds, moment
from agents.saying import encode, encoded, to_history, to_monitoring
from app.domain.case import Case, Cause, decode_case, encode_case, new_case
from app.domain.casework import step, timers
from app.domain.context import Context, Entry
from app.domain.publishing import PUBLISHED, Outbound, decision_id, notification
from app.domain.records import (
    Asked,
    Counted,
    Decided,
    Record,
    Refused,
    Repeated,
    Reported,
    Shadowed,
    Strayed,
    Told,
)
from app.domain.snapshot import snapshot
from app.runtime.topology import Agent, Batch, Headers, Message, Output, Refusal, Round, TableSpec
from app.texts import expires_at, render
from topics.catalogue import JOURNAL
from topics.journal import Origin, pack, read_journal, unpack

TABLE = "cases"


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A record of the journal as it was read: the message, the event, where it came from and its trace."""

    message: Message
    event: Any
    origin: Origin
    trace: bytes | None

    def cause(self) -> Cause:
        """What consumers are told as the cause; behind an answer it is the event that asked."""
        match self.event.type:
            case "timer.fired":
                return Cause(None, None, self.event.name)
            case "history.answered":
                return Cause(self.origin.topic, self.origin.released)
        return Cause(self.origin.topic, self.event.event_id)

    def asking(self, cause: Cause) -> Headers:
        """Headers for what other agents are told or asked: their answers will name the event behind it."""
        return pack(msgspec.structs.replace(self.origin, fingerprint=b"", released=cause.event_id), self.trace)


def agent(desk: Desk, *, snapshots: bool = True, unsaid: tuple[type[Record], ...] = ()) -> Agent:
    """The agent of the journal. `snapshots` False: who runs it takes them from the rows, when it wants them. `unsaid`:
    what is applied, and of which nobody wants to hear.
    """

    def handle(batch: Batch, round_: Round) -> None:
        """Applies each event to its case, and says what happened; each case touched is stored once, at the end."""
        rows = round_.table(TABLE, batch.partition)
        touched: dict[str, Case] = {}
        last: dict[str, Message] = {}
        beat: Message | None = None
        for message in batch.messages:
            round_.at(message)
            if message.key is None:
                beat = message
                continue
            case_id = message.key.decode()
            case = touched.get(case_id) or rows.get(case_id) or new_case(case_id)
            version, heard = case.version, hear(message)
            context = _context(desk, heard)
            records = step(case, Entry(heard.event, heard.origin.topic, heard.origin.fingerprint), context)
            for record in records:
                kind = type(record)
                if kind in _FOR_METRICS:
                    _count(desk, case, record)
                if (say := SAID.get(kind)) is not None and kind not in unsaid:
                    say(case, record, context, heard, round_)
            desk.results[heard.origin.topic, _result(records)] += 1
            if case.version != version:
                touched[case_id], last[case_id] = case, message
        for case_id, case in touched.items():
            round_.at(last[case_id])  # what a row cannot take is this case's fault, not its neighbour's
            due = case.due
            rows.put(case_id, case, due=milliseconds(due) if due else None)
            if snapshots:
                round_.publish(snapshot_of(case))
        if beat is not None:
            round_.publish(heartbeats.out(beat))

    return Agent("casework", JOURNAL, handle)


def _result(records: Sequence[Record]) -> str:
    """What came of an event, in a word of the metrics."""
    for record in records:
        if type(record) is Refused:
            return "dead_lettered"
        if type(record) is Decided and record.outcome == "held":
            return "held"
    return "duplicate" if not records or type(records[0]) is Repeated else "applied"


def hear(message: Message) -> Heard:
    """Reads a record of the journal; it was written by intake or by a timer, so it can be read.

    Raises as `read_journal` does, above all where a newer version wrote it.
    """
    assert message.value is not None
    origin, trace = unpack(message.headers)
    return Heard(message, read_journal(message.value), origin, trace)


def _context(desk: Desk, heard: Heard) -> Context:
    now = heard.event.occurred_at
    return Context(
        now=now,
        clock=moment(heard.message.timestamp),
        cause=heard.cause(),
        policies=desk.policies,
        historical=desk.is_historical(now),
        retention_days=desk.retention_days,
        rates=desk.rates,
        shadow=desk.shadow.policies if desk.shadow else None,
    )


def _count(desk: Desk, case: Case, record: Record) -> None:
    """What is for the metrics alone."""
    if isinstance(record, Strayed):
        desk.strayed_disputes[record.family] += 1
    elif isinstance(record, Shadowed):
        assert desk.shadow is not None, "only a shadow makes such a record"
        desk.shadow.compare(record, decision_id(case, record.decided))


_FOR_METRICS = frozenset({Strayed, Shadowed})


def _refuse(case: Case, refused: Refused, context: Context, heard: Heard, round_: Round) -> None:
    del case, context
    round_.refuse(heard.message, Refusal(refused.code, refused.message, refused.path))


def _publish(case: Case, record: Record, context: Context, heard: Heard, round_: Round) -> None:
    round_.publish(encoded(PUBLISHED[type(record)](case, record, context), heard.trace))


def _notify(case: Case, told: Told, context: Context, heard: Heard, round_: Round) -> None:
    round_.publish(encoded(_told(case, told, context), heard.trace))


def _tell_history(case: Case, record: Reported | Asked, context: Context, heard: Heard, round_: Round) -> None:
    round_.publish(to_history(case, record, context, heard.asking(context.cause)))


def _tell_monitoring(case: Case, record: Counted, context: Context, heard: Heard, round_: Round) -> None:
    round_.publish(to_monitoring(case, record, context, heard.asking(context.cause)))


# By type, since most records of an event are kept inside and cost nothing then.
SAID: dict[type[Record], Callable[[Case, Any, Context, Heard, Round], None]] = {
    **dict.fromkeys(PUBLISHED, _publish),
    Refused: _refuse,
    Told: _notify,
    Reported: _tell_history,
    Asked: _tell_history,
    Counted: _tell_monitoring,
}


def _told(case: Case, told: Told, context: Context) -> Outbound:
    """The notification in the customer's language, raw fields beside."""
    rendered = render(told.template, told.locale, told.data)
    text = {
        "locale": rendered.locale,
        "subject": rendered.subject,
        "body": rendered.body,
        "data": told.data,
        "expires_at": expires_at(told.template, context.now, told.data),
    }
    return notification(case, told, context, text)


def snapshot_of(case: Case) -> Output:
    """The newest snapshot of a case, for the compacted topic."""
    return encoded(snapshot(case))


def _expire(round_: Round, partition: int, key: str, due: int, now: int) -> None:  # noqa: ARG001 - the table's signature
    """What is due of a case fires into the journal, which is where the case will hear of it.

    All of it at once: a row is not asked again about a moment that has fired.
    """
    case = round_.table(TABLE, partition).get(key)
    assert case is not None
    for name, at in timers(case):
        if milliseconds(at) > due:
            return
        body = {"type": "timer.fired", "occurred_at": at, "merchant_id": case.merchant_id, "name": name, "due_at": at}
        origin = Origin(topic=JOURNAL, partition=partition, offset=-1, timestamp=milliseconds(at), fingerprint=b"")
        round_.publish(Output(JOURNAL, key.encode(), encode(body), pack(origin, None), partition))


def table() -> TableSpec[Case]:
    """The table of cases."""
    return TableSpec(TABLE, (JOURNAL,), encode_case, decode_case, _expire)
