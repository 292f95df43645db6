"""To which payment money goes back: where it came from, none more than it gave, in the policy's order."""

import pytest

from app.domain.records import Told
from tests.domain.events import amount, asked, captured, dispute, money, of_orders, placed
from tests.domain.expecting import alerted, approved, booked, denied, instructed, refused, told
from tests.domain.stories import Story, given, policy

THREE = (
    placed(),
    captured("50.00", "p1", "card"),
    captured("30.00", "p2", "gift_card"),
    captured("20.00", "p3", "store_credit"),
)


def original(**shares: int) -> dict[tuple[str, str], int]:
    return {(payment_id, "original"): minor for payment_id, minor in shares.items()}


@pytest.mark.parametrize(
    ("tenders", "asked_for", "shares"),
    [
        ("as_captured", "60.00", original(p1=5000, p2=1000)),
        ("as_captured", "100.00", original(p1=5000, p2=3000, p3=2000)),
        ("as_captured", "10.00", original(p1=1000)),
        ("proportional", "10.00", original(p1=500, p2=300, p3=200)),
        ("proportional", "0.01", original(p1=1)),
        ("proportional", "0.07", original(p1=4, p2=2, p3=1)),  # 3.5, 2.1, 1.4: the largest remainder gets the cent
        (("store_credit", "gift_card", "card"), "60.00", original(p3=2000, p2=3000, p1=1000)),
        (("gift_card",), "60.00", original(p2=3000, p1=3000)),
    ],
)
def test_money_goes_back_in_the_order_of_the_policy(tenders, asked_for, shares):
    given(*THREE, terms=policy(tenders=tenders)).when(asked(scope=amount(asked_for))).then(
        approved(asked_for, paid=shares)
    )


def test_a_capture_of_zero_is_not_when_a_payment_was_captured():
    story = given(placed(), captured("0", "p2", capture_id="c0"), captured("50.00"), captured("50.00", "p2"))
    story.when(asked(scope=amount("60.00"))).then(approved("60.00", paid=original(p1=5000, p2=1000)))


def test_a_tender_gives_at_most_what_it_has_left():
    story = given(*THREE, asked("r1", amount("45.00")))
    story.when(asked("r2", amount("30.00"))).then(approved("30.00", paid=original(p1=500, p2=2500)))
    story.when(asked("r3", amount("25.00"))).then(approved("25.00", paid=original(p2=500, p3=2000)))


def test_proportional_shares_are_of_what_is_left():
    terms = policy(tenders="proportional")
    story = given(*THREE, asked("r1", amount("50.00")), dispute("opened", "15.00", payment_id="p2"), terms=terms)
    story.when(asked("r2", amount("7.00"))).then(approved("7.00", paid=original(p1=500, p3=200)))


def test_each_tender_has_an_instruction_of_its_own_with_its_own_key():
    story = (
        given(*THREE)
        .when(asked(scope=amount("60.00")))
        .then(
            instructed("50.00", payment_id="p1", kind="original"), instructed("10.00", payment_id="p2", kind="original")
        )
    )
    orders = [out for out in story.told if out.topic == "refund-instructions"]
    assert [out.key for out in orders] == ["m1/p1", "m1/p2"]
    assert len({out.body["instruction_id"] for out in orders}) == 2


def test_store_credit_is_given_where_it_is_asked_and_counts_against_the_payments_it_replaces():
    story = given(*THREE).when(asked(scope=amount("60.00"), method="store_credit"))
    paid = {("p1", "store_credit"): 5000, ("p2", "store_credit"): 1000}
    story.then(approved("60.00", paid=paid, method="store_credit"))
    assert {(out.body["type"], out.key) for out in story.told if out.topic == "refund-instructions"} == {
        ("store_credit.issue", "m1/o1")
    }
    story.when(asked("r2", amount("50.01"))).then(denied("exceeds_refundable", "40.00"))


def credit(what: str, text: str, instruction_id: str):
    return of_orders(f"store_credit.{what}", instruction_id=instruction_id, amount=money(text))


def test_store_credit_that_was_issued_is_settled_and_told():
    story = given(placed(), captured("100.00"), asked(scope=amount("40.00"), method="store_credit"))
    instruction = next(iter(story.case.refunds))
    story.when(credit("issued", "40.00", instruction)).then(
        booked("store_credit", "-40.00"), told("store_credit_issued")
    )
    assert story.case.refunds[instruction].event_id  # which is what a dispute is shown as proof
    story.when(credit("issued", "40.00", instruction)).absorbed()
    story.when(credit("issued", "41.00", instruction)).then(refused("id_conflict"))
    story.when(credit("issued", "1.00", "nobody's")).then(refused("illegal_transition"))


def test_store_credit_that_failed_is_tried_once_more_and_then_free_again():
    story = given(placed(), captured("100.00"), asked(scope=amount("40.00"), method="store_credit"))
    first = next(iter(story.case.refunds))
    story.when(credit("failed", "40.00", first)).then(instructed("40.00", kind="store_credit"))
    second = next(key for key in story.case.refunds if key != first)
    story.when(credit("failed", "40.00", second)).never(instructed())
    story.when(asked("r2")).then(approved("100.00"))


def test_store_credit_that_failed_after_it_was_issued_is_owed_no_more():
    story = given(placed(), captured("100.00"), asked(scope=amount("40.00"), method="store_credit"))
    first = next(iter(story.case.refunds))
    story.given(credit("issued", "40.00", first)).when(credit("failed", "40.00", first))
    story.then(booked("store_credit", "40.00"), told("refund_failed"), alerted("refund.returned", payment_id="p1"))
    story.never(booked("refund_returned"), instructed())
    story.when(credit("issued", "40.00", first)).then(booked("store_credit", "-40.00"), told("store_credit_issued"))
    story.when(credit("failed", "40.00", first)).then(booked("store_credit", "40.00"))
    ids = [out.body["id"] for out in story.told if out.body.get("kind") == "store_credit"]
    assert len(ids) == len(set(ids)) == 4
    story.when(asked("r2")).then(approved("100.00"))


def test_the_payment_that_was_charged_too_much_comes_first():
    story = Story().given(placed(), captured("60.00"), captured("60.00", "p2"))
    scope = {"kind": "payment", "payment_id": "p2", "amount": money("20.00")}
    story.when(asked(scope=scope, reason="overcharged")).then(approved("20.00", paid=original(p2=2000)))


@pytest.mark.parametrize("tenders", ["as_captured", "proportional"])
def test_what_was_charged_too_much_goes_back_to_the_payment_that_is_named(tenders):
    story = given(placed(), captured("60.00"), captured("60.00", "p2"), terms=policy(tenders=tenders))
    story.when(asked(scope={"kind": "payment", "payment_id": "p2"}, reason="duplicate_charge"))
    story.then(approved("20.00", "overpayment", paid={("p2", "original"): 2000}))


def test_no_payment_gives_back_more_of_what_was_charged_too_much_than_it_took():
    """50.00 too much in all, 30.00 of them by the payment that is named."""
    story = given(placed(), captured("120.00"), captured("30.00", "p2"))
    story.when(asked(scope={"kind": "payment", "payment_id": "p2"}, reason="duplicate_charge"))
    story.then(approved("30.00", "overpayment", reduced=False, paid={("p2", "original"): 3000}))


@pytest.mark.parametrize(("method", "credit"), [("original", None), ("store_credit", None)])
def test_a_letter_names_the_credit_only_beside_money(method, credit):
    story = given(placed(), captured("100.00")).when(asked(scope=amount("40.00"), method=method))
    (letter,) = (one for one in story.said if isinstance(one, Told))
    assert (letter.template, letter.data["credit"], letter.data["method"]) == ("refund_approved", credit, method)
