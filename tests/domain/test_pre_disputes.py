"""Alerts before a chargeback: refunded within the policy's limit, else a person is asked; one claim is paid once."""

import pytest

from app.domain.balances import claimed, refundable
from app.domain.policy_terms import PreDispute, Rule
from tests.domain.dated import Dated
from tests.domain.events import amount, asked, captured, dispute, money, refund, verdict
from tests.domain.expecting import alerted, approved, booked, decided, denied, held, instructed, refused
from tests.domain.stories import Story, given, policy
from tests.domain.warned import ABOVE, PAID, WITHIN, judged, paid_out, refunded, warned

TO_A_PERSON = alerted("pre_dispute.action_required", alert_id="a1")


# --- within the limit, and above it


@pytest.mark.parametrize("source", ["ethoca", "cdrn", "other"])
def test_within_the_limit_all_of_the_alert_is_refunded_at_once(source):
    story = (
        given(*PAID)
        .when(warned(source=source))
        .then(refunded(), instructed(WITHIN, payment_id="p1"))
        .never(TO_A_PERSON)
    )
    assert story.case.requests["alert:a1"].requested_by == "system"


@pytest.mark.parametrize(
    ("limit", "text", "goes_out"),
    [
        ({"default": 5000}, WITHIN, True),
        ({"default": 5000}, ABOVE, False),
        ({"default": 5000, "EUR": 10}, WITHIN, False),
        ({"USD": 5000}, "0.01", False),  # no limit that speaks of this currency lets anything pass
        (None, "200.00", True),
        (None, "200.01", False),  # more than the payment holds
    ],
    ids=str,
)
def test_the_policy_says_up_to_which_amount(limit, text, goes_out):
    story = given(*PAID, terms=policy(pre_dispute=PreDispute(refund_up_to=limit))).when(warned(text))
    story.then(refunded(text) if goes_out else TO_A_PERSON)
    assert bool(paid_out(story)) == goes_out


def test_a_policy_without_it_asks_a_person_about_each():
    given(*PAID, terms=policy(pre_dispute=None)).when(warned("0.01")).then(TO_A_PERSON).never(instructed())


def test_a_person_is_told_what_and_until_when():
    given(*PAID).when(warned(ABOVE, expires_at="2026-01-08T12:00:00Z")).then(
        alerted("pre_dispute.action_required", payment_id="p1", amount=money(ABOVE), source="ethoca")
    )


def test_the_limits_of_requests_do_not_stop_it_and_its_lines_stay():
    terms = policy(auto_approve_limit={"default": 0}, second_reviewer_above={"default": 0})
    story = given(*PAID, terms=terms).when(warned()).then(refunded())
    assert story.case.order.lines["l1"].portion.left_minor == 20000
    assert refundable(story.case, story.case.payments["p1"]) == 15000


def test_what_was_refunded_before_leaves_less_for_an_alert():
    story = given(*PAID, asked("r0", amount("150.01")))
    story.when(warned()).then(TO_A_PERSON).never(instructed())


def test_an_alert_in_another_currency_than_the_payment_s_asks_a_person():
    given(*PAID).when(warned("10.00 USD")).then(TO_A_PERSON).never(instructed())


def test_a_payment_that_never_found_its_order_asks_a_person():
    Story(case_id="m1/~p1").given(captured("200.00")).when(warned()).then(TO_A_PERSON).never(instructed())


def test_on_a_case_that_is_past_its_retention_a_person_is_asked():
    story = given(*PAID).later(days=900)
    assert story.case.expired
    story.when(warned()).then(TO_A_PERSON).never(instructed())


class Always:
    """A condition that every request meets."""

    reads = frozenset({"request.reason"})

    def __call__(self, facts):
        return True


@pytest.mark.parametrize("then", ["deny", "review"])
def test_rules_about_requests_do_not_stop_it(then):
    rule = Rule(name="never_so", when="true", then=then, reason="rule_review", condition=Always())
    given(*PAID, terms=policy(rules=(rule,))).when(warned()).then(refunded())


# --- its window


@pytest.mark.parametrize(("expires_at", "goes_out"), [("2026-01-10T12:00:00Z", True), ("2026-01-10T11:59:59Z", False)])
def test_after_its_window_nothing_goes_out(expires_at, goes_out):
    story = Dated(start="2026-01-05").given(*PAID).on("2026-01-10T12:00Z", warned(expires_at=expires_at))
    assert bool(paid_out(story)) == goes_out


def test_a_verdict_after_the_window_pays_nothing():
    story = Dated(start="2026-01-05").given(*PAID).on("2026-01-06", warned(ABOVE, expires_at="2026-01-08T12:00:00Z"))
    story.on("2026-01-08T12:01Z", judged("refund"))
    assert not paid_out(story)


def test_an_alert_that_came_too_late_leaves_the_next_vendor_s_to_be_answered():
    story = Dated(start="2026-01-05").given(*PAID).on("2026-01-10", warned(expires_at="2026-01-09T12:00:00Z"))
    story.when(warned(alert_id="a2", source="cdrn", expires_at="2026-01-12T12:00:00Z")).then(refunded(alert_id="a2"))


# --- the verdict of a person


def test_a_verdict_to_refund_pays_it_once():
    story = given(*PAID, warned(ABOVE)).when(judged("refund")).then(refunded(ABOVE), instructed(ABOVE))
    story.when(judged("refund", reviewer="bob"), warned(ABOVE)).never(instructed())
    assert paid_out(story) == 5001


def test_a_verdict_to_ignore_pays_nothing():
    assert not paid_out(given(*PAID, warned(ABOVE)).when(judged("ignore")).never(instructed(), decided()))


def test_a_verdict_to_refund_may_come_before_its_alert():
    given(*PAID, judged("refund")).when(warned(ABOVE)).then(refunded(ABOVE)).never(TO_A_PERSON)


@pytest.mark.parametrize(("first", "last"), [("ignore", "refund"), ("refund", "ignore")])
def test_of_several_verdicts_that_came_before_their_alert_the_last_is_heard(first, last):
    story = given(*PAID, judged(first), judged(last, review_id="second")).when(warned(ABOVE))
    assert bool(paid_out(story)) == (last == "refund")


def test_a_verdict_on_an_alert_is_not_kept_once_it_is_heard():
    for before, after in (((judged("ignore"),), ()), ((), (judged("ignore"), judged("refund", review_id="second")))):
        story = given(*PAID, *before, warned(ABOVE), *after)
        assert story.case.verdicts == {}


def test_a_verdict_to_ignore_that_came_before_its_alert_stands():
    given(*PAID, judged("ignore")).when(warned()).never(TO_A_PERSON, instructed(), decided())


def test_a_verdict_on_another_alert_says_nothing_of_this_one():
    given(*PAID, judged("refund", "a2")).when(warned(ABOVE)).then(TO_A_PERSON).never(instructed())


# --- one claim, told more than once


def test_two_vendors_tell_one_claim():
    story = given(*PAID, warned()).when(warned(alert_id="a2", source="cdrn")).never(instructed(), TO_A_PERSON)
    assert paid_out(story) == 5000
    story = given(*PAID, warned(ABOVE)).when(warned(ABOVE, "a2", "cdrn"))
    story.never(alerted("pre_dispute.action_required", alert_id="a2"))


def test_two_amounts_are_two_claims():
    story = given(*PAID, warned("40.00")).when(warned("40.01", "a2")).then(refunded("40.01", "a2"))
    assert paid_out(story) == 8001


@pytest.mark.parametrize(
    ("at", "again"), [("2026-03-07T00:00Z", 0), ("2026-03-07T00:01Z", 5000)], ids=["60 days", "later"]
)
def test_within_sixty_days_the_same_amount_is_the_same_claim(at, again):
    story = Dated(start="2026-01-05").given(*PAID).on("2026-01-06", warned()).on(at, warned(alert_id="a2"))
    assert paid_out(story) == 5000 + again


@pytest.mark.parametrize("text", [WITHIN, ABOVE])
def test_a_verdict_on_the_second_alert_of_a_claim_that_is_paid_pays_nothing_more(text):
    story = given(*PAID, warned(text), warned(text, "a2", "cdrn"), judged("refund"), judged("refund", "a2"))
    assert paid_out(story) == round(float(text) * 100)


@pytest.mark.parametrize("first", ["alert", "chargeback"])
def test_a_claim_that_is_a_chargeback_by_now_is_not_refunded_on_a_verdict(first):
    events = [warned("60.00"), dispute("opened", "60.00")]
    story = given(*PAID, *(events if first == "alert" else events[::-1]))
    story.when(judged("refund")).never(instructed())
    assert not paid_out(story)


def test_a_chargeback_that_is_known_needs_no_refund_for_its_alert():
    given(*PAID, dispute("opened", WITHIN)).when(warned()).never(instructed(), TO_A_PERSON)


def test_a_chargeback_after_the_refund_of_its_alert_takes_no_more_than_the_payment_holds():
    story = given(*PAID, warned()).when(dispute("opened", WITHIN))
    assert claimed(story.case, story.case.payments["p1"]) == 5000
    story.when(asked("r1", amount("150.01"))).never(approved("150.01"))


# --- what the network has paid itself


def test_what_the_network_has_credited_is_booked_and_needs_nobody():
    story = given(*PAID).when(warned(source="rdr", already_credited=True))
    story.then(booked("network_credited", "-50.00", payment_id="p1")).never(instructed(), TO_A_PERSON, decided())
    assert claimed(story.case, story.case.payments["p1"]) == 5000


def test_a_verdict_to_refund_what_the_network_has_credited_pays_nothing():
    story = given(*PAID, warned(source="rdr", already_credited=True)).when(judged("refund")).never(instructed())
    assert not paid_out(story)


def test_a_credit_and_the_alert_of_another_vendor_are_one_claim():
    story = given(*PAID, warned(source="rdr", already_credited=True)).when(warned(alert_id="a2"))
    assert not paid_out(story)
    assert claimed(story.case, story.case.payments["p1"]) == 5000


# --- its refund is a refund like any other


def test_it_is_executed_and_settles_like_any_other_and_is_not_done_again():
    story = given(*PAID, warned())
    key = next(iter(story.case.refunds))
    story.when(refund("succeeded", WITHIN, instruction_id=key)).then(booked("refund_settled", "-50.00"))
    story.when(warned(), warned(alert_id="a2")).never(instructed())


def test_a_request_of_the_customer_gets_what_it_left():
    given(*PAID, warned()).when(asked()).then(approved("150.00", reduced=True))
    given(*PAID, warned()).when(asked(scope=amount("150.01"))).then(denied("exceeds_refundable", "150.00"))


def test_the_same_alert_with_another_amount_is_a_conflict():
    given(*PAID, warned()).when(warned("49.00")).then(refused("id_conflict"))


def test_a_held_request_of_the_customer_does_not_stop_it():
    terms = policy(auto_approve_limit={"default": 0})
    story = given(*PAID, asked(), terms=terms).then(held("over_auto_limit")).when(warned()).then(refunded())
    story.when(verdict("approve")).then(approved("150.00", reduced=True))


@pytest.mark.parametrize("end", ["won", "withdrawn"])
def test_the_credit_of_the_network_stands_when_the_chargeback_that_repeated_it_ends(end):
    story = given(*PAID, warned("200.00", source="rdr"), dispute("opened", "200.00"), dispute(end))
    story.when(asked()).then(denied("already_credited_by_network"))


def test_a_credit_in_another_currency_stands_for_the_whole_payment():
    given(*PAID, warned("1.00 JPY", source="rdr")).when(asked()).then(denied("already_credited_by_network"))


def test_an_alert_of_nothing_is_a_person_s_to_judge_and_refunds_nothing():
    story = given(*PAID).when(warned("0.00")).then(TO_A_PERSON).never(instructed("0.00"))
    story.when(judged("refund")).never(instructed("0.00"))
    assert paid_out(story) == 0
