"""What disputes and the network take out of one payment, reckoned from what was said of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from app.demo.oracle.heard import Fact
from app.demo.oracle.wire import Body, moment

SAME_CLAIM = timedelta(days=60)
LOST = frozenset({"dispute.lost", "dispute.accepted", "dispute.expired"})
WON = frozenset({"dispute.won", "dispute.withdrawn"})
ENDS = LOST | WON
STAGES = ("inquiry", "chargeback", "pre_arbitration", "arbitration")


class Claim(NamedTuple):
    """What disputes take out of a payment: minor units, and `wholes` times all that was captured, for each dispute that
    speaks another currency.
    """

    minor: int
    wholes: int = 0

    def of(self, captured: int) -> int:
        """Minor units claimed of a payment with this much captured."""
        return self.minor + self.wholes * captured


@dataclass(slots=True)
class Dispute:
    """One dispute: what it claims, and what was moved. The claim is that of its newest opening (`claimed_at`).

    `since`: when it came to its stage. An end that is told late and happened before that, or before the end that is
    known, changes nothing any more.
    """

    opened: bool = False
    opened_at: datetime | None = None
    since: datetime | None = None
    ended_at: datetime | None = None
    claimed_at: datetime | None = None
    due: str | None = None
    stage: int = 0
    amount: int = 0
    currency: str | None = None
    state: str = "open"
    withdrawn: int = 0
    reinstated: int = 0
    movements: set[str] = field(default_factory=set)
    last: str | None = None

    def apply(self, fact: Fact) -> None:
        """One more fact of this dispute, in the order of arrival."""
        body, what = fact.body, fact.type
        if what == "dispute.opened":
            at = moment(body["opened_at"]) if body.get("opened_at") else fact.at
            if self._is_repeated(body, at):
                return
            if self.claimed_at is None or at >= self.claimed_at:
                self._claimed(body)
                self.claimed_at = at
            self.due = body.get("respond_by") or self.due
            self.opened, self.opened_at = True, at
            began = self._began_first(body, fact.at) or min(at, fact.at)
            self._began(STAGES.index(body["stage"]), at, began)
            if self.ended_at is None or self.ended_at <= self.opened_at:
                self.state, self.ended_at = "open", None
        elif what == "dispute.inquired" and not self.opened:
            self._claimed(body)
            self.since = self.since or fact.at
        elif what in {"dispute.funds_withdrawn", "dispute.funds_reinstated"}:
            if self.currency is None and what == "dispute.funds_withdrawn":
                self._claimed(body)
            self._move(what, body.get("movement_id"), body["amount"]["amount_minor"])
        elif what in ENDS and not self._is_past(what, fact.at):
            self.state, self.ended_at = what, fact.at
        elif what == "dispute.escalated" and STAGES.index(body["stage"]) > self.stage:
            self._escalated(STAGES.index(body["stage"]), fact.at)

    def _is_repeated(self, body: Body, at: datetime) -> bool:
        """The same claim once more, at its stage or an earlier one, of a dispute that goes on: it moves nothing."""
        if self.claimed_at is None or self.ended_at is not None or self.amount != body["amount"]["amount_minor"]:
            return False
        stage = STAGES.index(body["stage"])
        known = body.get("respond_by") in (None, self.due) and not (self.since is not None and at < self.since)
        return stage < self.stage or (stage == self.stage and known)

    def _began_first(self, body: Body, at: datetime) -> datetime | None:
        """Of a claim that is told again at its stage, and states no time: when that began."""
        again = self.opened and self.stage == STAGES.index(body["stage"]) and self.ended_at is None
        return min(self.since or at, at) if again and not body.get("opened_at") else None

    def _began(self, stage: int, at: datetime, heard_from: datetime) -> None:
        came_back = self.ended_at is not None and self.ended_at <= at
        if stage >= self.stage or came_back:
            self.stage, self.since = max(self.stage, stage), heard_from

    def _claimed(self, body: Body) -> None:
        self.amount, self.currency = body["amount"]["amount_minor"], body["amount"]["currency"]

    def _is_past(self, end: str, at: datetime) -> bool:
        """Whether an end of this time was overtaken; of two of one time a loss stands."""
        lost_then = self.ended_at == at and self.state in LOST and end in WON
        ended_later = lost_then or (self.ended_at is not None and self.ended_at > at)
        return ended_later or (self.since is not None and self.since > at)

    def _escalated(self, stage: int, at: datetime) -> None:
        self.due = None
        self.stage, self.since = stage, at
        if not self.opened:
            self.opened, self.opened_at = True, at
        if self.ended_at is None or self.ended_at <= at:
            self.state, self.ended_at = "open", None

    def _move(self, what: str, movement: str | None, minor: int) -> None:
        """A movement without an id is the last one again, unless that went the other way. Any may be told first."""
        if movement is not None:
            if f"{what}/{movement}" in self.movements:
                return
            self.movements.add(f"{what}/{movement}")
        elif what == self.last:
            return
        self.last = what
        if what == "dispute.funds_reinstated":
            self.reinstated += minor
        else:
            self.withdrawn += minor

    @property
    def moved(self) -> int:
        """What the merchant is down by the movements, in the currency in which they were told."""
        return self.withdrawn - self.reinstated

    def _is_foreign(self, currency: str | None) -> bool:
        return None not in (currency, self.currency) and self.currency != currency

    def taken(self, currency: str | None) -> Claim:
        """What the movements took out of a payment of this currency: all of it where they speak another one."""
        return Claim(0, int(self.moved > 0)) if self._is_foreign(currency) else Claim(self.moved)

    def claim(self, currency: str | None) -> Claim:
        """What it takes out of a payment of this currency: all of it, too, where nothing tells what is claimed."""
        taken = self.taken(currency)
        if not self.opened or self.state in WON:
            return Claim(max(0, taken.minor), taken.wholes)
        if self.currency is None or self._is_foreign(currency):
            return Claim(0, 1)
        return Claim(max(0, self.amount, taken.minor))


@dataclass(slots=True)
class Claims:
    """All disputes and credits of one payment."""

    currency: str | None
    disputes: dict[str, Dispute] = field(default_factory=dict)
    alerts: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def apply(self, fact: Fact) -> None:
        """One more fact of the topic disputes."""
        body = fact.body
        if fact.type == "dispute.alerted":
            if body.get("already_credited"):
                self.alerts.setdefault(body["alert_id"], (body["amount"]["amount_minor"], fact.at))
        elif body.get("dispute_id") is not None and fact.type.startswith("dispute."):
            self.disputes.setdefault(body["dispute_id"], Dispute()).apply(fact)

    def credited(self, takes: Callable[[Dispute, str | None], Claim] = Dispute.claim) -> int:
        """What the network paid back by itself, each claim once: no alert that another one or a dispute repeats.

        A dispute repeats an alert while it takes at least as much, by its claim or by what else is asked; one whose
        amount nothing tells takes all, and so repeats any.
        """
        known: list[tuple[int | None, datetime | None]] = []
        for dispute in self.disputes.values():
            taken = takes(dispute, self.currency)
            unknown = dispute.currency is None
            if dispute.opened and (taken.wholes or (not unknown and taken.minor >= dispute.amount)):
                known.append((None if unknown else dispute.amount, dispute.opened_at))
        total = 0
        for amount, at in self.alerts.values():
            told = (when for other, when in known if other in (None, amount))
            if not any(when is not None and abs(at - when) <= SAME_CLAIM for when in told):
                total += amount
                known.append((amount, at))
        return total

    @property
    def moved(self) -> int:
        """Withdrawn less reinstated, of all disputes, as the ledger takes it."""
        return sum(dispute.moved for dispute in self.disputes.values())

    def gone(self, captured: int) -> int:
        """What disputes and the network have taken out of the payment so far."""
        taken = sum(dispute.taken(self.currency).of(captured) for dispute in self.disputes.values())
        return taken + self.credited(Dispute.taken)

    @property
    def total(self) -> Claim:
        """What all of them take out of the payment."""
        each = [dispute.claim(self.currency) for dispute in self.disputes.values()]
        return Claim(sum(claim.minor for claim in each) + self.credited(), sum(claim.wholes for claim in each))


def claims_along(facts: Iterable[Fact], currency: str | None) -> Iterator[Claims]:
    """The claims before the first fact, and after each; the same object, moved on."""
    claims = Claims(currency)
    yield claims
    for fact in facts:
        claims.apply(fact)
        yield claims
