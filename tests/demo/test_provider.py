"""The provider answers every instruction in the same way whenever it is asked, and goes wrong as it should."""

import json
from collections import Counter

import pytest

from app.demo.provider import AWAITED_MAX, UNPAYABLE_SHARE, Provider, answers, fate_of
from app.demo.shop.messages import money
from topics.codec import Unreadable, read


def execute(number, **more):
    return {
        "type": "refund.execute",
        "occurred_at": "2026-03-02T12:00:00Z",
        "merchant_id": "nordlicht",
        "order_id": f"o-{number}",
        "instruction_id": f"ins_{number}",
        "request_id": f"r-{number}",
        "payment_id": f"p-{number}",
        "amount": money(1250, "EUR"),
        **more,
    }


def said(messages):
    return [json.loads(message.value)["type"].partition(".")[2] for message in messages]


def first(fate):
    return next(execute(n) for n in range(100_000) if fate_of(execute(n)) == fate)


STEPS = {
    "paid": ["submitted", "succeeded"],
    "paid_at_once": ["succeeded"],
    "refused": ["submitted", "failed"],
    "unpayable": ["submitted", "failed"],
    "silent": [],
    "stuck": ["submitted"],
}


@pytest.mark.parametrize(("fate", "steps"), STEPS.items())
def test_each_fate_has_its_answers(fate, steps):
    once = [message for message in answers(first(fate)) if message.expected.fate == "applied"]
    assert said(once) == steps


def test_a_refund_may_come_back_after_it_was_paid():
    returned = [execute(n) for n in range(5_000) if fate_of(execute(n)) == "returned"]
    ends = {said(answers(instruction))[-1] for instruction in returned}
    assert ends == {"reversed", "failed"}


def test_fates_come_in_their_shares():
    fates = Counter(fate_of(execute(n)) for n in range(10_000))
    assert fates["paid"] > 8_500
    for fate in ("refused", "unpayable", "silent", "stuck", "returned", "paid_at_once"):
        assert fates[fate] > 20, fate


def test_the_same_instruction_is_answered_the_same_way():
    assert answers(execute(1)) == answers(execute(1))


def test_an_unpayable_refund_is_refused_again_under_another_instruction():
    instruction = first("unpayable")
    again = {**instruction, "instruction_id": "ins_again"}
    assert UNPAYABLE_SHARE > 0
    assert "failed" in said(answers(again))
    assert answers(again) != answers(instruction)


def test_a_retry_of_a_refused_refund_mostly_succeeds():
    refused = [execute(n) for n in range(3_000) if fate_of(execute(n)) == "refused"]
    again = [answers({**one, "instruction_id": f"{one['instruction_id']}_again"}) for one in refused]
    assert sum("succeeded" in said(one) for one in again) > len(refused) * 0.8


def test_every_answer_is_valid_by_the_contract_and_repeats_are_marked():
    repeated = 0
    for number in range(2_000):
        kind = {"type": "store_credit.issue"} if number % 10 == 0 else {}
        seen = set()
        for message in answers(execute(number, **kind)):
            found = read(message.topic, message.key, message.value, timestamp=10**15, secret=b"x" * 32)
            assert not isinstance(found, Unreadable), found
            event_id = json.loads(message.value)["event_id"]
            assert (event_id in seen) == (message.expected.fate == "duplicate")
            repeated += event_id in seen
            seen.add(event_id)
    assert repeated > 20


def test_some_refunds_are_told_by_the_provider_s_name_before_it_says_whose_they_are():
    told = [[json.loads(one.value) for one in answers(execute(number))] for number in range(1_000)]
    nameless = [bodies for bodies in told if any("instruction_id" not in body for body in bodies)]
    assert len(nameless) > 10
    for first_told, *others in nameless:
        assert first_told["type"] == "refund.submitted"
        assert {body["refund_id"] for body in others} <= {first_told["refund_id"]}
    assert any("instruction_id" in body for _, *others in nameless for body in others)


def test_what_is_not_paid_yet_can_be_cancelled_and_nothing_else():
    provider = Provider()
    open_one, paid = first("stuck"), first("paid")
    for instruction in (open_one, paid):
        provider.react(instruction)
    cancels = [{**one, "type": "refund.cancel", "amount": None} for one in (open_one, paid)]
    (answer,) = provider.react(cancels[0])
    body = json.loads(answer.value)
    assert (body["type"], body["failure_code"], body["amount"]) == ("refund.failed", "canceled", money(1250, "EUR"))
    assert provider.react(cancels[1]) == []
    assert provider.react(cancels[0]) == [], "it was cancelled already"


def test_the_provider_remembers_no_more_than_it_must(monkeypatch):
    monkeypatch.setattr("app.demo.provider.AWAITED_MAX", 2)
    assert AWAITED_MAX > 2
    provider = Provider()
    silent = [execute(n) for n in range(3_000) if fate_of(execute(n)) == "silent"][:3]
    for instruction in silent:
        provider.react(instruction)
    assert provider.react({**silent[0], "type": "refund.cancel"}) == []
    assert said(provider.react({**silent[2], "type": "refund.cancel"})) == ["failed"]
