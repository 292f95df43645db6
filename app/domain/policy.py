"""A policy: what a merchant has laid down about refunds and disputes, and which version of it speaks at a time.

A policy is made by `app.policies`, which checks it; here it is only read. `sealed` gives it the digest that each
decision names: the hash of its canonical document, defaults written out, so it changes when and only when the meaning
does.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal

import msgspec

from app.domain.policy_terms import (
    Disputes,
    Fees,
    Limits,
    Monitoring,
    PreDispute,
    Proration,
    ReturnRequired,
    Rule,
    ShippingRefund,
    Statutory,
    Velocity,
    WaitKind,
    Window,
)

EVERYONE = "*"
BUILT_IN_ID = "built-in"
MERCHANTS_AT_HAND = 8192


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one policy. A version that was published never changes."""

    id: str = msgspec.field(name="policy")
    version: int
    effective_from: datetime
    merchants: tuple[str, ...]
    window: Window
    auto_approve_limit: Limits | None
    second_reviewer_above: Limits | None
    return_required: ReturnRequired
    fees: Fees
    shipping_refund: ShippingRefund
    proration: Proration
    tenders: Literal["as_captured", "proportional"] | tuple[str, ...]
    velocity: Velocity | None
    staff_override: tuple[str, ...]
    statutory: Statutory | None
    waits: dict[str, timedelta]
    refund_stuck_after_days: int
    disputes: Disputes
    pre_dispute: PreDispute | None
    monitoring: Monitoring
    rules: tuple[Rule, ...] = ()
    digest: str = ""

    @property
    def statutory_enabled(self) -> bool:
        """Whether the legal right of withdrawal is asked for at all."""
        return self.statutory is not None and self.statutory.enabled

    @property
    def stuck_after(self) -> timedelta:
        """How long a refund may be without an answer of the provider."""
        return timedelta(days=self.refund_stuck_after_days)

    def window_days(self, category: str | None) -> int:
        """How many days a line of the category can be given back."""
        return self.window.days if category is None else self.window.by_category.get(category, self.window.days)

    def wait(self, kind: WaitKind) -> timedelta:
        """How long is waited for a thing before its absence decides."""
        return self.waits[kind]


TERMS = tuple(
    name for name in Policy.__struct_fields__ if name not in {"id", "version", "effective_from", "merchants", "digest"}
)


def document(policy: Policy) -> dict[str, Any]:
    """The whole policy as the JSON of its document: every key written out, durations and rates in one spelling each."""
    told: dict[str, Any] = {
        "policy": policy.id,
        "version": policy.version,
        "effective_from": msgspec.to_builtins(policy.effective_from),
        "merchants": list(policy.merchants),
    }
    for name in TERMS:
        told[name] = msgspec.to_builtins(getattr(policy, name)) if name not in {"waits", "rules"} else None
    told["fees"] = {name: value for name, value in told["fees"].items() if value is not None}
    told["waits"] = {kind: _duration(wait) for kind, wait in policy.waits.items()}
    told["rules"] = [{key: getattr(rule, key) for key in ("name", "when", "then", "reason")} for rule in policy.rules]
    return told


def canonical(policy: Policy) -> bytes:
    """The document in its one canonical spelling: compact JSON, keys sorted. These bytes are what is published."""
    return msgspec.json.encode(document(policy), order="deterministic")


def sealed(policy: Policy) -> Policy:
    """The policy with its digest: the first 16 hexadecimal digits of the SHA-256 of the canonical document."""
    return msgspec.structs.replace(policy, digest=sha256(canonical(policy)).hexdigest()[:16])


def _duration(wait: timedelta) -> str:
    seconds = wait // timedelta(seconds=1)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


# Python and not a file: the domain reads none, and what fills the gaps of every other policy must be there before any
# policy can be read. `app/policies` takes its defaults from here.
BUILT_IN = sealed(
    Policy(
        id=BUILT_IN_ID,
        version=1,
        effective_from=datetime(1970, 1, 1, tzinfo=UTC),
        merchants=(EVERYONE,),
        window=Window(days=30, from_="delivered", by_category={"electronics": 14}),
        auto_approve_limit={"default": 20_000, "EUR": 20_000, "JPY": 30_000},
        second_reviewer_above={"default": 100_000},
        return_required=ReturnRequired(
            kinds=("physical",),
            unless_below={"default": 1_500},
            reasons_exempt=("not_received", "damaged", "duplicate_charge", "overcharged", "order_cancelled"),
        ),
        fees=Fees(),
        shipping_refund=ShippingRefund(
            reasons=("damaged", "not_as_described", "not_received", "statutory_withdrawal", "order_cancelled"),
            with_full_return=True,
        ),
        proration=Proration(unit="day", cancellation_day="used", on_cancellation="refund", setup_fee="keep"),
        tenders="as_captured",
        velocity=Velocity(requests=5, days=30),
        staff_override=("window_expired", "final_sale"),
        statutory=Statutory(enabled=True),
        waits={
            "link": timedelta(hours=1),
            "order": timedelta(hours=72),
            "payment": timedelta(days=7),
            "return": timedelta(days=30),
            "review": timedelta(days=14),
            "history": timedelta(seconds=60),
        },
        refund_stuck_after_days=10,
        disputes=Disputes(
            win_probability={
                "fraudulent": Decimal("0.2"),
                "product_not_received": Decimal("0.55"),
                "default": Decimal("0.35"),
            },
            win_adjust={
                "liability_shifted": Decimal("0.4"),
                "compelling_evidence": Decimal("0.4"),
                "refund_paid": Decimal("0.3"),
                "proof_missing": Decimal("-0.2"),
            },
            handling_cost={"default": 1_500},
            counter_fee={"default": 1_500},
            deadline_margin_hours=48,
            reminders_hours=(72, 24),
            auto_respond=False,
        ),
        pre_dispute=PreDispute(refund_up_to={"default": 5_000}),
        monitoring=Monitoring(region="eu", regulated=True),
    )
)


class PolicyChangedError(Exception):
    """A version that is published came again with another content; the first one stays."""


class Policies:
    """All versions of all policies, and which one speaks.

    Of each policy the version in force is the newest that is effective. Among these the one that names the merchant
    speaks, else the one for everyone, else the built-in. Two that name the same merchant are refused where policies
    are loaded and published; should they meet here, the newest speaks, then the greater id, on every worker alike.
    """

    def __init__(self, policies: Iterable[Policy] = (), *, built_in: Policy = BUILT_IN) -> None:
        self._built_in = built_in
        self._versions: dict[str, dict[int, Policy]] = {}
        self._naming: dict[str, set[str]] = {}
        # Asked once per event; what a merchant was told stays until a policy is added.
        self._course = lru_cache(maxsize=MERCHANTS_AT_HAND)(self._course_of)
        for policy in policies:
            self.add(policy)

    def __iter__(self) -> Iterator[Policy]:
        """Every version that was added, by policy and version."""
        for _, versions in sorted(self._versions.items()):
            for _, policy in sorted(versions.items()):
                yield policy

    def get(self, policy_id: str, version: int) -> Policy | None:
        """One version of one policy, None where it is not known."""
        return self._versions.get(policy_id, {}).get(version)

    def add(self, policy: Policy) -> bool:
        """Adds a version; False where it is known already. Raises `PolicyChangedError` where it is known otherwise."""
        known = self.get(policy.id, policy.version)
        if known is not None:
            if known.digest != policy.digest:
                raise PolicyChangedError(f"{policy.id}@{policy.version}: {known.digest} became {policy.digest}")
            return False
        self._versions.setdefault(policy.id, {})[policy.version] = policy
        for merchant_id in policy.merchants:
            self._naming.setdefault(merchant_id, set()).add(policy.id)
        self._course.cache_clear()
        return True

    def speaking(self, merchant_id: str, at: datetime) -> Policy:
        """The policy version in force for the merchant at that (aware) time."""
        starts, speakers = self._course(merchant_id)
        return speakers[bisect_right(starts, at)]

    def _course_of(self, merchant_id: str) -> tuple[list[datetime], list[Policy]]:
        """From when on which version speaks: n starts, and n + 1 speakers, the first before all starts."""
        ids = self._naming.get(merchant_id, set()) | self._naming.get(EVERYONE, set())
        known = [list(self._versions[policy_id].values()) for policy_id in ids]
        starts = sorted({policy.effective_from for versions in known for policy in versions})
        return starts, [self._built_in, *(self._chosen(merchant_id, known, start) for start in starts)]

    def _chosen(self, merchant_id: str, known: list[list[Policy]], at: datetime) -> Policy:
        in_force = [policy for versions in known if (policy := version_in_force(versions, at)) is not None]
        for name in (merchant_id, EVERYONE):
            naming = [policy for policy in in_force if name in policy.merchants]
            if naming:
                return max(naming, key=lambda policy: (policy.effective_from, policy.id))
        return self._built_in


def version_in_force(versions: Iterable[Policy], at: datetime) -> Policy | None:
    """Of the versions of one policy the newest that is effective at that time, None before the first."""
    effective = [policy for policy in versions if policy.effective_from <= at]
    return max(effective, key=lambda policy: (policy.effective_from, policy.version), default=None)
