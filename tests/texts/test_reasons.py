import string

import pytest

from app.domain.reasons import MESSAGES, OUTCOMES, Outcome, ReasonCode
from app.texts import LOCALES, render
from app.texts.book import OTHER, book
from tests.texts.samples import required_only

CODES = {
    Outcome.APPROVE: "within_policy statutory_right review_approved pre_dispute_refund order_cancelled "
    "merchant_goodwill overpayment reduced",
    Outcome.DENY: "window_expired final_sale not_paid nothing_left exceeds_refundable quantity_exceeded "
    "currency_mismatch exempt_from_withdrawal withdrawal_period_over already_credited_by_network dispute_lost "
    "duplicate_request review_denied period_fully_used unknown_line amount_not_positive expected_amount_differs "
    "order_not_received_in_time return_not_received case_expired",
    Outcome.HOLD: "over_auto_limit needs_second_reviewer awaiting_return awaiting_payment awaiting_order "
    "awaiting_history dispute_open velocity high_risk rule_review outside_refund_unallocated total_differs "
    "information_needed",
}
TEMPLATE = {
    Outcome.APPROVE: "refund_approved",
    Outcome.DENY: "refund_denied",
    Outcome.HOLD: "refund_acknowledged",
}
EUR_75 = {"amount_minor": 7500, "currency": "EUR"}


def told(locale, outcome, *codes, **more):
    """What a notification says because of these codes."""
    template = TEMPLATE[outcome]
    data = required_only(template) | {"reasons": []} | more
    without = render(template, locale, data).body
    body = render(template, locale, data | {"reasons": list(codes)}).body
    assert "  " not in body
    first, *others = body.split("\n\n")
    first_without, *others_without = without.split("\n\n")
    assert first.startswith(first_without)
    return "\n\n".join(
        [first.removeprefix(first_without).strip(), *others[: len(others) - len(others_without)]]
    ).strip()


@pytest.mark.parametrize("outcome", Outcome)
def test_the_codes_are_those_of_the_contract(outcome):
    assert [r.value for r, o in OUTCOMES.items() if o is outcome] == CODES[outcome].split()


def test_every_code_has_one_outcome_and_one_sentence_for_staff():
    assert list(OUTCOMES) == list(MESSAGES) == list(ReasonCode)
    assert len(set(MESSAGES.values())) == len(MESSAGES)


@pytest.mark.parametrize("reason", ReasonCode)
def test_a_sentence_for_staff_is_filled_with_lines_and_what_is_possible(reason):
    names = {name for _, name, _, _ in string.Formatter().parse(MESSAGES[reason]) if name is not None}
    assert names <= {"lines", "possible"}
    filled = MESSAGES[reason].format(lines="l1, l2", possible="75.00 USD")
    assert filled.endswith(".")
    assert ("l1, l2" in filled, "75.00 USD" in filled) == ("lines" in names, "possible" in names)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (ReasonCode.EXCEEDS_REFUNDABLE, "The amount is more than can be refunded; possible: 75.00 USD."),
        (ReasonCode.WINDOW_EXPIRED, "The policy's refund window is over for: l1, l2."),
        (ReasonCode.FINAL_SALE, "Sold as final sale: l1, l2."),
        (ReasonCode.UNKNOWN_LINE, "Not in the order: l1, l2."),
    ],
)
def test_staff_read_which_lines_and_how_much(reason, sentence):
    assert MESSAGES[reason].format(lines="l1, l2", possible="75.00 USD") == sentence


@pytest.mark.parametrize("locale", LOCALES)
def test_every_code_has_a_text_and_no_text_is_left_over(locale):
    reasons = book(locale).reasons
    assert {o: set(texts) for o, texts in reasons.items()} == {o: {*CODES[o].split(), OTHER} for o in Outcome}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("reason", ReasonCode)
def test_the_text_of_a_code_is_a_sentence_of_its_language(locale, reason):
    text = told(locale, OUTCOMES[reason], reason.value, refundable=EUR_75)
    for sentence in (text, told(locale, OUTCOMES[reason], reason.value)):
        assert sentence[0].isalpha()
        assert sentence.endswith("。" if locale == "ja" else ".")
    assert reason.value not in text
    others = {told(other, OUTCOMES[reason], reason.value, refundable=EUR_75) for other in LOCALES if other != locale}
    assert text not in others


@pytest.mark.parametrize("locale", LOCALES)
def test_a_denial_says_the_decisive_reason_alone(locale):
    first = told(locale, Outcome.DENY, "window_expired")
    assert told(locale, Outcome.DENY, "window_expired", "final_sale") == first
    assert told(locale, Outcome.DENY, "within_policy", "window_expired") == first


@pytest.mark.parametrize("locale", LOCALES)
def test_advice_to_staff_is_not_told_with_an_approval(locale):
    alone = told(locale, Outcome.APPROVE, "review_approved")
    assert alone
    assert told(locale, Outcome.APPROVE, "review_approved", "window_expired", "final_sale") == alone


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_possible_is_said_where_the_amount_was_too_high_and_nowhere_else(locale):
    assert "75" in told(locale, Outcome.DENY, "exceeds_refundable", refundable=EUR_75)
    assert "75" not in told(locale, Outcome.DENY, "exceeds_refundable")
    assert "75" not in told(locale, Outcome.DENY, "window_expired", refundable=EUR_75)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("code", ["velocity", "high_risk", "rule_review", "needs_second_reviewer", OTHER])
def test_a_hold_that_could_accuse_a_customer_reads_like_any_review(locale, code):
    review = told(locale, Outcome.HOLD, "over_auto_limit")
    assert told(locale, Outcome.HOLD, code) == review
    assert told(locale, Outcome.HOLD, "over_auto_limit", code) == review, "said once"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("outcome", Outcome)
def test_a_code_of_a_merchant_s_own_rule_is_told_in_general_words(locale, outcome):
    text = told(locale, outcome, "gift_cards_on_sundays")
    assert text
    assert "gift" not in text


@pytest.mark.parametrize("locale", LOCALES)
def test_several_holds_are_told_in_their_order(locale):
    joint = "" if locale == "ja" else " "
    one, two = (told(locale, Outcome.HOLD, code) for code in ("awaiting_payment", "total_differs"))
    assert told(locale, Outcome.HOLD, "awaiting_payment", "total_differs") == f"{one}{joint}{two}"
