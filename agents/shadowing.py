"""Policies that are tried beside the live ones: what they would have decided is compared and counted, never done."""

import logging
from collections import Counter
from dataclasses import dataclass, field

from app.domain.policy import Policies
from app.domain.records import Decided, Shadowed

FINAL = frozenset({"approved", "denied"})
SAME, FLIPPED = "same", "flipped"
MORE, LESS = "more", "less"
UNDECIDED, FAILED = "undecided", "failed"

_log = logging.getLogger("refundry.shadow")


@dataclass
class Shadow:
    """A book of policies and what came of it since somebody last cleared the counters.

    `decisions` counts by verdict (same or flipped), the live outcome and the shadow's: a decision flips where its
    outcome or what is paid differs. A shadow is `undecided` where it would ask the customer's history first, `failed`
    where it could not be judged. `money_minor` is by currency and direction: what would have gone out more or less than
    did, in minor units, once per request, when it is approved or denied and the shadow has decided.
    """

    policies: Policies
    decisions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    money_minor: Counter[tuple[str, str]] = field(default_factory=Counter)

    def compare(self, record: Shadowed, decision_id: str) -> None:
        """Counts one decision and what would have been in its place; `decision_id` is that of the live one."""
        live, instead = record.decided, record.instead
        outcome = instead.outcome if instead else FAILED if record.failed else UNDECIDED
        difference = (_paid(instead) if instead else 0) - _paid(live)
        verdict = SAME if outcome == live.outcome and not difference else FLIPPED
        self.decisions[verdict, live.outcome, outcome] += 1
        if difference and instead is not None and live.currency is not None and live.outcome in FINAL:
            self.money_minor[live.currency, MORE if difference > 0 else LESS] += abs(difference)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("shadow_compared", extra=_line(record, decision_id, verdict, outcome))

    def clear(self) -> None:
        """Begins to count anew."""
        self.decisions.clear()
        self.money_minor.clear()


def _paid(decided: Decided) -> int:
    return decided.amount_minor or 0 if decided.outcome == "approved" else 0


def _line(record: Shadowed, decision_id: str, verdict: str, outcome: str) -> dict[str, object]:
    """What is logged: names of policies and codes, amounts, and the one id by which the decision is found."""
    live, instead = record.decided, record.instead
    return {
        "decision": decision_id,
        "verdict": verdict,
        "live": live.outcome,
        "live_reason": live.reasons[0].code if live.reasons else "",
        "live_minor": _paid(live),
        "shadow": outcome,
        "shadow_policy": f"{instead.policy[0]}@{instead.policy[1]}" if instead else "",
        "shadow_reason": instead.reasons[0].code if instead and instead.reasons else "",
        "shadow_minor": _paid(instead) if instead else 0,
        "currency": live.currency,
    }
