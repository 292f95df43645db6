"""What comes of refunds and disputes at the same time, in words, whoever ran them.

Of every race all is compared that was decided, instructed and called off, which alerts were raised, what the customer
was told, and what is refundable in the end.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from app.domain.ids import derive
from app.domain.policy import Policy
from tests.domain.events import Said, asked, captured, delivered, dispute, minor, placed, refund
from tests.domain.stories import policy

PAID = (placed(), captured("100.00", order_id="o1"), delivered())
WATCHED = frozenset({"exposure.detected", "pre_dispute.action_required", "dispute.closed", "refund.returned"})


class Later(NamedTuple):
    """Time goes by."""

    days: int


class Outcome(NamedTuple):
    """What came of a race, in words: the last decision on each request; whose refunds were instructed and called off;
    alerts of the watched types; templates of what the customer was told of waiting; what is refundable at the end.
    """

    decided: dict[str, str]
    instructed: tuple[str, ...] = ()
    called_off: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    bank_is_handling: int = 0
    left: str = "0.00"


class Race(NamedTuple):
    """What happens in order, and what comes of it. `limit`: above it requests go to review."""

    name: str
    happens: tuple[Said | Later, ...]
    outcome: Outcome
    limit: str | None = None

    @property
    def terms(self) -> Policy:
        """The policy of the race: it pays alerts up to 50.00 by itself, and nothing else is of its own accord."""
        return policy(auto_approve_limit={"default": minor(self.limit)}) if self.limit else policy()


INSTRUCTION = derive("ins", "m1/o1", "r1", "p1", "original")
ASKED = asked()
TAKEN, BACK = dispute("funds_withdrawn", "100.00"), dispute("funds_reinstated", "100.00")
CANCELLED = refund("failed", "100.00", instruction_id=INSTRUCTION, failure_code="canceled")
EARLIER = "2026-01-05T11:00:00Z"


def opened(text: str = "100.00", **more: Any) -> Said:
    return dispute("opened", text, **more)


def settles(text: str = "100.00") -> Said:
    """The provider has paid the refund of request r1, called off or not."""
    return refund("succeeded", text, instruction_id=INSTRUCTION, acquirer_reference_number="arn-1")


def race(
    name: str, *happens: Said | Later, limit: str | None = None, before: Iterable[Said] = PAID, **outcome: Any
) -> Race:
    return Race(name, (*before, *happens), Outcome(**outcome), limit)


def paid_to(request_id: str, text: str = "100.00") -> str:
    return f"{request_id} {text}"


def outcome_of(said: Iterable[Mapping[str, Any]], templates: Iterable[str], snapshot: Mapping[str, Any]) -> Outcome:
    """What came of a race, by the bodies that were published."""
    decided: dict[str, str] = {}
    instructed, called_off, alerts, requests = [], [], [], {}
    for body in said:
        match body["type"]:
            case "refund.approved" | "refund.denied" | "refund.held" | "refund.withdrawn":
                decided[body["request_id"]] = _decision(body)
            case "refund.execute":
                requests[body["instruction_id"]] = body["request_id"]
                instructed.append(paid_to(body["request_id"], _text(body["amount"]["amount_minor"])))
            case "refund.cancel":
                called_off.append(requests[body["instruction_id"]])
            case type_ if type_ in WATCHED:
                alerts.append(_alert(body))
    told = sum(template == "dispute_bank_is_handling" for template in templates)
    left = _text(sum(payment["refundable_minor"] for payment in snapshot["payments"]))
    return Outcome(decided, tuple(instructed), tuple(called_off), tuple(alerts), told, left)


def _decision(body: Mapping[str, Any]) -> str:
    outcome = body["type"].removeprefix("refund.")
    codes = [reason["code"] for reason in body["reasons"]]
    if outcome != "approved":
        return f"{outcome} {codes[0]}"
    return " ".join([outcome, _text(body["amount"]["amount_minor"]), *(["reduced"] if "reduced" in codes else [])])


def _alert(body: Mapping[str, Any]) -> str:
    match body["type"]:
        case "exposure.detected":
            return f"exposure.detected {_text(body['over']['amount_minor'])}"
        case "dispute.closed":
            return f"dispute.closed {body['outcome']} {_text(body['recovered']['amount_minor'])}"
    return str(body["type"])


def _text(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02}"
