"""The staff of the demo: who looks at what was held for review, and what they say.

Pure, like the provider: the same held decision gets the same verdict. Most are approved, some denied, a few questioned
and a few left lying.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from app.demo.oracle import Expectation
from app.demo.shop.messages import Message, encode, message, timestamp

REVIEWED = frozenset({"review", "second_review"})
APPROVED, DENIED, ASKED = 70, 90, 95
REVIEWED_AFTER = timedelta(minutes=3)
UNLESS_TOO_LATE = Expectation("applied", ("illegal_transition",))
"""By the time of the verdict the request may have ended by itself: withdrawn, or denied for a chargeback."""


def verdict_on(decision: Mapping[str, Any]) -> Message | None:
    """The `review.resolved` that follows a decision; None where it was not held for review, or is left lying.

    First and second review are by different people; a question is asked once, of the first revision.
    """
    if decision["type"] != "refund.held" or decision.get("waiting_for") not in REVIEWED:
        return None
    drawn = blake2b(decision["id"].encode(), digest_size=2).digest()
    share = int.from_bytes(drawn) % 100
    verdict = "approve" if share < APPROVED else "deny" if share < DENIED else "ask"
    if share >= ASKED or (verdict == "ask" and decision["revision"] > 1):
        return None
    second = decision["waiting_for"] == "second_review"
    at = datetime.fromisoformat(decision["occurred_at"]) + REVIEWED_AFTER
    body = {
        "event_id": f"rv-{decision['id']}",
        "type": "review.resolved",
        "occurred_at": timestamp(at),
        "merchant_id": decision["merchant_id"],
        "order_id": decision["order_id"],
        "review_id": f"review-{decision['request_id']}-{decision['revision']}",
        "subject": {"kind": "refund_request", "id": decision["request_id"]},
        "verdict": verdict,
        "reviewer_id": f"{'lead' if second else 'analyst'}-{drawn[0] % 4}",
    }
    return message("reviews", decision["order_id"], encode(body), occurred_at=at, expected=UNLESS_TOO_LATE)
