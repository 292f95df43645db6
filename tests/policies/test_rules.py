"""What a merchant's own rules lead to: which outcome wins, what a rule may lift, and what it means not to know."""

from itertools import permutations

import msgspec
import pytest

from app.domain.policy_terms import Statutory, Velocity
from app.domain.records import Asked, Decided
from tests.domain.events import (
    alert,
    amount,
    asked,
    captured,
    charged_on,
    delivered,
    delivery,
    dispute,
    fraud_reported,
    fulfilled,
    line,
    lines,
    placed,
    shipping,
    verdict,
)
from tests.domain.expecting import approved, decided, denied, held
from tests.domain.stories import Story, given
from tests.policies.ruling import answer, rule, ruled

PAID = (placed(), captured("100.00"))
NOT_JUDGED = "request.amount_minor / (request.age_days - request.age_days) > 1"

# What the rules say, and what comes of it.
WORST_WINS = [
    ((), "approved", ["within_policy"]),
    (("approve",), "approved", ["within_policy"]),
    (("review",), "held", ["rule_review"]),
    (("deny",), "denied", ["final_sale"]),
    (("approve", "review"), "held", ["rule_review"]),
    (("approve", "deny"), "denied", ["final_sale"]),
    (("review", "deny"), "denied", ["final_sale"]),
    (("approve", "review", "deny"), "denied", ["final_sale"]),
]


def last(story: Story) -> Decided:
    return next(record for record in reversed(story.said) if isinstance(record, Decided))


def reasons(story: Story) -> list[tuple[str, str]]:
    return [(reason.code, reason.rule) for reason in last(story).reasons]


@pytest.mark.parametrize(("outcomes", "outcome", "codes"), WORST_WINS, ids=str)
def test_the_worst_outcome_wins_in_whatever_order_the_rules_stand(outcomes, outcome, codes):
    for order in permutations(outcomes):
        story = given(*PAID, terms=ruled(*map(rule, order))).when(asked())
        story.then(decided(outcome=outcome, codes=codes))


@pytest.mark.parametrize("then", ["deny", "review", "approve"])
def test_a_rule_whose_condition_is_not_met_says_nothing(then):
    terms = ruled(rule(then, "request.amount_minor > 10000"))
    given(*PAID, terms=terms).when(asked()).then(approved("100.00", "within_policy"))


def test_a_decision_names_the_rule_that_made_it():
    for then, said in (
        ("deny", ("final_sale", "own")),
        ("review", ("rule_review", "own")),
        ("approve", ("within_policy", "own")),
    ):
        story = given(*PAID, terms=ruled(rule(then, name="own"))).when(asked())
        assert reasons(story)[0] == said


def test_of_several_denials_the_first_in_the_file_is_decisive():
    first, second = rule("deny", name="first", reason="window_expired"), rule("deny", name="second")
    assert reasons(given(*PAID, terms=ruled(first, second)).when(asked())) == [("window_expired", "first")]
    assert reasons(given(*PAID, terms=ruled(second, first)).when(asked())) == [("final_sale", "second")]


def test_all_reviews_are_told_and_one_verdict_answers_them_all():
    terms = ruled(rule("review", name="a"), rule("review", name="b", reason="velocity"))
    story = given(*PAID, terms=terms).when(asked())
    assert reasons(story) == [("rule_review", "a"), ("velocity", "b")]
    assert last(story).waiting_for == "review"
    story.when(verdict("approve")).then(approved("100.00", "review_approved"))


def test_a_reviewer_cannot_approve_what_a_rule_denies():
    story = given(*PAID, terms=ruled(rule("deny", "dispute.fraud_reported"), rule("review"))).given(asked())
    story.given(fraud_reported()).when(verdict("approve")).then(denied("final_sale"))


@pytest.mark.parametrize("then", ["deny", "review"])
def test_a_condition_that_cannot_be_judged_sends_to_review_what_might_be_refused(then):
    story = given(*PAID, terms=ruled(rule(then, NOT_JUDGED, name="odd"), rule("approve"))).when(asked())
    story.then(held("rule_review", "100.00", flags=("rule_not_judged",)))
    assert reasons(story) == [("rule_review", "odd")]
    story.when(verdict("approve")).then(approved("100.00", "review_approved"))


def test_a_condition_that_cannot_be_judged_approves_nothing():
    terms = ruled(rule("approve", NOT_JUDGED), auto_approve_limit={"default": 5000})
    given(*PAID, terms=terms).when(asked()).then(held("over_auto_limit", flags=("rule_not_judged",)))


def test_a_condition_that_was_judged_leaves_no_flag():
    given(*PAID, terms=ruled(rule("review"))).when(asked()).then(held("rule_review", flags=()))


def test_an_approving_rule_lifts_the_automatic_limit_and_gives_its_reason():
    limit = {"auto_approve_limit": {"default": 5000}}
    kind = rule("approve", "request.reason == 'damaged'", name="damages", reason="merchant_goodwill")
    story = given(*PAID, terms=ruled(kind, **limit)).when(asked(reason="damaged"))
    assert reasons(story) == [("merchant_goodwill", "damages")]
    given(*PAID, terms=ruled(kind, **limit)).when(asked()).then(held("over_auto_limit"))


def test_an_approving_rule_lifts_neither_risk_nor_velocity_nor_the_second_reviewer_nor_the_return():
    risky = captured("100.00", risk={"level": "high"})
    given(placed(), risky, terms=ruled(rule("approve"))).when(asked()).then(held("high_risk"))
    story = given(
        placed(customer_id="c1"),
        captured("100.00"),
        terms=ruled(rule("approve"), velocity=Velocity(requests=1, days=30)),
    )
    answer(story.when(asked()), requests_in_window=1).then(held("velocity"))
    second = ruled(rule("approve"), second_reviewer_above={"default": 5000})
    given(*PAID, terms=second).when(asked()).then(held("needs_second_reviewer"))
    back = msgspec.structs.replace(second.return_required, kinds=("physical",))
    terms = ruled(rule("approve"), return_required=back)
    given(*PAID, terms=terms).when(asked()).then(held("awaiting_return"))


def test_an_approving_rule_lifts_no_law_of_money():
    terms = ruled(rule("approve"))
    given(*PAID, terms=terms).when(asked("r1", amount("100.01"))).then(denied("exceeds_refundable", "100.00"))


def test_what_the_law_gives_no_rule_denies_but_a_person_looks_at_it():
    terms = ruled(rule("deny", name="never"), statutory=Statutory(enabled=True))
    story = given(placed(country="DE", customer_id=None), captured("100.00"), terms=terms)
    story.when(asked(reason="statutory_withdrawal"))
    assert reasons(story) == [("rule_review", "never")]
    story.when(verdict("approve")).then(approved("100.00", "statutory_right"))


@pytest.mark.parametrize("by", ["merchant", "support"])
def test_a_denial_that_the_staff_may_override_is_advice_for_the_staff(by):
    terms = ruled(rule("deny", reason="window_expired", name="late"), staff_override=("window_expired",))
    story = given(*PAID, terms=terms).when(asked(by=by))
    assert reasons(story) == [("within_policy", "within_policy"), ("window_expired", "late")]
    given(*PAID, terms=terms).when(asked()).then(denied("window_expired"))


def test_advice_does_not_hide_what_other_rules_say():
    late = rule("deny", reason="window_expired", name="late")
    terms = ruled(late, rule("review", name="look"), staff_override=("window_expired",))
    story = given(*PAID, terms=terms).when(asked(by="support"))
    assert reasons(story) == [("rule_review", "look"), ("window_expired", "late")]


def test_a_refund_that_prevents_a_chargeback_is_not_asked_about():
    story = given(*PAID, terms=ruled(rule("deny"))).when(alert("20.00", source="ethoca"))
    story.then(approved("20.00", "pre_dispute_refund"))


def test_a_rule_about_the_customer_waits_for_the_history_and_a_guest_has_none():
    terms = ruled(rule("deny", "customer.chargebacks > 0"))
    story = given(placed(customer_id="c1"), captured("100.00"), terms=terms).when(asked())
    assert [record.uses for record in story.said if isinstance(record, Asked)] == [("rules",)]
    assert not [record for record in story.said if isinstance(record, Decided)]
    answer(story, chargebacks=1).then(denied("final_sale"))
    given(*PAID, terms=terms).when(asked()).then(approved("100.00"))


def test_no_rule_is_asked_before_the_history_is_known_so_that_the_order_of_arrival_decides_nothing():
    terms = ruled(rule("deny", "customer.chargebacks > 0", name="first"), rule("deny", name="second"))
    story = given(placed(customer_id="c1"), captured("100.00"), terms=terms).when(asked())
    assert not [record for record in story.said if isinstance(record, Decided)]
    assert reasons(answer(story, chargebacks=1)) == [("final_sale", "first")]


def test_rules_that_name_the_customer_only_in_a_text_ask_for_no_history():
    terms = ruled(rule("review", "'customer.chargebacks' in request.skus"))
    story = given(placed(customer_id="c1"), captured("100.00"), terms=terms).when(asked())
    story.then(approved("100.00"))
    assert not [record for record in story.said if isinstance(record, Asked)]


def test_a_history_that_does_not_answer_in_time_leaves_the_rule_to_a_person():
    terms = ruled(rule("deny", "customer.chargebacks > 0", name="burnt"))
    story = given(placed(customer_id="c1"), captured("100.00"), terms=terms).given(asked()).later(minutes=2)
    assert reasons(story) == [("awaiting_history", "history_is_known"), ("rule_review", "burnt")]
    answer(story).then(approved("100.00"))


def test_velocity_and_rules_share_one_question():
    terms = ruled(rule("review", "customer.requests_in_window > 2"), velocity=Velocity(requests=5, days=30))
    story = given(placed(customer_id="c1"), captured("100.00"), terms=terms).when(asked())
    assert [record.uses for record in story.said if isinstance(record, Asked)] == [("velocity", "rules")]
    answer(story, requests_in_window=3).then(held("rule_review"))


BOUGHT = (
    placed(
        line("l1", "60.00", 2, kind="physical", category="books"),
        line("l2", "30.00", kind="gift_card"),
        shipping=[delivery("10.00")],
        country="AT",
        channel="phone",
        customer_id=None,
    ).at("2025-12-10T12:00:00Z"),
    captured("70.00", network="visa", risk={"level": "elevated"}),
    captured("30.00", payment_id="p2", kind="gift_card"),
)

# What is asked for, and a condition that then holds.
FACTS = [
    (asked(reason="damaged", by="support"), "request.reason == 'damaged' && request.requested_by == 'support'"),
    (asked(method="store_credit"), "request.method == 'store_credit'"),
    (asked(), "request.amount_minor == 10000 && request.currency == 'EUR'"),
    (asked("r1", lines(l1=1)), "request.amount_minor == 3000 && !request.is_full"),
    (asked("r1", lines(l1=2, l2=1)), "request.is_full"),
    (asked(), "request.is_full && request.kinds == ['physical', 'gift_card']"),
    (asked("r1", lines(l2=1)), "request.kinds == ['gift_card'] && request.skus == ['sku-l2']"),
    (asked("r1", lines(l2=1)), "request.categories == []"),
    (asked("r1", lines(l1=1)), "request.categories == ['books']"),
    (asked("r1", amount("9.00")), "request.kinds == ['physical', 'gift_card'] && !request.is_full"),
    (asked("r1", amount("9.00", "l2")), "request.kinds == ['gift_card']"),
    (asked("r1", amount("9.00"), reason="goodwill", by="merchant"), "'gift_card' in request.kinds"),
    (asked("r1", shipping("5.00")), "request.kinds == [] && request.skus == [] && request.amount_minor == 500"),
    (asked(), "order.country == 'AT' && order.channel == 'phone' && order.currency == 'EUR'"),
    (asked(), "order.total_minor == 10000 && order.line_count == 2 && order.is_guest"),
    (asked(), "customer.requests_in_window + customer.refunded_minor_in_window + customer.chargebacks == 0"),
    (asked(), "payment.kinds == ['card', 'gift_card'] && payment.networks == ['visa']"),
    (asked(), "payment.risk == 'elevated'"),
    (asked(), "!dispute.open && !dispute.fraud_reported"),
    (asked().at("2025-12-10T12:00:00Z"), "request.age_days == 0"),
    (asked().at("2025-12-11T11:59:59Z"), "request.age_days == 0"),
    (asked().at("2025-12-11T12:00:00Z"), "request.age_days == 1"),
    (asked().at("2025-12-30T11:00:00Z"), "request.age_days == 19"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "holds"), FACTS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_facts_say_what_the_contract_calls_them(request_, holds):
    given(*BOUGHT, terms=ruled(rule("review", holds))).when(request_).then(held("rule_review"))
    given(*BOUGHT, terms=ruled(rule("review", f"!({holds})"))).when(request_).then(decided(outcome="approved"))


def test_the_age_is_that_of_the_oldest_line_from_the_policy_s_anchor():
    story = [
        placed(line("l1", "60.00"), line("l2", "40.00")).at("2025-12-10T12:00:00Z"),
        captured("100.00"),
        fulfilled("a", l1=1).at("2025-12-11T12:00:00Z"),
        delivered("a", l1=1).at("2025-12-12T12:00:00Z"),
        fulfilled("b", l2=1).at("2025-12-13T12:00:00Z"),
        delivered("b", l2=1).at("2025-12-19T12:00:00Z"),
    ]
    for scope, days in ((None, 17), (lines(l1=1), 17), (lines(l2=1), 10)):
        request = asked("r1", scope).at("2025-12-29T13:00:00Z")
        given(*story, terms=ruled(rule("review", f"request.age_days == {days}"))).when(request).then(
            held("rule_review")
        )


def test_money_of_the_history_counts_in_the_order_s_currency_alone():
    terms = ruled(rule("review", "customer.refunded_minor_in_window == 700"))
    refunded = [{"amount_minor": 700, "currency": "EUR"}, {"amount_minor": 900, "currency": "USD"}]
    story = given(placed(customer_id="c1"), captured("100.00"), terms=terms).when(asked())
    answer(story, refunded_in_window=refunded).then(held("rule_review"))


def test_an_overpayment_is_about_no_line():
    terms = ruled(rule("review", "request.kinds == [] && request.age_days == 0"))
    story = given(placed(), captured("110.00"), terms=terms)
    story.when(asked("r1", charged_on("p1", "10.00"), reason="overcharged")).then(held("rule_review"))


def test_words_of_payments_that_nobody_knows_are_other():
    terms = ruled(rule("review", "payment.kinds == ['other'] && payment.networks == ['other']"))
    story = given(placed(), captured("100.00", kind="shells", network="reef"), terms=terms)
    story.when(asked()).then(held("rule_review"))


def test_a_dispute_is_open_from_its_inquiry_to_its_end():
    terms = ruled(rule("review", "dispute.open"))
    for before, outcome in (
        ([dispute("inquired", "10.00")], "held"),
        ([dispute("opened", "10.00")], "held"),
        ([dispute("opened", "10.00"), dispute("won")], "approved"),
    ):
        story = given(*PAID, *before, terms=terms).when(asked("r1", amount("5.00")))
        story.then(decided(outcome=outcome))
