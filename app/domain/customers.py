"""The history of a customer across orders: facts that cases report, and answers to what cases ask.

Counts are of facts that occurred up to the time that is asked about, as far as they were received; the same question
gets the answer that it got before. Bounded: facts of the last 400 days, at most 1,000 of them, and as many answers; the
names of 5,000 cases, which outlive their facts because an erasure must reach them all.

These are stored shapes: fields may be added with a default, never renamed or given another meaning.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from app.domain.disputes.compelling_evidence import Purchase, best_priors, rule_of
from topics.case_ids import order_id_of

FACTS_MAX = 1000
DOUBTED_BY = frozenset({"dispute_opened", "fraud_reported", "payment_capture_failed"})
CASES_MAX = 5000
KEPT = timedelta(days=400)


class Fact(msgspec.Struct, omit_defaults=True, gc=False):
    """Something that happened in one of the customer's cases."""

    kind: str
    at: datetime
    case_id: str
    request_id: str | None = None
    payment_id: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    purchase: Purchase | None = None


class History(msgspec.Struct, omit_defaults=True, gc=False):
    """The row of one customer. `token` stands for the customer in whatever happened until `erased_at`."""

    facts: dict[str, Fact] = {}
    answers: dict[str, dict[str, Any]] = {}
    token: str | None = None
    erased_at: datetime | None = None
    cases: dict[str, None] = {}

    def remember(self, activity_id: str, fact: Fact) -> None:
        """A fact, once. What is too old, or too much, goes."""
        if activity_id in self.facts:
            return
        self.facts[activity_id] = fact
        self.cases[fact.case_id] = None
        while len(self.cases) > CASES_MAX:
            del self.cases[next(iter(self.cases))]
        # Times alone are compared: with a difference or a tuple for each of 1,000 facts this takes twice as long.
        times = [known.at for known in self.facts.values()]
        since = max(times) - KEPT
        if min(times) < since:
            for key in [key for key, known in self.facts.items() if known.at < since]:
                del self.facts[key]
        while len(self.facts) > FACTS_MAX:
            oldest = min([known.at for known in self.facts.values()])
            del self.facts[min(key for key, known in self.facts.items() if known.at == oldest)]

    def answer(
        self,
        question_id: str,
        *,
        since: datetime | None,
        as_of: datetime,
        asking: tuple[str, str | None],
        disputed: str | None = None,
        until: datetime | None = None,
    ) -> dict[str, Any]:
        """What was known at `as_of` of the time since: other requests, money approved, chargebacks.

        `asking`: case and request that ask, which are not counted themselves. `disputed`: the payment that is disputed,
        where earlier ones are wanted as evidence, captured from `since` to `until`.
        """
        if question_id not in self.answers:
            told = self._count(since, as_of, asking)
            if disputed is not None and since is not None and until is not None:
                told["payments"] = self._payments(disputed, since, until, as_of)
            self.answers[question_id] = told
            while len(self.answers) > FACTS_MAX:
                del self.answers[next(iter(self.answers))]
        return self.answers[question_id]

    def _count(self, since: datetime | None, as_of: datetime, asking: tuple[str, str | None]) -> dict[str, Any]:
        facts = [f for f in self.facts.values() if f.at <= as_of and (since is None or f.at >= since)]
        withdrawn = {(f.case_id, f.request_id) for f in facts if f.kind == "refund_request_withdrawn"}
        asked = {(f.case_id, f.request_id) for f in facts if f.kind == "refund_requested"} - withdrawn - {asking}
        refunded: dict[str, int] = {}
        for fact in facts:
            if fact.kind == "refund_approved" and fact.currency is not None and fact.amount_minor is not None:
                refunded[fact.currency] = refunded.get(fact.currency, 0) + fact.amount_minor
        return {
            "requests_in_window": len(asked),
            "refunded_in_window": [
                {"amount_minor": minor, "currency": currency} for currency, minor in sorted(refunded.items())
            ],
            "chargebacks": sum(f.kind == "dispute_opened" and f.at <= as_of for f in self.facts.values()),
        }

    def _payments(self, disputed: str, since: datetime, until: datetime, as_of: datetime) -> list[dict[str, Any]]:
        """The earlier payments of the same card that nobody doubts and that fit best to the disputed one."""
        facts = [fact for fact in self.facts.values() if fact.at <= as_of]
        paid = {fact.payment_id: fact for fact in facts if fact.purchase is not None}
        doubts = [fact for fact in facts if fact.kind in DOUBTED_BY]
        doubted = {fact.payment_id for fact in doubts}
        whole_cases = {fact.case_id for fact in doubts if fact.payment_id is None}
        own = paid.get(disputed)
        rule = rule_of(own.purchase.network) if own is not None and own.purchase is not None else None
        if own is None or own.purchase is None or rule is None:
            return []
        candidates = [
            fact.purchase
            for fact in paid.values()
            if fact.purchase is not None
            and fact is not own
            and since <= fact.at <= until
            and fact.payment_id not in doubted
            and fact.case_id not in whole_cases
            and fact.purchase.is_of_card(own.purchase)
        ]
        return [_told(paid[prior.payment_id], prior) for prior in best_priors(rule, own.purchase, candidates)]

    def erase(self, token: str, at: datetime) -> list[str]:
        """The token stands for the customer in whatever happened until then; the cases that must hear of it.

        An erasure that was heard before, or an older one, changes nothing: what came since is not meant by it.
        """
        if self.is_erased(at):
            return []
        self.token, self.erased_at = token, at
        # a row of before the names were kept has facts alone
        told = list(dict.fromkeys([*self.cases, *(fact.case_id for fact in self.facts.values())]))
        self.facts, self.answers, self.cases = {}, {}, {}
        return told

    def is_erased(self, at: datetime) -> bool:
        """Whether something of that time belongs to the erased customer."""
        return self.erased_at is not None and at <= self.erased_at


def _told(fact: Fact, purchase: Purchase) -> dict[str, Any]:
    return {
        "payment_id": purchase.payment_id,
        "order_id": order_id_of(fact.case_id),
        "event_id": purchase.event_id or None,
        "captured_at": purchase.captured_at,
        "amount": {"amount_minor": fact.amount_minor, "currency": fact.currency},
        "method": {
            "kind": "card",
            "network": purchase.network,
            "last4": purchase.last4,
            "fingerprint": purchase.fingerprint,
        },
        "shopper": purchase.traits,
    }


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(History)


def encode_history(history: History) -> bytes:
    """The stored bytes of a history."""
    return _encoder.encode(history)


def decode_history(row: bytes) -> History:
    """A history from its stored bytes."""
    return _decoder.decode(row)
