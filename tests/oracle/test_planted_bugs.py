"""The oracle on a correct run, and on the same run with one bug planted in it: it must find the bug and name it."""

import copy
import json

import pytest

from tests.oracle.day import correct_run
from tests.oracle.telling import money, verdict_on

RUN = correct_run()


def bodies(outputs, topic, **where):
    return [out for out in outputs if out["topic"] == topic and all(out["value"].get(k) == v for k, v in where.items())]


def the(outputs, topic, **where):
    (found,) = bodies(outputs, topic, **where)
    return found


def decision(outputs, request_id, revision=1):
    return the(outputs, "refund-decisions", request_id=request_id, revision=revision)


def snapshot_row(outputs, order_id, n=0):
    return the(outputs, "case-snapshots", order_id=order_id)["value"]["payments"][n]


def again(outputs, out, **changes):
    """The record once more behind the first, with other fields."""
    copied = copy.deepcopy(out)
    copied["value"].update(changes)
    outputs.insert(outputs.index(out) + 1, copied)
    return copied


def approves_twice(outputs):
    again(outputs, decision(outputs, "r-1a"), id="dec-r-1a-2", revision=2)


def pays_twice(outputs):
    out = the(outputs, "refund-instructions", instruction_id="i-1a")
    again(outputs, out, id="out-i-1a-again", instruction_id="i-1a-again")


def pays_what_was_denied(outputs):
    out = the(outputs, "refund-instructions", instruction_id="i-1a")
    again(outputs, out, id="out-x", instruction_id="i-x", request_id="r-2", order_id="o-2", payment_id="p-2")


def orders_more_than_was_approved(outputs):
    the(outputs, "refund-instructions", instruction_id="i-5")["value"]["amount"] = money(4000)


def forgets_an_instruction(outputs):
    outputs.remove(the(outputs, "refund-instructions", instruction_id="i-7b"))


def approves_more_than_was_captured(outputs):
    body, paid = decision(outputs, "r-6")["value"], money(1001)
    body["amount"], body["tenders"][0]["amount"], body["breakdown"][0]["gross_minor"] = paid, paid, 1001
    body["breakdown"][0]["net_minor"] = 1001


def approves_what_a_chargeback_claims(outputs):
    tender = {"payment_id": "p-2", "amount": money(5000, "JPY"), "instruction_id": "i-2", "as": "original"}
    rows = [{"component": "line", "line_id": "l1", "net_minor": 5000, "gross_minor": 5000, "taxes": []}]
    held = decision(outputs, "r-2")["value"]
    held.update(type="refund.approved", tenders=[tender], breakdown=rows, amount=money(5000, "JPY"))
    outputs.remove(decision(outputs, "r-2", 2))


def approves_what_is_in_flight(outputs):
    body = decision(outputs, "r-1b")["value"]
    for place in (body["amount"], body["tenders"][0]["amount"]):
        place["amount_minor"] = 2751
    body["breakdown"].append({"component": "goodwill", "net_minor": 1101, "gross_minor": 1101, "taxes": []})


def draws_on_the_payment_of_another_order(outputs):
    decision(outputs, "r-6")["value"]["tenders"][0]["payment_id"] = "p-1"


def pays_back_in_another_currency(outputs):
    body = decision(outputs, "r-6")["value"]
    body["tenders"][0]["amount"]["currency"] = body["amount"]["currency"] = "EUR"


def tenders_do_not_add_up(outputs):
    decision(outputs, "r-7")["value"]["tenders"][0]["amount"]["amount_minor"] -= 1


def breakdown_does_not_add_up(outputs):
    row = decision(outputs, "r-5")["value"]["breakdown"][0]
    row["gross_minor"], row["net_minor"] = 399, 399


def a_row_does_not_add_up(outputs):
    decision(outputs, "r-1a")["value"]["breakdown"][0]["net_minor"] += 1


def a_tax_does_not_close(outputs):
    """The cent that the second refund owes is kept: every row adds up, the line's tax does not."""
    row = decision(outputs, "r-1b")["value"]["breakdown"][0]
    row["taxes"][0]["amount_minor"], row["net_minor"] = 99, 1001


def a_line_is_paid_back_beyond_its_price(outputs):
    row = decision(outputs, "r-1a")["value"]["breakdown"][0]
    row["line_id"] = "l1"
    row["gross_minor"], row["net_minor"] = 2202, 2101


def loses_a_request(outputs):
    for out in bodies(outputs, "refund-decisions", request_id="r-2"):
        outputs.remove(out)


def decides_what_nobody_asked(outputs):
    again(outputs, decision(outputs, "r-4"), id="dec-r-99-1", request_id="r-99")


def skips_a_revision(outputs):
    decision(outputs, "r-3", 2)["value"]["revision"] = 3


def decides_after_the_end(outputs):
    again(outputs, decision(outputs, "r-2", 2), id="dec-r-2-3", revision=3, type="refund.held", waiting_for="dispute")


def waits_for_ever(outputs):
    outputs.remove(decision(outputs, "r-3", 2))
    decision(outputs, "r-3")["value"]["wait_until"] = None


def waits_for_nothing(outputs):
    outputs.remove(decision(outputs, "r-3", 2))
    decision(outputs, "r-3")["value"]["waiting_for"] = None


def says_completed_before_the_provider_does(outputs):
    out = the(outputs, "customer-notifications", template="refund_completed", request_id="r-5")
    again(outputs, out, id="note-early", request_id="r-2", order_id="o-2")


def says_approved_of_what_is_denied(outputs):
    out = the(outputs, "customer-notifications", template="refund_approved", request_id="r-5")
    again(outputs, out, id="note-wrong", request_id="r-2", order_id="o-2")


def tells_the_same_fact_under_another_id(outputs):
    again(outputs, the(outputs, "customer-notifications", template="refund_sent", request_id="r-5"), id="note-second")


def tells_a_repeated_event_as_a_new_fact(outputs):
    out = the(outputs, "customer-notifications", template="refund_completed", request_id="r-5")
    again(outputs, out, id="note-second", cause={"topic": "payments", "event_id": "succeeded-i-5-sent-again"})


def keeps_an_approval_to_itself(outputs):
    outputs.remove(the(outputs, "customer-notifications", template="refund_approved", request_id="r-5"))


def alerts_an_end_that_nobody_stated(outputs):
    the(outputs, "chargeback-alerts", type="dispute.closed")["value"]["outcome"] = "won"


def keeps_a_dispute_to_itself(outputs):
    outputs.remove(the(outputs, "chargeback-alerts", id="al-2"))


def alerts_one_revision_twice(outputs):
    again(outputs, the(outputs, "chargeback-alerts", id="al-5"), id="al-5-again")


def keeps_an_exposure_to_itself(outputs):
    outputs.remove(the(outputs, "chargeback-alerts", type="exposure.detected"))


def alerts_an_exposure_twice(outputs):
    again(outputs, the(outputs, "chargeback-alerts", type="exposure.detected"), id="al-5-over-again")


def imagines_an_exposure(outputs):
    again(outputs, the(outputs, "chargeback-alerts", type="exposure.detected"), id="al-1-over", payment_id="p-1")


def refuses_a_good_event(outputs):
    placed = next(record for record in RUN.inputs if b'"placed-o-6"' in record.value)
    headers = {"refundry-code": "invalid_field", "refundry-topic": "orders", "refundry-partition": "0"}
    headers["refundry-offset"] = str(placed.position.offset)
    outputs.append({"topic": "dead-letters", "key": "o-6", "headers": headers, "value": placed.value.decode()})


def letters(outputs):
    return [out for out in outputs if out["topic"] == "dead-letters"]


def swallows_poison(outputs):
    outputs.remove(letters(outputs)[1])


def mistakes_poison(outputs):
    letters(outputs)[1]["headers"]["refundry-code"] = "too_deep"


def repeats_a_dead_letter(outputs):
    outputs.append(copy.deepcopy(letters(outputs)[1]))


def refuses_what_was_never_sent(outputs):
    letters(outputs)[1]["headers"]["refundry-offset"] = "999"


def alters_a_dead_letter(outputs):
    letters(outputs)[1]["value"] += "}"


def loses_an_order(outputs):
    outputs.remove(the(outputs, "case-snapshots", order_id="o-6"))


def ignores_a_verdict(outputs):
    outputs.remove(decision(outputs, "r-3", 2))


def snapshot_with_wrong_money(outputs):
    row = snapshot_row(outputs, "o-5")
    row["refunded_minor"], row["refundable_minor"] = 0, 0


def snapshot_clamped_at_zero(outputs):
    snapshot_row(outputs, "o-5")["refundable_minor"] = 0


def snapshot_without_a_payment(outputs):
    the(outputs, "case-snapshots", order_id="o-7")["value"]["payments"].pop()


def snapshot_with_an_old_decision(outputs):
    the(outputs, "case-snapshots", order_id="o-3")["value"]["requests"][0]["revision"] = 1


def ledger_without_an_entry(outputs):
    outputs.remove(the(outputs, "ledger-entries", payment_id="p-7a", kind="refund_settled"))


def ledger_with_the_wrong_sign(outputs):
    the(outputs, "ledger-entries", payment_id="p-2", kind="dispute_withdrawn")["value"]["amount"]["amount_minor"] = 5000


def ledger_of_an_unknown_payment(outputs):
    again(outputs, the(outputs, "ledger-entries", payment_id="p-6"), id="led-x", payment_id="p-x")


def one_id_for_two_contents(outputs):
    again(outputs, the(outputs, "ledger-entries", payment_id="p-6"), amount=money(1))


def commits_a_record_twice(outputs):
    again(outputs, the(outputs, "ledger-entries", payment_id="p-6"))


def cancels_what_was_never_ordered(outputs):
    out = the(outputs, "refund-instructions", instruction_id="i-5")
    again(outputs, out, id="out-cancel", type="refund.cancel", instruction_id="i-unknown")


def says_something_without_a_name(outputs):
    the(outputs, "ledger-entries", payment_id="p-6")["value"].pop("id")


BUGS = [
    (approves_twice, "P1", "double_approval"),
    (pays_twice, "P1", "double_instruction"),
    (pays_what_was_denied, "P1", "instruction_without_approval"),
    (orders_more_than_was_approved, "P1", "instruction_differs"),
    (forgets_an_instruction, "P8", "lost_instruction"),
    (approves_more_than_was_captured, "L1", "approved_beyond_refundable"),
    (approves_what_a_chargeback_claims, "L1", "approved_beyond_refundable"),
    (approves_what_is_in_flight, "L1", "approved_beyond_refundable"),
    (draws_on_the_payment_of_another_order, "L1", "foreign_payment"),
    (pays_back_in_another_currency, "L1", "tender_currency"),
    (tenders_do_not_add_up, "L3", "tender_sum_wrong"),
    (breakdown_does_not_add_up, "L3", "breakdown_sum_wrong"),
    (a_row_does_not_add_up, "L3", "row_sum_wrong"),
    (a_tax_does_not_close, "L3", "tax_not_closing"),
    (a_line_is_paid_back_beyond_its_price, "L3", "line_overpaid"),
    (loses_a_request, "P3", "lost_request"),
    (decides_what_nobody_asked, "P3", "decision_without_request"),
    (skips_a_revision, "P3", "revision_gap"),
    (decides_after_the_end, "P3", "decision_after_final"),
    (waits_for_ever, "P4", "wait_without_end"),
    (waits_for_nothing, "P4", "wait_without_cause"),
    (says_completed_before_the_provider_does, "P5", "told_before_its_fact"),
    (says_approved_of_what_is_denied, "P5", "told_before_its_fact"),
    (tells_the_same_fact_under_another_id, "P5", "told_twice"),
    (tells_a_repeated_event_as_a_new_fact, "P5", "told_twice"),
    (keeps_an_approval_to_itself, "P5", "lost_notification"),
    (alerts_an_end_that_nobody_stated, "P5", "alerted_before_its_fact"),
    (keeps_a_dispute_to_itself, "P5", "lost_alert"),
    (alerts_one_revision_twice, "P5", "alerted_twice"),
    (keeps_an_exposure_to_itself, "P2", "lost_exposure"),
    (alerts_an_exposure_twice, "P2", "exposure_repeated"),
    (imagines_an_exposure, "P2", "exposure_imagined"),
    (refuses_a_good_event, "P8", "good_event_refused"),
    (swallows_poison, "P8", "poison_without_dead_letter"),
    (mistakes_poison, "P8", "dead_letter_code_wrong"),
    (repeats_a_dead_letter, "P8", "dead_letter_repeated"),
    (refuses_what_was_never_sent, "P8", "dead_letter_of_nothing"),
    (alters_a_dead_letter, "P8", "dead_letter_altered"),
    (loses_an_order, "P8", "lost_order"),
    (ignores_a_verdict, "P8", "lost_verdict"),
    (snapshot_with_wrong_money, "P8", "snapshot_money_wrong"),
    (snapshot_clamped_at_zero, "L1", "snapshot_sum_wrong"),
    (snapshot_without_a_payment, "P8", "lost_payment"),
    (snapshot_with_an_old_decision, "P8", "snapshot_decision_wrong"),
    (ledger_without_an_entry, "P8", "ledger_sum_wrong"),
    (ledger_with_the_wrong_sign, "P8", "ledger_sum_wrong"),
    (ledger_of_an_unknown_payment, "P8", "ledger_of_nothing"),
    (one_id_for_two_contents, "P1", "same_id_other_content"),
    (commits_a_record_twice, "P1", "output_repeated"),
    (cancels_what_was_never_ordered, "P1", "cancel_of_nothing"),
    (says_something_without_a_name, "P1", "record_without_id"),
]


@pytest.mark.parametrize("total_order", [True, False])
def test_a_correct_run_violates_nothing(total_order):
    verdict = verdict_on(RUN.inputs, RUN.outputs, total_order=total_order)
    assert verdict.holds, verdict
    assert (verdict.double_refunds, verdict.lost, verdict.law_held) == (0, 0, True)


@pytest.mark.parametrize(("bug", "property_", "name"), BUGS, ids=[bug.__name__ for bug, _, _ in BUGS])
def test_a_planted_bug_is_found_and_named(bug, property_, name):
    outputs = copy.deepcopy(RUN.outputs)
    bug(outputs)
    assert json.dumps(outputs) != json.dumps(RUN.outputs), "the bug changed nothing"
    found = verdict_on(RUN.inputs, outputs).named(name)
    assert [violation.property for violation in found][:1] == [property_]


def test_what_is_lost_or_doubled_is_counted_for_the_closing_line():
    outputs = copy.deepcopy(RUN.outputs)
    pays_twice(outputs)
    loses_a_request(outputs)
    approves_more_than_was_captured(outputs)
    verdict = verdict_on(RUN.inputs, outputs)
    assert (verdict.double_refunds, verdict.law_held) == (1, False)
    assert verdict.lost >= 1
    assert "law 1 BROKEN" in str(verdict)
