"""Disputes that ended, under two policies: what each would have advised, beside what really came of them.

What contesting brings is known only where it was done, so what a policy is expected to gain stands beside what really
came back for those disputes alone; of the rest the result is unknown, never guessed. Nothing is summed across
currencies.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from app.domain.case import Case, Dispute
from app.domain.disputes.closing import recovered_minor
from app.domain.disputes.lifecycle import ENDS

UNKNOWN = "unknown"
NOT_ADVISED = "none"


class DisputeKey(NamedTuple):
    """Which dispute of which case; a payment that never found its order is a case of its own."""

    case_id: str
    dispute_id: str


class Fee(msgspec.Struct, frozen=True):
    """What a dispute cost, for receiving or for countering it, in the currency of the fee."""

    amount_minor: int
    currency: str


class Trial(msgspec.Struct, frozen=True):
    """One dispute that ended. Amounts are in its currency, but for the fees.

    The actions are what each policy advised last: contest, accept, or none where there was nothing to choose.
    `contest_result`: what came of contesting it, unknown where no evidence was submitted. `recovered_minor`: what
    came back in the end.
    """

    merchant_id: str
    order_id: str | None
    dispute_id: str
    network: str | None
    category: str | None
    reason_code: str | None
    stage: str
    currency: str
    disputed_minor: int
    old_action: str
    old_win_probability: str | None
    old_expected_minor: int | None
    new_action: str
    new_win_probability: str | None
    new_expected_minor: int | None
    outcome: str
    contest_result: str
    recovered_minor: int
    fees: tuple[Fee, ...]

    @property
    def is_advised_otherwise(self) -> bool:
        """Whether the policies differ in what they would have done."""
        return self.old_action != self.new_action

    @property
    def is_known(self) -> bool:
        """Whether it was contested, so that what contesting brings is known."""
        return self.contest_result != UNKNOWN


class Standing(msgspec.Struct, frozen=True):
    """What one policy (old or new) comes to on the ended disputes of a merchant, in one currency.

    Of those that it would have contested: `known` were contested in truth, and what was expected of them stands beside
    what they brought and what all their fees were; `unknown` were not. `left_out`: contested in truth and not by this
    policy, and what that brought.
    """

    merchant_id: str
    policy: str
    currency: str
    disputes: int
    contested: int
    expected_minor: int
    known: int
    known_expected_minor: int
    known_recovered_minor: int
    known_fees: tuple[Fee, ...]
    unknown: int
    unknown_expected_minor: int
    left_out: int
    left_out_recovered_minor: int


def ended(cases: Iterable[Case]) -> dict[DisputeKey, tuple[Case, Dispute]]:
    """The disputes that have ended, as their cases know them."""
    return {
        DisputeKey(case.case_id, dispute.dispute_id): (case, dispute)
        for case in cases
        for dispute in case.disputes.values()
        if dispute.state in ENDS and dispute.currency
    }


def try_disputes(old: Iterable[Case], new: Iterable[Case]) -> list[Trial]:
    """Every dispute that ended under the old policies, which are those that really spoke, and what the new ones say.

    A deadline is the policy's where the provider names none, so a dispute may not have ended under the new ones.
    """
    known = ended(old)
    after = {
        key: dispute
        for case in new
        for dispute in case.disputes.values()
        if (key := DisputeKey(case.case_id, dispute.dispute_id)) in known
    }
    return [_trial(case, dispute, after[key]) for key, (case, dispute) in known.items()]


def standings(trials: Iterable[Trial]) -> list[Standing]:
    """The trials summed up by merchant and currency, the old policies before the new ones."""
    alike: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        alike.setdefault((trial.merchant_id, trial.currency), []).append(trial)
    return [
        _standing(merchant_id, policy, currency, found)
        for (merchant_id, currency), found in sorted(alike.items())
        for policy in ("old", "new")
    ]


def _trial(case: Case, dispute: Dispute, after: Dispute) -> Trial:
    before_advice, after_advice = dispute.recommendation or {}, after.recommendation or {}
    recovered = recovered_minor(dispute)
    outcome = "partial" if dispute.state == "won" and recovered < dispute.amount_minor else dispute.state
    return Trial(
        merchant_id=case.merchant_id,
        order_id=case.order_id,
        dispute_id=dispute.dispute_id,
        network=dispute.network,
        category=dispute.category,
        reason_code=dispute.reason_code,
        stage=dispute.stage,
        currency=dispute.currency,
        disputed_minor=dispute.amount_minor,
        old_action=before_advice.get("action", NOT_ADVISED),
        old_win_probability=before_advice.get("win_probability"),
        old_expected_minor=before_advice.get("expected_value_minor"),
        new_action=after_advice.get("action", NOT_ADVISED),
        new_win_probability=after_advice.get("win_probability"),
        new_expected_minor=after_advice.get("expected_value_minor"),
        outcome=outcome,
        contest_result=UNKNOWN if dispute.submitted_at is None else outcome,
        recovered_minor=recovered,
        fees=tuple(Fee(fee.amount_minor, fee.currency) for fee in dispute.fees),
    )


def _standing(merchant_id: str, policy: str, currency: str, trials: list[Trial]) -> Standing:
    chosen = [trial for trial in trials if _action(trial, policy) == "contest"]
    known = [trial for trial in chosen if trial.is_known]
    left_out = [trial for trial in trials if trial.is_known and _action(trial, policy) != "contest"]
    expected, known_expected = (sum(_expected(trial, policy) for trial in some) for some in (chosen, known))
    return Standing(
        merchant_id=merchant_id,
        policy=policy,
        currency=currency,
        disputes=len(trials),
        contested=len(chosen),
        expected_minor=expected,
        known=len(known),
        known_expected_minor=known_expected,
        known_recovered_minor=sum(trial.recovered_minor for trial in known),
        known_fees=tuple(_by_currency(fee for trial in known for fee in trial.fees)),
        unknown=len(chosen) - len(known),
        unknown_expected_minor=expected - known_expected,
        left_out=len(left_out),
        left_out_recovered_minor=sum(trial.recovered_minor for trial in left_out),
    )


def _action(trial: Trial, policy: str) -> str:
    return trial.old_action if policy == "old" else trial.new_action


def _expected(trial: Trial, policy: str) -> int:
    expected = trial.old_expected_minor if policy == "old" else trial.new_expected_minor
    assert expected is not None, "what is to be contested was advised, with its value"
    return expected


def _by_currency(fees: Iterable[Fee]) -> Iterator[Fee]:
    sums: dict[str, int] = {}
    for fee in fees:
        sums[fee.currency] = sums.get(fee.currency, 0) + fee.amount_minor
    yield from (Fee(minor, currency) for currency, minor in sorted(sums.items()))
