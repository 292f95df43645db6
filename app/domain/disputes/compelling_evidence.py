"""Compelling evidence: earlier payments of the same customer and card that nobody disputed show a disputed one to be
the cardholder's own.

Which network has such a rule, for which reason codes, and its numbers are the table `compelling_evidence`. The history
of the customer looks for the earlier payments, the case judges them; both by what stands here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple, Protocol

import msgspec

from app.domain.case import CompellingEvidence, Dispute, Payment, Proof
from app.domain.plain import plain
from app.domain.tables import table
from topics.payments import Method, Shopper

QUALIFIED, NOT_QUALIFIED, NEEDS_MORE = "qualified", "not_qualified", "needs_more"
PRIOR_PAYMENT = "prior_payment"


class Purchase(msgspec.Struct, frozen=True, array_like=True):
    """A captured payment, as far as it can be compared with another: its card, and hashes of who paid, from where.

    A stored shape: fields are only ever appended, with a default.
    """

    payment_id: str
    captured_at: datetime
    event_id: str
    network: str
    last4: str | None = None
    fingerprint: str | None = None
    traits: dict[str, str] = {}

    def is_of_card(self, other: "Purchase") -> bool:
        """Whether both were paid with one card: the same fingerprint, else the same network and last digits."""
        if self.fingerprint and other.fingerprint:
            return self.fingerprint == other.fingerprint
        return self.last4 is not None and (self.network, self.last4) == (other.network, other.last4)


class Rule(NamedTuple):
    """A network's rule. `elements`: what is compared, and the fields of which one must be equal in all payments;
    `fields`: all of these.
    """

    reason_codes: frozenset[str]
    age_min: timedelta
    age_max: timedelta
    prior_payments: int
    matches: int
    elements: Mapping[str, tuple[str, ...]]
    one_of: frozenset[str]
    fields: tuple[str, ...]

    def qualifies(self, matched: Mapping[str, str]) -> bool:
        """Whether these elements are enough."""
        return len(matched) >= self.matches and not self.one_of.isdisjoint(matched)

    def short_of(self, matched: Mapping[str, str]) -> list[str]:
        """The fields of which one more equal one would take the match further; none where it is enough."""
        if self.qualifies(matched):
            return []
        last = len(matched) >= self.matches - 1 and self.one_of.isdisjoint(matched)
        wanted = self.one_of if last else self.elements.keys()
        return [fields[0] for name, fields in self.elements.items() if name in wanted and name not in matched]


@cache
def rule_of(network: str | None) -> Rule | None:
    """The rule of a network, None where it has none."""
    row = table("compelling_evidence").get(network or "")
    return row and Rule(
        reason_codes=frozenset(row["reason_codes"]),
        age_min=timedelta(days=row["age_days_min"]),
        age_max=timedelta(days=row["age_days_max"]),
        prior_payments=row["prior_payments"],
        matches=row["matches"],
        elements={name: tuple(fields) for name, fields in row["elements"].items()},
        one_of=frozenset(row["one_of"]),
        fields=tuple(field for fields in row["elements"].values() for field in fields),
    )


def rule_for(dispute: Dispute) -> Rule | None:
    """The rule that a dispute can be answered by: its network's, if the reason code is one of the rule's."""
    rule = rule_of(dispute.network)
    return rule if rule is not None and (dispute.reason_code or "").strip() in rule.reason_codes else None


def purchase_of(payment: Payment) -> Purchase | None:
    """The payment as it can be compared; None where its network has no rule, nothing was captured, or no card is told.

    Of who paid only what the rule compares is taken along.
    """
    rule = rule_of(payment.network)
    if rule is None or not payment.captured_minor or not (payment.last4 or payment.fingerprint):
        return None
    assert payment.network is not None
    first = min(payment.takings, key=lambda capture: (capture.captured_at, capture.capture_id))
    told = payment.shopper or {}
    return Purchase(
        payment_id=payment.payment_id,
        captured_at=first.captured_at,
        event_id=first.event_id,
        network=payment.network,
        last4=payment.last4,
        fingerprint=payment.fingerprint,
        traits={field: told[field] for field in rule.fields if told.get(field)},
    )


class ToldPayment(Protocol):
    """A payment as the internal topics tell it, to the history and by it."""

    @property
    def payment_id(self) -> str: ...
    @property
    def event_id(self) -> str | None: ...
    @property
    def method(self) -> Method | None: ...
    @property
    def shopper(self) -> Shopper | None: ...


def purchase_told(told: ToldPayment, *, captured_at: datetime) -> Purchase:
    """A payment that another case has told of, as it can be compared."""
    method = told.method
    return Purchase(
        payment_id=told.payment_id,
        captured_at=captured_at,
        event_id=told.event_id or "",
        network=(method.network if method else None) or "",
        last4=method.last4 if method else None,
        fingerprint=method.fingerprint if method else None,
        traits={name: value for name, value in (plain(told.shopper) or {}).items() if value is not None},
    )


def best_priors(rule: Rule, disputed: Purchase, candidates: Iterable[Purchase]) -> tuple[Purchase, ...]:
    """As many earlier payments as the rule wants, that fit best: enough before not enough, then most elements, then the
    newest, then the smallest `payment_id`. All there are, where they are fewer.
    """
    newest_first = sorted(sorted(candidates, key=lambda p: p.payment_id), key=lambda p: p.captured_at, reverse=True)
    alike: dict[frozenset[str], list[Purchase]] = {}
    for prior in newest_first:
        alike.setdefault(_equal(disputed, [prior]), []).append(prior)
    # Of those that match alike the newest are as good as any: what is left to combine is small.
    worth = {prior.payment_id for group in alike.values() for prior in group[: rule.prior_payments]}
    in_order = [prior for prior in newest_first if prior.payment_id in worth]
    if len(in_order) <= rule.prior_payments:
        return tuple(in_order)

    def rank(chosen: Sequence[Purchase]) -> tuple[bool, int]:
        found = matched(rule, disputed, chosen)
        return not rule.qualifies(found), -len(found)

    return min(combinations(in_order, rule.prior_payments), key=rank)


def matched(rule: Rule, disputed: Purchase, priors: Sequence[Purchase]) -> dict[str, str]:
    """The elements that are equal in all of the payments, and by which field."""
    equal = _equal(disputed, priors) if priors else frozenset[str]()
    found = {name: next((f for f in fields if f in equal), None) for name, fields in rule.elements.items()}
    return {name: field for name, field in found.items() if field is not None}


def _equal(disputed: Purchase, priors: Sequence[Purchase]) -> frozenset[str]:
    equal = set(disputed.traits.items()).intersection(*(prior.traits.items() for prior in priors))
    return frozenset(field for field, _ in equal)


def judge(rule: Rule, disputed: Purchase, candidates: Collection[Purchase]) -> CompellingEvidence:
    """What the earlier payments come to: enough, one step short of it, or not."""
    priors = best_priors(rule, disputed, candidates)
    found = matched(rule, disputed, priors)
    if len(priors) < rule.prior_payments:
        status, missing = NEEDS_MORE, [PRIOR_PAYMENT]
    elif rule.qualifies(found):
        status, missing = QUALIFIED, []
    else:
        status = NEEDS_MORE if len(found) >= rule.matches - 1 else NOT_QUALIFIED
        missing = rule.short_of(found)
    return CompellingEvidence(
        status=status,
        priors={prior.payment_id: Proof(prior.event_id, prior.captured_at) for prior in priors},
        matches=list(found.values()),
        missing=missing,
    )


def said_of(found: CompellingEvidence | None) -> dict[str, Any] | None:
    """What alerts and documents say of it."""
    if found is None:
        return None
    return {
        "status": found.status,
        "prior_payment_ids": list(found.priors),
        "matches": found.matches,
        "missing": found.missing,
    }
