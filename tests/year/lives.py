"""The life of one dispute, reckoned by hand from what was told of it: where it is, until when it must be answered, and how
it ended. By the words of the domain, with its own figures; nothing here is the product's.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.demo.oracle.heard import Fact
from app.demo.oracle.wire import Body, moment
from tests.year.plan import AUTO

STAGES = ("inquiry", "chargeback", "pre_arbitration", "arbitration")
MOVEMENTS = ("funds_withdrawn", "funds_reinstated")
ENDS = ("won", "lost", "accepted", "expired", "withdrawn")
WORSE = ("won", "withdrawn", "expired", "accepted", "lost")
DAYS = {
    "inquiry": {"visa": 18, "mastercard": 40, "amex": 14, "diners": 18, "discover": 18, "unionpay": 30, "jcb": 18},
    "chargeback": {"visa": 18, "mastercard": 40, "amex": 14, "diners": 25, "discover": 25, "unionpay": 30, "jcb": 40},
}
DAYS_OF_STAGE = {"pre_arbitration": 30, "arbitration": 10}
UNKNOWN_NETWORK = 14


@dataclass
class Ended:
    """An end that the dispute came to: what is to be said of it once. `stated`: what the network says was won."""

    outcome: str
    at: datetime
    stated: int | None = None


@dataclass
class Life:
    """`asked_since`: when the place began in which the dispute now must be answered. `turns`: how often it came to such
    a place; each is asked about once at least, and answered once at most. `may_be_more`: of its amount only a part that
    came back was told.
    """

    dispute_id: str
    merchant: str
    payment_id: str = ""
    network: str | None = None
    stage: str = "inquiry"
    opened: bool = False
    opened_at: datetime | None = None
    claimed_at: datetime | None = None
    asked_since: datetime | None = None
    heard_from: datetime | None = None
    told_deadline: datetime | None = None
    amount: int | None = None
    may_be_more: bool = False
    currency: str | None = None
    captured: int = 0
    reinstated: int = 0
    withdrawn: int = 0
    most_withdrawn: int = 0
    movements: set[str] = field(default_factory=set)
    last_movement: str = ""
    fees: list[Body] = field(default_factory=list)
    charged: set[str] = field(default_factory=set)
    defendable: bool = True
    state: str = "open"
    ended_at: datetime | None = None
    expiry_told: bool = False
    answered_at: datetime | None = None
    turns: int = 0
    is_debit: bool = False
    has_reason: bool = False
    ends: list[Ended] = field(default_factory=list)

    @property
    def is_asked(self) -> bool:
        """Whether somebody has to answer: it is open, and was claimed or taken a stage further."""
        known = self.currency is not None or self.opened
        return self.state == "open" and self.asked_since is not None and known

    @property
    def claim(self) -> int | None:
        """What is claimed: all that was captured where the dispute began with an escalation, and nothing tells."""
        if self.opened and (self.amount is None or (self.may_be_more and self.captured)):
            return self.captured
        return self.amount

    @property
    def recovered(self) -> int:
        """What came back: the part that the network says was won, else all of it or more; of a lost one what was
        reinstated and not taken again.
        """
        stake = max(self.claim or 0, self.most_withdrawn)
        kept = max(0, min(self.reinstated, stake - (self.withdrawn - self.reinstated)))
        if self.state in ("won", "withdrawn"):
            stated = self.ends[-1].stated if self.state == "won" else None
            return stated if stated is not None else max(self.claim or 0, kept)
        return kept

    def deadline(self, network: str | None) -> datetime:
        """The provider's, else so many days from the beginning of the stage, less the policy's margin."""
        if self.told_deadline is not None:
            return self.told_deadline
        assert self.asked_since is not None
        days = DAYS_OF_STAGE.get(self.stage) or DAYS[self.stage].get(network or "", UNKNOWN_NETWORK)
        return self.asked_since + timedelta(days=days) - timedelta(hours=24 if self.merchant == AUTO else 48)

    def apply(self, fact: Fact) -> None:
        """One more fact of it, in the order of arrival; what was overtaken by what happened later moves nothing."""
        body, at, what = fact.body, fact.at.astimezone(UTC), fact.type.removeprefix("dispute.")
        if what in MOVEMENTS and body.get("fee") is not None and not self._repeats(what, body):
            self.fees.append(body["fee"])
        match what:
            case "inquired" if not self.opened:
                self._inquired(body, at)
            case "opened":
                self._opened(body, moment(body["opened_at"]) if body.get("opened_at") else at, at)
            case _ if what in MOVEMENTS:
                self._moved(what, body)
            case "evidence_submitted":
                self._answered(at)
            case "escalated":
                self._escalated(body, at)
            case _ if what in ENDS and not self._overtaken(what, at):
                self._end(what, at, body)

    @property
    def is_presumed(self) -> bool:
        """Whether nobody but us says that it has expired."""
        return self.state == "expired" and not self.expiry_told

    def _is_extended(self, stage: str, body: Body) -> bool:
        """Whether what only we called expired goes on: at a later stage, or at its own with a later deadline."""
        if not self.is_presumed or self.ended_at is None:
            return False
        due = body.get("respond_by")
        still = due is not None and moment(due) > self.ended_at
        return STAGES.index(stage) > STAGES.index(self.stage) or (stage == self.stage and still)

    def _is_another(self, body: Body, told_at: datetime) -> bool:
        """Whether an opening states a time after that at which only we say that the dispute expired."""
        if not self.is_presumed or self.ended_at is None or not body.get("opened_at") or self.stage != body["stage"]:
            return False
        return self.ended_at < moment(body["opened_at"]) <= told_at

    def _back(self) -> None:
        self.state, self.ended_at, self.turns = "open", None, self.turns + 1

    def expire(self, at: datetime) -> None:
        """Nobody has answered in time."""
        self.state, self.ended_at, self.expiry_told, self.told_deadline = "expired", at, False, None
        self.ends.append(Ended("expired", at))

    def _is_known(self, body: Body, opened_at: datetime) -> bool:
        """Whether an opening says what was said before."""
        if self.claimed_at is None or self.amount != body["amount"]["amount_minor"]:
            return False
        if self.state in ENDS and not self.is_presumed:
            since = self.heard_from
            still_ended = since is not None and self.ended_at is not None and self.ended_at > since
            return still_ended and self.claimed_at == opened_at
        if STAGES.index(body["stage"]) < STAGES.index(self.stage):
            return self.has_reason
        due = body.get("respond_by")
        earlier = self.asked_since is not None and opened_at < self.asked_since
        if self.is_presumed:
            return self.stage == body["stage"] and not earlier and not self._is_extended(body["stage"], body)
        return self.stage == body["stage"] and not earlier and (due is None or moment(due) == self.told_deadline)

    def _charge(self, body: Body) -> None:
        """The fee of a stage, which the first opening that tells it costs."""
        if body.get("fee") is not None and body["stage"] not in self.charged:
            self.charged.add(body["stage"])
            self.fees.append(body["fee"])

    def _inquired(self, body: Body, at: datetime) -> None:
        first, due = self.asked_since is None, body.get("respond_by")
        extended = self._is_extended("inquiry", body)
        tells = extended or (self.state not in ENDS and due is not None and moment(due) != self.told_deadline)
        if not first and not tells and self.amount == body["amount"]["amount_minor"]:
            return
        if extended:
            self._back()
        self._claim(body)
        if due:
            self.told_deadline = moment(due)
        if first:
            self.asked_since, self.heard_from, self.turns = at, at, self.turns + 1
            self.opened_at = at

    def _opened(self, body: Body, opened_at: datetime, told_at: datetime) -> None:
        another = self._is_another(body, told_at)
        if not another and self._is_known(body, opened_at):
            self._charge(body)
            return
        newest = self.claimed_at is None or opened_at >= self.claimed_at
        if newest:
            self._claim(body)
            self.claimed_at = opened_at
        self.has_reason = self.has_reason or bool(body.get("reason_code") or body.get("category"))
        if not another and self._is_extended(body["stage"], body):
            self._back()
        goes_on = self.state not in ENDS or self.is_presumed
        if self.opened and self.stage == body["stage"] and goes_on and not body.get("opened_at"):
            opened_at = min(opened_at, self.asked_since or opened_at)
            told_at = min(told_at, self.heard_from or told_at)
        later = self.ended_at is not None and self.ended_at > opened_at
        back = another or (self.ended_at is not None and not later and not self.is_presumed)
        earlier = STAGES.index(body["stage"]) < STAGES.index(self.stage) and self.asked_since is not None
        new = not self.opened or self.stage != body["stage"] or back
        answered_since = self.answered_at is not None and self.answered_at > opened_at
        stays = later or (self.state != "open" and earlier and not back)
        stays = stays or (self.state == "evidence_submitted" and answered_since)
        if not earlier or back:
            if body.get("respond_by") or new or (self.state != "open" and not stays):
                self.told_deadline = moment(body["respond_by"]) if body.get("respond_by") else None
            self.stage = max(self.stage, body["stage"], key=STAGES.index)
            self.asked_since, self.heard_from = opened_at, min(opened_at, told_at)
            if newest:
                self.defendable = body.get("defendable", True) and not body.get("auto_defended", False)
        if back:
            self.charged.clear()
        self._charge(body)
        self.opened_at, self.opened = opened_at, True
        was = self.state
        if not stays:
            self.state, self.ended_at = "open", None
        if (new and not earlier) or back or (was != "open" and not stays):
            self.turns += 1
        if self.is_debit and not stays:
            self._end("lost", opened_at, {})

    def _claim(self, body: Body) -> None:
        self.may_be_more = False
        self.amount, self.currency = body["amount"]["amount_minor"], body["amount"]["currency"]
        self.network = body.get("network") or self.network
        self.has_reason = self.has_reason or bool(body.get("reason_code") or body.get("category"))

    def _repeats(self, what: str, body: Body) -> bool:
        movement = body.get("movement_id")
        return f"{what}/{movement}" in self.movements if movement else what == self.last_movement

    def _moved(self, what: str, body: Body) -> None:
        taken = what == "funds_withdrawn"
        if self.currency is None or (taken and self.may_be_more):
            self.amount, self.currency = body["amount"]["amount_minor"], body["amount"]["currency"]
            self.may_be_more = not taken
        if self._repeats(what, body):
            return
        self.movements.add(f"{what}/{body.get('movement_id')}")
        self.last_movement = what
        minor = body["amount"]["amount_minor"]
        if not taken:
            self.reinstated += minor
        else:
            self.withdrawn, self.most_withdrawn = self.withdrawn + minor, max(self.most_withdrawn, minor)

    def _answered(self, at: datetime) -> None:
        if self._went_on(at):
            return
        if self.is_presumed:
            self.state, self.ended_at = "open", None
        if self.state == "open":
            self.state, self.answered_at = "evidence_submitted", at

    def _escalated(self, body: Body, at: datetime) -> None:
        due = moment(body["respond_by"]) if body.get("respond_by") else None
        if STAGES.index(body["stage"]) <= STAGES.index(self.stage):
            if self._is_extended(body["stage"], body):
                self._back()
            if due is not None and self.state not in ENDS and body["stage"] == self.stage:
                self.told_deadline = due
            return
        self.stage, self.asked_since, self.heard_from, self.defendable = body["stage"], at, at, True
        if not self.opened:
            self.opened, self.opened_at = True, at
        if self.ended_at is not None and self.ended_at > at and not self.is_presumed:
            return
        self.told_deadline = due
        if self.state == "evidence_submitted" and self.answered_at is not None and self.answered_at > at:
            return
        self.state, self.ended_at, self.turns = "open", None, self.turns + 1

    def _end(self, outcome: str, at: datetime, body: Body) -> None:
        again = self.state == outcome
        self.state, self.ended_at, self.told_deadline, self.expiry_told = outcome, at, None, True
        if not again:
            stated = body.get("amount")
            self.ends.append(Ended(outcome, at, stated["amount_minor"] if stated else None))

    def _overtaken(self, outcome: str, at: datetime) -> bool:
        """Whether the dispute ended or went on after this; an end of the same time stands where it is the worse one."""
        told = self.state in ENDS and not self.is_presumed and self.ended_at is not None
        worse = told and self.ended_at == at and WORSE.index(self.state) > WORSE.index(outcome)
        return worse or (told and self.ended_at > at) or self._went_on(at)

    def _went_on(self, at: datetime) -> bool:
        return self.heard_from is not None and at < self.heard_from
