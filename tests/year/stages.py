"""What people are told of disputes, at every turn: who is asked, until when, what was answered, and how it ended.

- Each place in which a dispute must be answered is asked about in the turn in which it begins; asked again only when
  something has changed; never asked about when it has ended or was answered.
- The deadline is the provider's or the table's; reminders come at their hours, and what nobody answers expires then.
- Each end is told once, with the money: disputed, recovered, fees.
- A verdict in time becomes one instruction, one that is not is refused; no place is answered twice.
- When a chargeback opens, each of our refunds in flight is called off, once.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.demo.oracle import Record, Violation
from app.demo.oracle.heard import Fact
from app.demo.oracle.wire import Body, moment
from tests.year.entering import Entering, origin_of
from tests.year.lives import Ended, Life
from tests.year.plan import AUTO
from tests.year.turns import Turn

Name = tuple[str, str]
SAID_ANEW = (
    "stage",
    "amount",
    "network",
    "reason_code",
    "category",
    "respond_by",
    "recommendation",
    "evidence",
    "compelling_evidence",
)
REMINDED = {AUTO: (48,)}
REMINDED_BY_DEFAULT = (72, 24)
IN_FLIGHT = frozenset({"approved", "submitted"})
OPENING_AWAITED_MS = 72 * 3600 * 1000
"""So long what ended before it was opened may wait for its opening, which says what was claimed."""


@dataclass
class Watched:
    """A dispute with what was said of it. `since`: the time of the turn that told of it first, in ms. `asked`, `answered`:
    at which of its turns. `given_in_at`: when its answer was to accept, after which nobody is reminded. `expired_in`: the
    time of the turn in which its deadline was past; other purchases have turns of the same time, and its closing is said
    in its own.
    """

    life: Life
    since: int
    revision: int = 0
    last: Body | None = None
    asked: int = 0
    answered: int = 0
    given_in_at: datetime | None = None
    respond_by: datetime | None = None
    reminded: set[int] = field(default_factory=set)
    scheduled: datetime | None = None
    closed: int = 0
    expired_in: int = 0


@dataclass
class Paid:
    """A payment as far as disputes ask: how it was paid, what was captured, and our refunds of it by instruction."""

    captured: int = 0
    network: str | None = None
    debit: bool = False
    alone: bool = False
    refunds: dict[str, str] = field(default_factory=dict)
    called_off: set[str] = field(default_factory=set)


class Stages:
    """Judges turns as they come. `counted`: how many of each thing were judged."""

    def __init__(self) -> None:
        self._entering = Entering()
        self._disputes: dict[Name, Watched] = {}
        self._payments: dict[Name, Paid] = defaultdict(Paid)
        self._of_order: dict[Name, list[str]] = defaultdict(list)
        self._of_instruction: dict[Name, tuple[Name, str]] = {}
        self.counted: dict[str, int] = defaultdict(int)

    def judge(self, turn: Turn) -> Iterator[Violation]:
        """What the turn violates."""
        now = datetime.fromtimestamp(turn.at / 1000, UTC)
        yield from self._time_goes_by(turn, now)
        opened: list[tuple[Paid, str]] = []
        facts = list(self._entering.by(turn))
        turns = {name: watched.life.turns for name, watched in self._disputes.items()}
        for fact in facts:
            watched = self._apply(fact, turn.at)
            opens = watched is not None and fact.type == "dispute.opened" and watched.life.state in ("open", "lost")
            if opens and watched.life.turns > turns.get((fact.merchant, watched.life.dispute_id), 0):
                opened += self._in_flight(watched)
        verdict = _verdict_in(turn)
        answers = self._answers_before(verdict, now)
        for record in turn.said:
            if record.topic != "dead-letters":
                yield from self._said(json.loads(record.value or b""), now)
        yield from self._judged(turn, verdict, answers)
        yield from self._called_off(opened)
        for watched in self._disputes.values() if turn.heard is not None or facts else ():
            yield from self._owed(watched, turn.at)

    def states(self) -> Iterator[str]:
        """Where each dispute is at last."""
        return (f"{watched.life.stage}/{watched.life.state}" for watched in self._disputes.values())

    # What was heard

    def _apply(self, fact: Fact, at: int) -> Watched | None:
        body = fact.body
        if fact.type == "payment.captured" and body["amount"]["amount_minor"]:
            paid = self._payments[fact.merchant, body["payment_id"]]
            paid.captured += body["amount"]["amount_minor"]
            paid.network = paid.network or body["method"].get("network")
            paid.debit = body["method"]["kind"] == "bank_debit"
            if body.get("order_id") and body["payment_id"] not in self._of_order[fact.merchant, body["order_id"]]:
                self._of_order[fact.merchant, body["order_id"]].append(body["payment_id"])
            for watched in self._disputes.values():
                if watched.life.payment_id == body["payment_id"]:
                    watched.life.captured = paid.captured
                    if paid.debit:
                        self._debit_returned(watched, fact)
        elif fact.type.startswith(("refund.s", "refund.f", "refund.re", "store_credit.")) and "instruction_id" in body:
            self._refunded(fact)
        elif fact.type.startswith("dispute.") and "dispute_id" in body:
            watched = self._watched(fact, at)
            paid = self._payments[fact.merchant, watched.life.payment_id]
            watched.life.is_debit, watched.life.captured = paid.debit, paid.captured
            watched.life.apply(fact)
            return watched
        return None

    def _debit_returned(self, watched: Watched, fact: Fact) -> None:
        """The kind of the payment is told only now."""
        life = watched.life
        life.is_debit = True
        if life.opened and life.state == "open":
            life.state, life.ended_at = "lost", fact.at
            life.ends.append(Ended("lost", fact.at))

    def _watched(self, fact: Fact, at: int) -> Watched:
        name = (fact.merchant, fact.body["dispute_id"])
        if name not in self._disputes:
            payment_id = fact.body.get("payment_id") or ""
            if not payment_id:
                mine = self._of_order[fact.merchant, fact.body["order_id"]]
                payment_id = mine[0] if len(mine) == 1 else ""
            self._disputes[name] = Watched(Life(name[1], fact.merchant, payment_id), at)
        return self._disputes[name]

    def _refunded(self, fact: Fact) -> None:
        payment, _ = self._of_instruction.get((fact.merchant, fact.body["instruction_id"]), (None, ""))
        if payment is not None:
            what = fact.type.partition(".")[2]
            status = {"issued": "succeeded"}.get(what, what)
            refunds = self._payments[payment].refunds
            before = refunds[fact.body["instruction_id"]]
            if not (status == "submitted" and before != "approved"):
                refunds[fact.body["instruction_id"]] = status

    # What was said

    def _said(self, body: Body, now: datetime) -> Iterator[Violation]:
        merchant = body.get("merchant_id", "")
        match body["type"]:
            case "dispute.action_required":
                yield from self._asked(self._disputes[merchant, body["dispute_id"]], body, now)
            case "dispute.closed":
                yield from self._closed(self._disputes[merchant, body["dispute_id"]], body, now)
            case "dispute.deadline_near":
                yield from self._reminded(self._disputes[merchant, body["dispute_id"]], body, now)
            case "dispute.submit_evidence" | "dispute.accept":
                yield from self._answered(self._disputes[merchant, body["dispute_id"]], body, now)
            case "refund.approved":
                for tender in body["tenders"]:
                    self._ordered(merchant, tender["payment_id"], tender["instruction_id"])
            case "refund.execute":
                self._ordered(merchant, body["payment_id"], body["instruction_id"])
            case "refund.cancel":
                paid = self._payments[merchant, body["payment_id"]]
                if body["instruction_id"] in paid.called_off:
                    yield Violation("P1", "called_off_twice", f"{merchant}/{body['instruction_id']}", body["reason"])
                paid.called_off.add(body["instruction_id"])

    def _ordered(self, merchant: str, payment_id: str, instruction_id: str) -> None:
        self._payments[merchant, payment_id].refunds.setdefault(instruction_id, "approved")
        self._of_instruction[merchant, instruction_id] = ((merchant, payment_id), "")

    def _asked(self, watched: Watched, body: Body, now: datetime) -> Iterator[Violation]:
        self.counted["asked"] += 1
        life, subject = watched.life, f"{body['merchant_id']}/{body['dispute_id']}"
        returned = life.is_debit and life.state == "lost"
        if not (life.is_asked or returned):
            yield Violation("P5", "asked_after_the_end", subject, f"revision {body['revision']} while {life.state}")
        if body["revision"] != watched.revision + 1:
            yield Violation("P5", "revision_gap", subject, f"{body['revision']} after {watched.revision}")
        if watched.last is not None and all(watched.last[name] == body[name] for name in SAID_ANEW):
            yield Violation("P5", "asked_again_for_nothing", subject, f"revision {body['revision']} says nothing new")
        if body["stage"] != life.stage or body["amount"]["amount_minor"] != life.claim:
            yield Violation(
                "P5", "stage_differs", subject, f"{body['stage']} {body['amount']}, by hand {life.stage} {life.claim}"
            )
        if life.is_asked:
            due = life.deadline(self._network(life))
            if moment(body["respond_by"]) != due:
                yield Violation(
                    "P5", "deadline_differs", subject, f"{body['respond_by']}, by hand {due} ({life.stage})"
                )
        if moment(body["respond_by"]) != watched.respond_by:
            watched.respond_by, watched.reminded = moment(body["respond_by"]), set()
        watched.scheduled = now
        watched.revision, watched.last, watched.asked = body["revision"], body, life.turns

    def _network(self, life: Life) -> str | None:
        return life.network or self._payments[life.merchant, life.payment_id].network

    def _closed(self, watched: Watched, body: Body, now: datetime) -> Iterator[Violation]:
        self.counted["closed"] += 1
        life, subject = watched.life, f"{body['merchant_id']}/{body['dispute_id']}"
        told_after_its_deadline = life.is_asked and watched.respond_by is not None and watched.respond_by <= now
        if body["outcome"] == "expired" and told_after_its_deadline and watched.respond_by is not None:
            life.expire(watched.respond_by)
        if watched.closed >= len(life.ends):
            yield Violation("P5", "closed_again", subject, f"{body['outcome']} after {len(life.ends)} ends")
            return
        watched.closed = len(life.ends)
        end = life.ends[-1]
        own = {"outcome": end.outcome, "disputed": life.claim, "recovered": life.recovered, "fees": life.fees}
        said = {
            "outcome": body["outcome"],
            "disputed": body["disputed"]["amount_minor"],
            "recovered": body["recovered"]["amount_minor"],
            "fees": body["fees"],
        }
        if own != said:
            yield Violation("P5", "closing_differs", subject, f"{said}, by hand {own}")

    def _reminded(self, watched: Watched, body: Body, now: datetime) -> Iterator[Violation]:
        self.counted["reminded"] += 1
        life, subject = watched.life, f"{body['merchant_id']}/{body['dispute_id']}"
        open_then = life.state == "open" or (
            life.state == "expired" and moment(body["occurred_at"]) <= (life.ended_at or now)
        )
        given_in = watched.answered == life.turns and watched.given_in_at is not None
        if not open_then or given_in or body["hours_left"] in watched.reminded:
            yield Violation("P5", "reminded_wrongly", subject, f"{body['hours_left']} hours left while {life.state}")
        watched.reminded.add(body["hours_left"])

    def _answered(self, watched: Watched, body: Body, now: datetime) -> Iterator[Violation]:
        self.counted["answered"] += 1
        life, subject = watched.life, f"{body['merchant_id']}/{body['dispute_id']}"
        if life.state != "open" or watched.answered == life.turns:
            yield Violation("P1", "answered_twice", subject, f"{body['type']} while {life.state}")
        elif watched.respond_by is not None and moment(body["occurred_at"]) > watched.respond_by:
            yield Violation("P1", "answered_too_late", subject, f"{now} after {watched.respond_by}")
        watched.answered = life.turns
        watched.given_in_at = moment(body["occurred_at"]) if body["type"] == "dispute.accept" else None

    # What was due

    def _time_goes_by(self, turn: Turn, now: datetime) -> Iterator[Violation]:
        """What nobody answered until its deadline has expired by now, reminded as the policy says."""
        for (merchant, dispute_id), watched in self._disputes.items():
            life, due = watched.life, watched.respond_by
            runs = life.is_asked and self._defended(watched)
            if not runs or watched.scheduled is None or due is None or due > now:
                continue
            if turn.heard is not None and due == now:
                continue
            hours = REMINDED.get(merchant, REMINDED_BY_DEFAULT)
            until = watched.given_in_at if watched.answered == life.turns and watched.given_in_at else due
            expected = {h for h in hours if watched.scheduled < due - timedelta(hours=h) <= until}
            late = expected - watched.reminded
            heard_now = {
                json.loads(r.value or b"").get("hours_left") for r in turn.said if r.topic == "chargeback-alerts"
            }
            if late - heard_now:
                yield Violation(
                    "P5", "not_reminded", f"{merchant}/{dispute_id}", f"{late - heard_now} hours before {due}"
                )
            life.expire(due)
            watched.expired_in = turn.at

    def _defended(self, watched: Watched) -> bool:
        return watched.life.defendable and not watched.life.is_debit

    def _answers_before(self, verdict: Body | None, now: datetime) -> bool:
        """Whether a verdict finds a dispute that it can answer."""
        if verdict is None:
            return False
        watched = self._disputes.get((verdict["merchant_id"], verdict["subject"]["id"]))
        if watched is None:
            return True
        at = moment(verdict["occurred_at"])
        in_time = watched.respond_by is None or at <= watched.respond_by
        newest = verdict.get("revision") in (None, watched.revision)
        return watched.life.is_asked and watched.answered != watched.life.turns and in_time and newest

    def _judged(self, turn: Turn, verdict: Body | None, answers: bool) -> Iterator[Violation]:
        if verdict is None or turn.heard is None:
            return
        self.counted["verdicts"] += 1
        watched = self._disputes.get((verdict["merchant_id"], verdict["subject"]["id"]))
        refused = any(r.topic == "dead-letters" and origin_of(r) == turn.heard.position for r in turn.said)
        given = [json.loads(r.value or b"") for r in turn.said if r.topic == "dispute-instructions"]
        subject = f"{verdict['merchant_id']}/{verdict['subject']['id']}"
        if answers and watched is not None and (refused or len(given) != 1):
            yield Violation(
                "P8", "verdict_unheard", subject, f"{verdict['verdict']}: refused {refused}, given {len(given)}"
            )
        if not answers and given:
            yield Violation("P8", "verdict_out_of_turn", subject, f"{verdict['verdict']} became {given[0]['type']}")

    def _in_flight(self, watched: Watched) -> Iterator[tuple[Paid, str]]:
        """Our refunds that are on their way while the chargeback opens."""
        paid = self._payments[watched.life.merchant, watched.life.payment_id]
        for instruction, status in paid.refunds.items():
            if status in IN_FLIGHT and instruction not in paid.called_off:
                yield paid, instruction

    def _called_off(self, in_flight: list[tuple[Paid, str]]) -> Iterator[Violation]:
        """What was in flight when the chargeback opened is called off by now."""
        for paid, instruction in in_flight:
            self.counted["called off"] += 1
            if instruction not in paid.called_off:
                yield Violation("P1", "not_called_off", instruction, "in flight, and a chargeback has opened")

    def _owed(self, watched: Watched, at: int) -> Iterator[Violation]:
        """Whether somebody should have been asked by now, or told of an end; not before the payment is captured."""
        life, subject = watched.life, f"{watched.life.merchant}/{watched.life.dispute_id}"
        known = life.currency is not None or life.opened
        if not life.payment_id or not known or not self._payments[life.merchant, life.payment_id].captured:
            return
        if life.is_asked and watched.asked < life.turns:
            watched.asked = life.turns
            yield Violation("P5", "not_asked", subject, f"{life.stage} since {life.asked_since}")
        waits = life.opened_at is None and at <= watched.since + OPENING_AWAITED_MS
        if waits or watched.expired_in == at:
            return
        if len(life.ends) > watched.closed and life.state == life.ends[-1].outcome:
            watched.closed = len(life.ends)
            yield Violation("P5", "not_closed", subject, f"{life.state} at {life.ended_at}")


def _verdict_in(turn: Turn) -> Body | None:
    """The verdict on a dispute that the turn heard."""
    heard: Record | None = turn.heard
    if heard is None or heard.topic != "reviews":
        return None
    body: Body = json.loads(heard.value or b"")
    return body if body["subject"]["kind"] == "dispute" else None
