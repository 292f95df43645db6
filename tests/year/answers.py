"""Who answers what is said: the provider its refund instructions, the network the shop's answers to disputes, the desk
what it is asked.

Pure: the same record is answered the same way. What becomes of an instruction or a question is drawn from its id.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from app.demo.oracle import Expectation
from tests.year.purchase import APPLIED, OVERTAKEN, Told, tell, text_of

Body = dict[str, Any]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def drawn(*facts: str) -> int:
    """0 to 999, evenly, from what the draw is about."""
    return int.from_bytes(blake2b("\x1f".join(facts).encode(), digest_size=8).digest()) % 1000


class Answers:
    """Answers records as they are said. It knows which refunds are over, and which were called off before."""

    def __init__(self) -> None:
        self.called_off: set[str] = set()
        self._known: dict[str, Body] = {}
        self._over: set[str] = set()

    def to(self, topic: str, body: Body, now: datetime) -> Iterator[Told]:
        """What follows from one record, with the times when it arrives: never before `now`."""
        match topic:
            case "refund-instructions":
                yield from self._provider(body, now)
            case "dispute-instructions":
                yield from _network(body, now)
            case "refund-decisions":
                yield from _reviewer(body, now)
            case "chargeback-alerts":
                yield from _desk(body, now)

    def sent(self, told: Told) -> None:
        """An answer of the provider was sent: after an end nothing can be called off."""
        if b"refund.submitted" not in told.value:
            self._over.add(told.of)
            self._known.pop(told.of, None)

    def _provider(self, body: Body, now: datetime) -> Iterator[Told]:
        instruction = body["instruction_id"]
        if body["type"] == "store_credit.issue":
            what = "failed" if drawn("credit", instruction) < 100 else "issued"
            fields = {"order_id": body["order_id"], "instruction_id": instruction, "amount": body["amount"]}
            yield _told("orders", f"store_credit.{what}", body, now + 5 * HOUR, instruction, fields)
        elif body["type"] == "refund.execute":
            self._known[instruction] = body
            yield from _executed(body, now)
        elif instruction in self._known and drawn("cancel", instruction) < 600:
            # The others go out all the same: the provider was quicker.
            self.called_off.add(instruction)
            yield _refund("failed", self._known.pop(instruction), now + 2 * HOUR, off=True, failure_code="canceled")


def _executed(body: Body, now: datetime) -> Iterator[Told]:
    """Paid, refused, paid late, come back again, told twice, told by another name, or never answered."""
    fate = drawn("fate", body["instruction_id"])
    sent, done = now + HOUR * (1 + fate % 30), now + HOUR * (36 + fate % 60)
    if fate < 40:
        return
    if fate >= 150:
        yield _refund("submitted", body, sent, nameless=fate % 25 == 0)
    if fate < 120:
        yield _refund("failed", body, done, failure_code="declined")
    elif fate < 200 and drawn("stuck", body["instruction_id"]) < 500:
        yield _refund("succeeded", body, now + 15 * DAY)
    else:
        yield _refund("succeeded", body, done, acquirer_reference_number=f"arn-{fate}")
        if fate % 20 == 7:
            what = "reversed" if fate % 2 else "failed"
            more = {"failure_code": "account_closed"} if what == "failed" else {}
            yield _refund(what, body, done + 9 * DAY, **more)
    if fate % 20 == 3 and fate < 120:
        yield _refund("succeeded", body, done + 3 * DAY)


def _refund(what: str, body: Body, at: datetime, *, nameless: bool = False, off: bool = False, **more: Any) -> Told:
    instruction = body["instruction_id"]
    fields = {
        "payment_id": body["payment_id"],
        "refund_id": f"re-{instruction[-20:]}",
        "instruction_id": instruction,
        "amount": body["amount"],
        **more,
    }
    if nameless:
        del fields["instruction_id"]
    about = f"{instruction}{'-off' if off else ''}"
    return _told("payments", f"refund.{what}", body, at, about, fields)._replace(of="" if off else instruction)


def _network(body: Body, now: datetime) -> Iterator[Told]:
    """The provider passes the answer on; one acceptance in ten is never confirmed."""
    instruction, named = body["instruction_id"], {"payment_id": body["payment_id"], "dispute_id": body["dispute_id"]}
    if body["type"] == "dispute.submit_evidence":
        fields = named | {"instruction_id": instruction}
        yield _told("disputes", "dispute.evidence_submitted", body, now + 6 * HOUR, instruction, fields)
    elif drawn("accept", instruction) < 900:
        fields = named | {"instruction_id": instruction}
        yield _told("disputes", "dispute.accepted", body, now + 9 * HOUR, instruction, fields)


def _reviewer(body: Body, now: datetime) -> Iterator[Told]:
    if body["type"] != "refund.held" or body.get("waiting_for") not in ("review", "second_review"):
        return
    fate = drawn("review", body["id"])
    if fate < 900:
        verdict = "approve" if fate < 650 else "deny" if fate < 850 else "ask"
        who = "lead" if body["waiting_for"] == "second_review" else "ann"
        yield _verdict(body, "refund_request", body["request_id"], verdict, now + HOUR * (1 + fate % 40), who)


def _desk(body: Body, now: datetime) -> Iterator[Told]:
    """The desk contests, accepts, is silent, comes too late, or has looked at an older revision."""
    if body["type"] == "pre_dispute.action_required":
        fate = drawn("alert", body["alert_id"])
        if fate < 700:
            verdict = "refund" if fate < 450 else "ignore"
            yield _verdict(body, "alert", body["alert_id"], verdict, now + HOUR * (1 + fate % 60), "ann")
    elif body["type"] == "dispute.action_required" and body["order_id"] is not None:
        fate = drawn("dispute", body["dispute_id"], body["stage"])
        if body["revision"] > 1 and fate % 2:
            return
        verdict = "contest" if fate < 350 else "accept"
        if fate < 480:
            yield _verdict(body, "dispute", body["dispute_id"], verdict, now + HOUR * (2 + fate % 90), "ann")
        elif fate < 520:
            late = datetime.fromisoformat(body["respond_by"]) + HOUR
            yield _verdict(body, "dispute", body["dispute_id"], "contest", max(late, now + HOUR), "ann")
        elif fate < 570:
            at = now + HOUR * (2 + fate % 300)
            yield _verdict(body, "dispute", body["dispute_id"], "contest", at, "bob", revision=body["revision"])


def _verdict(
    body: Body, kind: str, id_: str, verdict: str, at: datetime, who: str, revision: int | None = None
) -> Told:
    looked_at = {} if revision is None else {"revision": revision}
    fields = {
        "order_id": body["order_id"],
        "review_id": f"review-{body['id']}",
        "subject": {"kind": kind, "id": id_},
        "verdict": verdict,
        "reviewer_id": who,
        **looked_at,
    }
    return _told("reviews", "review.resolved", body, at, body["id"], fields, OVERTAKEN)


def _told(
    topic: str, type_: str, body: Body, at: datetime, about: str, fields: Body, expects: Expectation = APPLIED
) -> Told:
    named = {
        "event_id": f"{type_}-{about}",
        "type": type_,
        "occurred_at": text_of(at),
        "merchant_id": body["merchant_id"],
    }
    arrives = at + timedelta(seconds=drawn("way", about, type_) % 60)
    return tell(topic, named | fields, arrives, expects)
