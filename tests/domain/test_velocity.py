"""Requests across the orders of one customer, all agents on the log in memory: five in thirty days, the sixth to a person."""

import json
from datetime import timedelta

import pytest

from app.domain.policy_terms import Velocity, Window
from tests.agents.shop import Shop
from tests.domain.events import amount, asked, captured, dispute, placed, withdrawn
from tests.domain.stories import policy

FIVE = Velocity(requests=5, days=30)


YEAR = Window(days=365, from_="placed", by_category={})


def shop(velocity=FIVE, **more):
    return Shop(policy(**({"velocity": velocity, "window": YEAR} | more)))


def buys(world, number, customer="c1"):
    """An order of its own, with one request for one euro that is named after it."""
    order_id = f"o{number}"
    world.publish(placed(customer_id=customer), captured("100.00", f"p{number}", order_id=order_id), order_id=order_id)
    return order_id


def asks(world, number, customer="c1", request_id=None):
    order_id = buys(world, number, customer)
    world.publish(asked(request_id or f"r{number}", amount("1.00")), order_id=order_id)


def decisions(world):
    """The last decision on each request: outcome and first reason, by order."""
    return {
        body["order_id"]: (body["type"], body["reasons"][0]["code"])
        for body in world.bodies("refund-decisions")
        if body["reasons"]
    }


PASSED, HELD = ("refund.approved", "within_policy"), ("refund.held", "velocity")


def test_the_fifth_passes_and_the_sixth_is_for_a_person():
    world = shop()
    for number in range(1, 7):
        asks(world, number)
    assert decisions(world) == {f"o{n}": PASSED for n in range(1, 6)} | {"o6": HELD}
    (held,) = world.bodies("refund-decisions", "refund.held")
    assert held["waiting_for"] == "review"


def test_orders_that_number_their_requests_alike_are_counted_apart():
    world = shop()
    for number in range(1, 7):
        asks(world, number, request_id="r1")
    assert decisions(world)["o6"] == HELD


def test_requests_of_one_order_count_too():
    world = shop()
    order_id = buys(world, 1)
    for number in range(1, 7):
        world.publish(asked(f"r{number}", amount("1.00")), order_id=order_id)
    assert [body["type"] for body in world.bodies("refund-decisions")] == ["refund.approved"] * 5 + ["refund.held"]


@pytest.mark.parametrize("customers", [["c1"] * 3 + ["c2"] * 3, [None] * 6], ids=["two customers", "guests"])
def test_who_is_somebody_else_or_nobody_known_is_not_counted(customers):
    world = shop()
    for number, customer in enumerate(customers, 1):
        asks(world, number, customer)
    assert decisions(world) == {f"o{n}": PASSED for n in range(1, 7)}


def test_a_guest_is_asked_nothing_about():
    world = shop()
    asks(world, 1, None)
    assert not [out for out in world.outputs if out.topic == "customer-activity"]


def test_requests_that_were_taken_back_are_not_counted():
    world = Shop(policy(velocity=FIVE, auto_approve_limit={"default": 50}))  # everything waits, so it can be taken back
    for number in range(1, 7):
        asks(world, number)
        if number in (2, 3):
            world.publish(withdrawn(f"r{number}"), order_id=f"o{number}")
    before = [body["reasons"][0]["code"] for body in world.bodies("refund-decisions", "refund.held")]
    assert before == ["over_auto_limit"] * 6
    asks(world, 7)  # four before it
    asks(world, 8)  # five
    codes = {b["order_id"]: [r["code"] for r in b["reasons"]] for b in world.bodies("refund-decisions", "refund.held")}
    assert "velocity" not in codes["o7"]
    assert "velocity" in codes["o8"]


@pytest.mark.parametrize(
    ("after", "counted"),
    [(timedelta(days=30, seconds=-1), True), (timedelta(days=30), True), (timedelta(days=30, seconds=1), False)],
    ids=["within", "at its end", "after it"],
)
def test_a_window_of_thirty_days_ends_thirty_times_twenty_four_hours_later_inclusive(after, counted):
    world = shop(Velocity(requests=1, days=30))
    buys(world, 1)
    buys(world, 2)
    first = world.now
    world.publish(asked("r1", amount("1.00")).at(first.isoformat()), order_id="o1")
    world.later(days=29)
    world.publish(asked("r2", amount("1.00")).at((first + after).isoformat()), order_id="o2")
    assert decisions(world)["o2"] == (HELD if counted else PASSED)


def test_what_was_asked_later_is_not_held_against_an_earlier_request():
    world = shop(Velocity(requests=1, days=30))
    buys(world, 1)
    buys(world, 2)
    early = world.now
    world.later(hours=1)
    world.publish(asked("r2", amount("1.00")), order_id="o2")
    world.publish(asked("r1", amount("1.00")).at(early.isoformat()), order_id="o1")  # came late
    assert decisions(world) == {"o1": PASSED, "o2": PASSED}


def test_without_velocity_nobody_is_asked():
    world = shop(None)
    for number in range(1, 8):
        asks(world, number)
    assert decisions(world)["o7"] == PASSED
    assert not [
        out for out in world.outputs if out.topic == "customer-activity" and b"history.asked" in (out.value or b"")
    ]


# --- the question and its answer


def lines_of(world, topic, word):
    return [out for out in world.outputs if out.topic == topic and word in (out.value or b"")]


def test_a_question_says_what_is_asked_and_its_answer_names_it():
    world = shop()
    asks(world, 1)
    (question,) = [json.loads(out.value) for out in lines_of(world, "customer-activity", b"history.asked")]
    (answer,) = [json.loads(out.value) for out in lines_of(world, "case-events", b"history.answered")]
    assert (question["customer_id"], question["case_id"], question["uses"]) == ("c1", "m1/o1", ["velocity"])
    assert (answer["question_id"], answer["as_of"]) == (question["question_id"], question["as_of"])
    assert answer["requests_in_window"] == 0


def test_a_question_that_is_asked_again_has_the_same_answer_and_decides_nothing_anew():
    world = shop()
    asks(world, 1)
    (question,) = lines_of(world, "customer-activity", b"history.asked")
    for number in range(2, 5):
        asks(world, number)
    world.append("customer-activity", question.key, question.value, headers=question.headers)
    answers = [out.value for out in lines_of(world, "case-events", b"history.answered") if out.key == b"m1/o1"]
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert len(world.bodies("refund-decisions", order_id="o1")) == 1


def test_the_decision_after_an_answer_names_the_request_as_its_cause():
    world = shop()
    order_id = buys(world, 1)
    world.publish(asked("r1", amount("1.00")).but(event_id="the request"), order_id=order_id)
    (decided,) = world.bodies("refund-decisions")
    assert decided["cause"] == {"topic": "orders", "event_id": "the request"}


# --- what else is told of a customer


def test_a_chargeback_is_told_to_the_history_of_its_customer():
    world = shop()
    buys(world, 1)
    world.publish(dispute("opened", "10.00"))
    assert lines_of(world, "customer-activity", b"dispute_opened")
    asks(world, 2)
    (answer,) = [json.loads(out.value) for out in lines_of(world, "case-events", b"history.answered")]
    assert answer["chargebacks"] == 1
