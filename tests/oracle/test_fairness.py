"""The oracle takes the product's side where the records allow it, and only there."""

import ast
import copy
import sys
from pathlib import Path

import pytest

from app.demo import oracle
from app.demo.oracle import Expectation, Position, Record, kafka_record, replay_input, replay_output
from app.demo.oracle.wire import EXPECTATION_HEADER, message_digest
from tests.oracle.day import approve, captured, correct_run, paid_back
from tests.oracle.telling import Run, line, money, row, verdict_on


def names(verdict):
    return {violation.name for violation in verdict.violations}


def approved_beside_a_chargeback(*, dispute_first, another_decision=False):
    """A refund of all, and a chargeback of all that was read at about the same time."""
    run = Run()
    run.order("o", [line("l1", 1000)])
    captured(run, "o", "p", 1000)
    if dispute_first:
        opened(run)
    if another_decision:
        run.ask("r0", "o", kind="full")
        cause = ("disputes", "funds_withdrawn-d")
        run.decide("held", "r0", "o", ("orders", "asked-r0"), 1000, waiting_for="dispute")
        run.decide("denied", "r0", "o", cause, 0, revision=2)
    run.ask("r", "o", kind="full")
    rows = [row("line", 1000, line_id="l1", quantity=1)]
    approve(run, "r", "o", ("orders", "asked-r"), rows, [("p", 1000, "i", "original")])
    if not dispute_first:
        opened(run)
    asked = [("r0", "denied", 2)] if another_decision else []
    run.snapshot("o", ("orders", "asked-r"), [("p", 1000, 0, 1000, 1000)], [*asked, ("r", "approved", 1)])
    return run


def opened(run):
    run.dispute("opened", "p", "d", amount=money(1000), stage="chargeback")
    run.alert("dispute.action_required", "o", ("disputes", "opened-d"), "al", dispute_id="d", revision=1)
    run.dispute("funds_withdrawn", "p", "d", amount=money(1000))
    run.book("dispute_withdrawn", "o", ("disputes", "funds_withdrawn-d"), "p", -1000)


@pytest.mark.parametrize(
    ("told", "total_order", "broken"),
    [
        ({"dispute_first": True}, True, True),
        ({"dispute_first": False}, True, False),
        ({"dispute_first": True}, False, False),
        ({"dispute_first": True, "another_decision": True}, False, True),
    ],
    ids=["read-before", "read-after", "nobody-knows", "an-earlier-decision-names-it"],
)
def test_an_approval_is_wrong_only_if_the_claim_must_have_been_read(told, total_order, broken):
    run = approved_beside_a_chargeback(**told)
    verdict = verdict_on(run.inputs, run.outputs, total_order=total_order)
    assert names(verdict) == ({"approved_beyond_refundable"} if broken else set()), verdict


def test_a_dispute_without_its_order_waits_for_the_payment_and_does_not_bind_what_was_decided_first():
    run = Run()
    run.dispute("opened", "p", "d", amount=money(1000), stage="chargeback")
    run.order("o", [line("l1", 1000)])
    run.ask("r", "o", kind="full")
    until = {"waiting_for": "payment", "wait_until": "2026-03-09T12:00:00Z"}
    run.decide("held", "r", "o", ("orders", "asked-r"), 1000, **until)
    captured(run, "o", "p", 1000)
    rows = [row("line", 1000, line_id="l1", quantity=1)]
    approve(run, "r", "o", ("payments", "captured-p"), rows, [("p", 1000, "i", "original")], revision=2)
    run.alert("dispute.action_required", "o", ("disputes", "opened-d"), "al", dispute_id="d", revision=1)
    run.snapshot("o", ("disputes", "opened-d"), [("p", 1000, 0, 1000, 1000)], [("r", "approved", 2)])
    verdict = verdict_on(run.inputs, run.outputs)
    assert verdict.holds, verdict


def test_what_a_failed_refund_gave_back_can_be_approved_again():
    run = Run()
    run.order("o", [line("l1", 1000)])
    captured(run, "o", "p", 1000)
    rows = [row("line", 1000, line_id="l1", quantity=1)]
    run.ask("r1", "o", kind="full")
    approve(run, "r1", "o", ("orders", "asked-r1"), rows, [("p", 1000, "i1", "original")])
    paid_back(run, "i1", "r1", "o", "p", 1000)
    run.refund("reversed", "i1", "p", 1000)
    reversed_ = ("payments", "reversed-i1")
    run.book("refund_returned", "o", reversed_, "p", 1000)
    run.alert("refund.returned", "o", reversed_, "al", refund_id="re-i1", payment_id="p", amount=money(1000))
    run.ask("r2", "o", kind="full")
    approve(run, "r2", "o", ("orders", "asked-r2"), rows, [("p", 1000, "i2", "original")])
    run.snapshot("o", ("orders", "asked-r2"), [("p", 1000, 0, 1000, 0)], [("r1", "approved", 1), ("r2", "approved", 1)])
    for total_order in (True, False):
        verdict = verdict_on(run.inputs, run.outputs, total_order=total_order)
        assert verdict.holds, verdict


@pytest.mark.parametrize(("ended", "found"), [(True, set()), (False, {"good_event_refused"})])
def test_a_verdict_may_come_too_late_but_not_be_refused_before(ended, found):
    run = Run()
    run.order("o", [line("l1", 1000)])
    captured(run, "o", "p", 1000)
    run.ask("r", "o", kind="full")
    until = {"waiting_for": "review", "wait_until": "2026-03-16T12:00:00Z"}
    run.decide("held", "r", "o", ("orders", "asked-r"), 1000, **until)
    if ended:
        run.hear("orders", "refund.request_withdrawn", "o", "withdrawn-r", order_id="o", request_id="r")
        run.decide("withdrawn", "r", "o", ("orders", "withdrawn-r"), 0, revision=2)
        run.tell("refund_withdrawn", "o", ("orders", "withdrawn-r"), "r")
    verdict = {"order_id": "o", "review_id": "rv", "subject": {"kind": "refund_request", "id": "r"}, "verdict": "deny"}
    unless_late = Expectation("applied", ("illegal_transition",))
    run.hear("reviews", "review.resolved", "o", "verdict", expects=unless_late, **verdict)
    run.refuse(run.inputs[-1], "illegal_transition")
    last = ("r", "withdrawn", 2) if ended else ("r", "held", 1)
    run.snapshot("o", ("orders", "asked-r"), [("p", 1000, 0, 0, 0)], [last])
    assert names(verdict_on(run.inputs, run.outputs)) == found


def test_money_that_nobody_can_place_is_alerted_once_and_once_more_when_it_is_linked_too_late():
    run = Run()
    run.hear("payments", "payment.captured", "p", "captured-p", payment_id="p", amount=money(500))
    run.book("captured", None, ("payments", "captured-p"), "p", 500)
    run.outputs[-1]["key"] = "m-hand/~p"
    run.alert("payment.unlinked", None, ("payments", "captured-p"), "al-1", payment_id="p", amount=money(500))
    run.order("o", [line("l1", 500)])
    run.hear("payments", "payment.linked", "p", "linked-p", payment_id="p", order_id="o")
    run.alert("payment.unlinked", "o", ("payments", "linked-p"), "al-2", payment_id="p", amount=money(500))
    run.snapshot("~p", ("payments", "linked-p"), [("p", 500, 0, 0, 0)])
    run.snapshot("o", ("orders", "placed-o"))
    assert verdict_on(run.inputs, run.outputs).holds
    run.alert("payment.unlinked", "o", ("payments", "linked-p"), "al-3", payment_id="p", amount=money(500))
    assert names(verdict_on(run.inputs, run.outputs)) == {"alerted_twice"}


def test_records_that_a_broker_without_transactions_repeats_are_counted_and_forgiven():
    run = correct_run()
    outputs = [out for out in run.outputs for _ in range(2)]
    verdict = verdict_on(run.inputs, outputs, exactly_once=False)
    assert verdict.holds, verdict
    assert verdict.figures.outputs_repeated > 50
    assert names(verdict_on(run.inputs, outputs)) == {"output_repeated", "dead_letter_repeated"}


def test_a_repetition_with_other_content_is_never_forgiven():
    run = correct_run()
    again = copy.deepcopy(next(out for out in run.outputs if out["topic"] == "ledger-entries"))
    again["value"]["amount"]["amount_minor"] += 1
    verdict = verdict_on(run.inputs, [*run.outputs, again], exactly_once=False)
    assert "same_id_other_content" in names(verdict)


def test_what_was_decided_of_the_past_needs_no_instruction():
    run = Run()
    run.order("o", [line("l1", 1000)])
    captured(run, "o", "p", 1000)
    run.ask("r", "o", kind="full")
    rows = [row("line", 1000, line_id="l1", quantity=1)]
    run.decide("approved", "r", "o", ("orders", "asked-r"), 1000, rows, [("p", 1000, "i", "original")])
    run.outputs[-1]["value"]["historical"] = True
    run.snapshot("o", ("orders", "asked-r"), [("p", 1000, 0, 0, 0)], [("r", "approved", 1)])
    assert verdict_on(run.inputs, run.outputs).holds
    run.execute("i", "r", "o", ("orders", "asked-r"), "p", 1000)
    assert "instruction_of_the_past" in names(verdict_on(run.inputs, run.outputs))


def test_figures_count_what_happened():
    run = correct_run()
    figures = verdict_on(run.inputs, run.outputs).figures
    assert figures.inputs == len(run.inputs)
    assert figures.duplicates_absorbed == 1
    assert figures.dead_letters == {"id_conflict": 1, "not_json": 2}
    assert figures.requests == 8
    assert figures.outcomes == {"approved": 6, "denied": 1, "withdrawn": 1}
    assert figures.approved_minor == {"USD": 1101 + 1650 + 400 + 250, "EUR": 90000, "KWD": 10000}
    assert figures.payments_judged == 8


def test_a_record_in_no_known_shape_is_a_violation_and_not_an_accident():
    run = correct_run()
    decision = next(out for out in run.outputs if out["topic"] == "refund-decisions")
    decision["value"]["breakdown"] = [{"component": "line"}]
    assert "unreadable_shape" in names(verdict_on(run.inputs, run.outputs))


def test_reading_a_topic_again_from_its_beginning_changes_nothing():
    run = correct_run()
    once, twice = verdict_on(run.inputs, run.outputs), verdict_on([*run.inputs, *run.inputs], run.outputs)
    assert twice == once


def test_a_replays_lines_are_read_as_the_replay_reads_them():
    sent = """{"topic": "orders", "value": {"order_id": "o-1"}}
no line
{"topic": "orders", "value": "[", "key": null}
{"topic": "payments", "value_base64": "/w==", "headers": {"demo-expects": "refused:not_json"}}
{"topic": "disputes", "value": {"order_id": "o-2"}}
{"topic": "disputes", "value": {"order_id": "o-2", "payment_id": "p-2"}}
{"topic": "orders", "value": null}"""
    found = list(replay_input(sent.splitlines()))
    assert [record.key for record in found] == ["o-1", None, None, "o-2", "p-2", None]
    assert [record.value for record in found][1:3] == [b"[", b"\xff"]
    assert [record.position.offset for record in found] == [0, 1, 0, 0, 1, 2]
    assert found[2].headers == {EXPECTATION_HEADER: "refused:not_json"}
    (out,) = replay_output(['{"topic": "dead-letters", "key": "o", "headers": {"a": "b"}, "value": "["}', ""])
    assert out == Record(Position("dead-letters", 0, 0), "o", b"[", {"a": "b"})


def test_a_record_of_a_kafka_client_is_read_as_text():
    record = kafka_record(Position("orders", 2, 7), b"o", None, [("a", b"b"), ("c", None)])
    assert record == Record(Position("orders", 2, 7), "o", None, {"a": "b", "c": ""})
    assert kafka_record(Position("orders", 0, 0), None, b"{}", None).headers == {}


@pytest.mark.parametrize(
    "expected",
    [
        Expectation("applied"),
        Expectation("applied", late=True),
        Expectation("applied", ("illegal_transition",)),
        Expectation("duplicate"),
        Expectation("refused", ("not_json", "invalid_field")),
    ],
)
def test_an_expectation_is_read_as_it_was_written(expected):
    assert Expectation.of({EXPECTATION_HEADER: expected.header()}) == expected
    assert Expectation.of({}) is None


def test_a_message_is_known_again_however_its_json_is_written():
    assert message_digest(b'{"a": 1, "b": 2}') == message_digest(b'{"b":2,"a":1}')
    assert message_digest(b'{"a": 1}') != message_digest(b'{"a": 2}')
    assert message_digest(None) == message_digest(b"")
    assert message_digest(b"[" * 100_000) != message_digest(b"[" * 99_999)


def test_the_oracle_imports_the_standard_library_alone():
    folder = Path(oracle.__file__).parent
    sources = list(folder.rglob("*.py"))
    assert len(sources) > 10
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name in [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]:
                    assert name.startswith("app.demo.oracle") or name.split(".")[0] in sys.stdlib_module_names, source


def test_a_direct_debit_that_its_bank_took_back_is_closed_as_lost_without_a_word():
    for kind, found in (("bank_debit", set()), ("card", {"alerted_before_its_fact"})):
        run = Run()
        run.order("o", [line("l1", 1000)])
        fields = {"payment_id": "p", "order_id": "o", "amount": money(1000), "method": {"kind": kind}}
        run.hear("payments", "payment.captured", "p", "captured-p", **fields)
        run.book("captured", "o", ("payments", "captured-p"), "p", 1000)
        run.dispute("opened", "p", "d", amount=money(1000), stage="chargeback")
        opening = ("disputes", "opened-d")
        run.alert("dispute.action_required", "o", opening, "al", dispute_id="d", revision=1)
        run.alert("dispute.closed", "o", opening, "al-closed", dispute_id="d", outcome="lost")
        run.snapshot("o", opening, [("p", 1000, 0, 0, 1000)])
        assert names(verdict_on(run.inputs, run.outputs)) == found


def test_a_chargeback_that_was_answered_before_it_was_told_needs_no_alert():
    for first, found in (("evidence_submitted", set()), ("funds_withdrawn", {"lost_alert"})):
        run = Run()
        run.order("o", [line("l1", 1000)])
        captured(run, "o", "p", 1000)
        run.dispute(first, "p", "d", **({"amount": money(1000)} if first == "funds_withdrawn" else {}))
        if first == "funds_withdrawn":
            run.book("dispute_withdrawn", "o", ("disputes", "funds_withdrawn-d"), "p", -1000)
        run.dispute("opened", "p", "d", amount=money(1000), stage="chargeback")
        run.snapshot("o", ("disputes", "opened-d"), [("p", 1000, 0, 0, 1000)])
        assert names(verdict_on(run.inputs, run.outputs)) == found


def test_store_credit_that_could_not_be_given_leaves_its_money_for_a_later_approval():
    run = Run()
    run.order("o", [line("l1", 1000)])
    captured(run, "o", "p", 1000)
    rows = [row("line", 1000, line_id="l1", quantity=1)]
    run.ask("r1", "o", kind="full")
    approve(run, "r1", "o", ("orders", "asked-r1"), rows, [("p", 1000, "i1", "store_credit")])
    fields = {"order_id": "o", "instruction_id": "i1", "amount": money(1000)}
    run.hear("orders", "store_credit.failed", "o", "failed-i1", **fields)
    run.alert("refund.returned", "o", ("orders", "failed-i1"), "al", refund_id="i1", payment_id="p", amount=money(1000))
    run.ask("r2", "o", kind="full")
    approve(run, "r2", "o", ("orders", "asked-r2"), rows, [("p", 1000, "i2", "original")])
    run.snapshot("o", ("orders", "asked-r2"), [("p", 1000, 0, 1000, 0)], [("r1", "approved", 1), ("r2", "approved", 1)])
    assert names(verdict_on(run.inputs, run.outputs)) == set()
