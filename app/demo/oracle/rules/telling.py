"""P5: people are told once, and only what is settled."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from app.demo.oracle.claims import ENDS
from app.demo.oracle.heard import Fact
from app.demo.oracle.said import Notice
from app.demo.oracle.trial import ALERT_PREFIX, Trial, named
from app.demo.oracle.verdict import Violation
from app.demo.oracle.wire import Body

BY_DECISION = {
    "refund_approved": "refund.approved",
    "refund_denied": "refund.denied",
    "refund_withdrawn": "refund.withdrawn",
}
BY_ANSWER = {
    "refund_sent": frozenset({"refund.submitted", "refund.succeeded"}),
    "refund_completed": frozenset({"refund.succeeded"}),
    "store_credit_issued": frozenset({"store_credit.issued"}),
    "refund_failed": frozenset({"refund.failed", "refund.reversed", "store_credit.failed"}),
}


ANSWERED = ENDS | {"dispute.evidence_submitted"}
DEBIT_RETURNED = "a direct debit was returned"


def told_once(trial: Trial) -> Iterator[Violation]:
    """One notification per case, template and fact, under whatever id."""
    seen: dict[tuple[object, ...], str] = {}
    for notice in trial.said.notices:
        fact = (
            notice.merchant,
            notice.order_id,
            notice.template,
            notice.request_id,
            notice.dispute_id,
            notice.cause if notice.template in BY_ANSWER or notice.request_id is None else _moment_of(notice),
        )
        other = seen.setdefault(fact, notice.id)
        if other != notice.id:
            detail = f"{notice.template} said as {other} and as {notice.id}"
            yield Violation("P5", "told_twice", _subject(notice), detail)


def _moment_of(notice: Notice) -> tuple[str, ...]:
    """Of one request these are said once; the others may come again with another cause."""
    return () if notice.template in BY_DECISION else notice.cause


def told_after_the_decision(trial: Trial) -> Iterator[Violation]:
    """Approved, denied or withdrawn is said of a request that was."""
    for notice in trial.said.notices:
        needed = BY_DECISION.get(notice.template)
        if needed is not None and needed not in _types(trial, notice):
            yield Violation("P5", "told_before_its_fact", _subject(notice), f"{notice.template} without {needed}")
        if notice.template == "refund_return_needed" and not _held_for(trial, notice, "return"):
            yield Violation("P5", "told_before_its_fact", _subject(notice), "no return is waited for")


def told_after_the_answer(trial: Trial) -> Iterator[Violation]:
    """Sent, completed and issued are said once for each instruction that the provider confirmed, and never before."""
    said: Counter[tuple[str, str, str | None, str]] = Counter()
    for notice in trial.said.notices:
        if notice.template in BY_ANSWER:
            said[notice.merchant, notice.order_id or "", notice.request_id, notice.template] += 1
    for (merchant, order_id, request_id, template), count in said.items():
        facts = _answers(trial, merchant, order_id, request_id, BY_ANSWER[template])
        subject = f"{merchant}/{order_id}/{request_id}"
        if not facts:
            wanted = " or ".join(sorted(BY_ANSWER[template]))
            yield Violation("P5", "told_before_its_fact", subject, f"{template}, and there is no {wanted}")
        elif count > facts:
            yield Violation("P5", "told_twice", subject, f"{template} {count} times for {facts} confirmations")


def _answers(trial: Trial, merchant: str, order_id: str, request_id: str | None, types: frozenset[str]) -> int:
    """How many refunds have such an answer: of the request's instructions, or of those made outside.

    A refund that came back can be answered the same way again, and then each answer counts.
    """
    answers: dict[str, list[Fact]] = defaultdict(list)
    if request_id is None:
        for payment in trial.facts.of_order(merchant, order_id):
            for fact in payment.money:
                if fact.type.startswith("refund."):
                    answers[trial.facts.instruction(fact) or fact.body.get("refund_id", "")].append(fact)
    for instruction_id in trial.instructions.get((merchant, order_id, request_id or ""), {}):
        answers[instruction_id] += trial.facts.answered.get((merchant, instruction_id), [])
        answers[instruction_id] += trial.facts.credits.get((merchant, instruction_id), [])
    count = 0
    for facts in answers.values():
        such = sum(fact.type in types for fact in facts)
        came_back = any(fact.type in {"refund.failed", "refund.reversed"} for fact in facts)
        count += such if came_back else min(such, 1)
    return count


def nobody_is_left_untold(trial: Trial) -> Iterator[Violation]:
    """Who is granted a refund is told, and told again when the provider has confirmed it."""
    told = {(n.merchant, n.order_id or "", n.request_id, n.template) for n in trial.said.notices}
    for request, body in trial.approvals():
        if request[2].startswith(ALERT_PREFIX) or body.get("historical"):
            continue
        if (*request, "refund_approved") not in told:
            yield Violation("P5", "lost_notification", named(request), "approved, and the customer was not told")
        completed = _answers(trial, *request, BY_ANSWER["refund_completed"])
        if completed and (*request, "refund_completed") not in told:
            yield Violation("P5", "lost_notification", named(request), "paid back, and the customer was not told")


def alerts_are_raised_once(trial: Trial) -> Iterator[Violation]:
    """Per fact one alert, whatever its id."""
    keys: dict[str, Callable[[Body], tuple[object, ...]]] = {
        "dispute.action_required": lambda body: (body["dispute_id"], body["revision"]),
        "refund.stuck": lambda body: (body["instruction_id"],),
        "payment.unlinked": lambda body: (body["payment_id"], body.get("order_id")),
        "refund.pay_by_near": lambda body: (body["request_id"], body["days_left"]),
    }
    for type_, key in keys.items():
        count = Counter((body["merchant_id"], *key(body)) for body in trial.said.alerts.get(type_, []))
        for subject, times in count.items():
            if times > 1:
                yield Violation("P5", "alerted_twice", "/".join(map(str, subject)), f"{type_} {times} times")


def alerts_have_their_fact(trial: Trial) -> Iterator[Violation]:
    """A dispute is closed when somebody said so or a direct debit was returned, a refund returned when it was paid."""
    ended = _ends(trial)
    for body in trial.said.alerts.get("dispute.closed", []):
        told = ended[body["merchant_id"], body["dispute_id"]]
        by_itself = "timer" in (body.get("cause") or {}) or (body["outcome"] == "lost" and DEBIT_RETURNED in told)
        if not by_itself and f"dispute.{body['outcome']}" not in told:
            subject = f"{body['merchant_id']}/{body['dispute_id']}"
            yield Violation("P5", "alerted_before_its_fact", subject, f"closed as {body['outcome']}, nobody said so")
    for body in trial.said.alerts.get("refund.returned", []):
        payment = trial.facts.payments.get((body["merchant_id"], body["payment_id"]))
        back = [] if payment is None else [f for f in payment.money if f.type in {"refund.failed", "refund.reversed"}]
        back += trial.facts.credits.get((body["merchant_id"], body["refund_id"]), [])
        if not back:
            subject = f"{body['merchant_id']}/{body['refund_id']}"
            yield Violation("P5", "alerted_before_its_fact", subject, "returned, and nothing came back")


def disputes_are_alerted(trial: Trial) -> Iterator[Violation]:
    """A dispute that opens on a payment of an order is brought before people, unless its answer or end was known."""
    known = {
        (body["merchant_id"], body["dispute_id"])
        for type_ in ("dispute.action_required", "dispute.unmatched")
        for body in trial.said.alerts.get(type_, [])
    }
    for payment in trial.facts.payments.values():
        if payment.order_id is None or not payment.captures:
            continue
        over = set[str]()
        for fact in payment.claims:
            dispute_id = fact.body.get("dispute_id", "")
            if fact.type in ANSWERED:
                over.add(dispute_id)
            opened = fact.type == "dispute.opened" and dispute_id not in over
            past = (payment.merchant, payment.order_id) in trial.historical
            if opened and not past and (payment.merchant, dispute_id) not in known:
                yield Violation(
                    "P5", "lost_alert", f"{payment.merchant}/{dispute_id}", "opened, and nobody was alerted"
                )


def _ends(trial: Trial) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for payment in trial.facts.payments.values():
        debit = any((fact.body.get("method") or {}).get("kind") == "bank_debit" for fact in payment.money)
        for fact in payment.claims:
            returned = debit and fact.type == "dispute.opened"
            found[payment.merchant, fact.body.get("dispute_id", "")].add(DEBIT_RETURNED if returned else fact.type)
    return found


def _types(trial: Trial, notice: Notice) -> set[str]:
    request = (notice.merchant, notice.order_id or "", notice.request_id or "")
    return {body["type"] for body in trial.by_request.get(request, [])}


def _held_for(trial: Trial, notice: Notice, what: str) -> bool:
    request = (notice.merchant, notice.order_id or "", notice.request_id or "")
    held = [body for body in trial.by_request.get(request, []) if body["type"] == "refund.held"]
    return any(
        body.get("waiting_for") == what or any(r["code"] == f"awaiting_{what}" for r in body["reasons"])
        for body in held
    )


def _subject(notice: Notice) -> str:
    about = notice.request_id or notice.dispute_id or notice.template
    return f"{notice.merchant}/{notice.order_id}/{about}"
