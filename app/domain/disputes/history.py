"""What a dispute needs to know of its customer's earlier payments, and how it is asked for.

The first alert never waits for the answer; a later revision carries it. An answer by policy does wait, as long as the
policy lets requests wait for the history: giving in is final, and the answer may turn the advice.
"""

from collections.abc import Iterator

from app.domain.case import Case, Dispute
from app.domain.context import Context
from app.domain.disputes.compelling_evidence import judge, purchase_of, purchase_told, rule_for
from app.domain.ids import dispute_question_id
from app.domain.policy import Policy
from app.domain.records import Asked, Compared, Record, Scheduled
from app.domain.timer_names import evidence_timer
from topics.case_events import HistoryAnswered


def ask(case: Case, dispute: Dispute, policy: Policy, context: Context) -> Iterator[Record]:
    """The question, once per stage, where the network has a rule, and customer and payment are known."""
    rule = rule_for(dispute)
    if rule is None or dispute.opened_at is None or case.customer_id is None or case.customer_token is not None:
        return
    question_id, payment = dispute_question_id(case, dispute), case.payments.get(dispute.payment_id)
    if dispute.question == question_id or payment is None or purchase_of(payment) is None:
        return
    yield Asked(
        customer_id=case.customer_id,
        question_id=question_id,
        as_of=context.now,
        since=dispute.opened_at - rule.age_max,
        until=dispute.opened_at - rule.age_min,
        uses=("compelling_evidence",),
        dispute_id=dispute.dispute_id,
        payment_id=payment.payment_id,
    )
    if policy.disputes.auto_respond and dispute.answer is None:
        yield Scheduled(evidence_timer(dispute.dispute_id), context.clock + policy.wait("history"))


def is_awaited(case: Case, dispute: Dispute) -> bool:
    """Whether an answer by policy still waits for the history."""
    return evidence_timer(dispute.dispute_id) in case.timers


def stop_waiting(case: Case, dispute: Dispute) -> Iterator[Record]:
    """The history has answered, or the dispute needs no answer any more."""
    if is_awaited(case, dispute):
        yield Scheduled(evidence_timer(dispute.dispute_id), None)


def hear(case: Case, event: HistoryAnswered, context: Context) -> Iterator[Record]:
    """What the answer comes to. The alert that tells it follows like that of any other evidence."""
    del context
    for dispute in case.disputes.values():
        rule, payment = rule_for(dispute), case.payments.get(dispute.payment_id)
        if dispute.question != event.question_id or rule is None or payment is None:
            continue
        disputed = purchase_of(payment)
        if disputed is not None:
            candidates = [purchase_told(prior, captured_at=prior.captured_at) for prior in event.payments]
            yield Compared(dispute.dispute_id, judge(rule, disputed, candidates))
        yield from stop_waiting(case, dispute)
