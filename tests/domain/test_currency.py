"""Refunds in the currency that was charged, and what they come to on the merchant's account."""

from datetime import date

import pytest

from app.domain.rates import Rates
from tests.domain.dated import Dated
from tests.domain.events import amount, asked, capture_failed, captured, line, money, of_payments, placed, refund
from tests.domain.expecting import approved, booked, decided, denied, instructed, refused
from tests.domain.stories import given

TODAY = "2026-01-05T12:30:00Z"


def minor(amount_minor, currency):
    return {"amount_minor": amount_minor, "currency": currency}


def book(*rows):
    """Rates as `EUR/SEK@2026-01-05 11.5`."""
    rates = Rates()
    for row in rows:
        pair, rate = row.split()
        named, _, day = pair.partition("@")
        base, _, quote = named.partition("/")
        rates.add(base, quote, date.fromisoformat(day or "2026-01-05"), rate)
    return rates


def bought(charged, settled=None, *, rates=None, at=TODAY):
    """An order of one line, captured in its currency and settled in another."""
    value, currency = charged
    order = placed(line("l1", "0", amount_minor=value), currency=currency)
    settlement = {} if settled is None else {"settlement": {"amount": minor(*settled), "rate": "1"}}
    paid = captured("0", **settlement).but(amount=minor(value, currency))
    return Dated(start=at, rates=rates or Rates()).on(at, order, paid)


def gives(asked_minor, currency):
    return asked(scope={"kind": "amount", "amount": minor(asked_minor, currency)})


def told_fx(story):
    """The `fx` of the last decision."""
    return next(out.body["fx"] for out in reversed(story.told) if out.body["type"].startswith("refund.approved"))


@pytest.mark.parametrize(
    ("charged", "settled", "rate", "estimate"),
    [
        # the worked examples
        ((100, "USD"), (101, "JPY"), "USD/JPY 101", 101),
        ((1000, "JPY"), (990, "USD"), "JPY/USD 0.0099", 990),
        # no, two, three and four decimals
        ((12345, "KWD"), (3704, "EUR"), "KWD/EUR 3", 3704),  # 12.345 x 3 = 37.035
        ((100, "EUR"), (333, "KWD"), "EUR/KWD 0.3333", 333),
        ((500000, "CLF"), (200000, "USD"), "CLF/USD 40", 200000),
        ((200000, "USD"), (500000, "CLF"), "CLF/USD 40", 500000),
        ((1001, "JPY"), (626, "EUR"), "EUR/JPY 160", 626),  # 6.25625
        ((1, "USD"), (150, "JPY"), "USD/JPY 150", 2),  # 1.5 yen
        ((1, "USD"), (150, "JPY"), "USD/JPY 149", 1),  # 1.49 yen
        ((25, "CLF"), (1, "USD"), "CLF/USD 2", 1),  # 0.0025 x 2 = 0.005
        ((24, "CLF"), (1, "USD"), "CLF/USD 2", 0),
        ((1000, "ISK"), (700, "EUR"), "EUR/ISK 150", 667),  # 6.667: the krona has no decimals
    ],
    ids=str,
)
def test_an_estimate_is_rounded_half_up_once_in_the_unit_of_the_account(charged, settled, rate, estimate):
    story = bought(charged, settled, rates=book(rate)).when(asked())
    story.then(decided(outcome="approved", amount_minor=charged[0], currency=charged[1]))
    assert told_fx(story)["settlement_estimate"] == minor(estimate, settled[1])


@pytest.mark.parametrize(
    ("rates", "rate", "as_of"),
    [
        (["EUR/SEK 11.5"], "11.5", "2026-01-05"),  # direct
        (["SEK/EUR 0.08"], "12.5", "2026-01-05"),  # the other way round
        (["EUR/USD 1.25", "USD/SEK 10"], "12.5", "2026-01-05"),  # across a common base
        (["USD/EUR 0.8", "USD/SEK 10"], "12.5", "2026-01-05"),
        (["EUR/USD 1.25", "SEK/USD 0.1"], "12.5", "2026-01-05"),
        (["EUR/SEK 11.5", "EUR/USD 1.25", "USD/SEK 10"], "11.5", "2026-01-05"),  # direct goes before crossed
        (["EUR/SEK@2026-01-04 11.4"], "11.4", "2026-01-04"),  # none of the day: the day before
        (["EUR/SEK@2026-01-02 11.2", "EUR/SEK@2026-01-04 11.4"], "11.4", "2026-01-04"),
        (["EUR/SEK@2026-01-04 11.4", "EUR/SEK@2026-01-06 11.6"], "11.4", "2026-01-04"),  # none of tomorrow
        (["EUR/SEK@2025-12-24 11.1"], "11.1", "2025-12-24"),
        (["EUR/SEK@2024-12-24 10.9"], "10.9", "2024-12-24"),  # however old
        (["EUR/SEK 11.5", "EUR/SEK 11.7"], "11.7", "2026-01-05"),  # said again
    ],
    ids=str,
)
def test_the_rate_of_a_day_is_the_newest_on_or_before_it(rates, rate, as_of):
    story = bought((1000, "EUR"), (11000, "SEK"), rates=book(*rates)).when(asked())
    assert (told_fx(story)["rate"], told_fx(story)["as_of"]) == (rate, date.fromisoformat(as_of))


def test_a_crossed_rate_is_not_rounded_in_between():
    rates = book("EUR/JPY 160", "EUR/USD 1.6")  # a yen is 0.00625 euro and one cent; by way of a euro cent it were two
    assert told_fx(bought((1, "JPY"), (1, "USD"), rates=rates).when(asked()))["settlement_estimate"] == minor(1, "USD")


@pytest.mark.parametrize("rates", [[], ["EUR/SEK@2026-01-06 11.6"], ["EUR/USD 1.25"], ["NOK/SEK 1"]], ids=str)
def test_without_a_rate_the_decision_goes_on_without_an_estimate_and_says_so(rates):
    story = bought((1000, "EUR"), (11000, "SEK"), rates=book(*rates)).when(asked())
    story.then(approved("10.00", fx=None, flags=("fx_rate_missing",)), instructed("10.00", currency="EUR"))


@pytest.mark.parametrize(
    ("asked_for", "estimate", "gain_loss"),
    [(1000, 11500, -500), (250, 2875, -125), (1, 12, -1), (333, 3830, -167)],  # 36.63 came in for 3.33, 38.30 go out
)
def test_gain_or_loss_is_the_share_of_what_came_in_less_what_goes_out(asked_for, estimate, gain_loss):
    story = bought((1000, "EUR"), (11000, "SEK"), rates=book("EUR/SEK 11.5")).when(gives(asked_for, "EUR"))
    assert told_fx(story) == {
        "rate": "11.5",
        "as_of": date(2026, 1, 5),
        "settlement_estimate": minor(estimate, "SEK"),
        "gain_loss_minor": gain_loss,
        "currency": "SEK",
    }


def test_a_rate_that_fell_is_a_gain():
    story = bought((1000, "EUR"), (11000, "SEK"), rates=book("EUR/SEK 10.5")).when(asked())
    assert told_fx(story)["gain_loss_minor"] == 500


@pytest.mark.parametrize("settled", [None, (1000, "EUR")], ids=["not said", "in the same currency"])
def test_where_nothing_is_exchanged_there_is_nothing_to_estimate(settled):
    story = bought((1000, "EUR"), settled, rates=book("EUR/SEK 11.5"))
    story.when(asked()).then(approved("10.00", fx=None, flags=()))


SETTLED = {"settlement": {"amount": minor(7000, "EUR"), "rate": "0.875"}}
IN_KRONOR = {"settlement": {"amount": minor(20000, "SEK"), "rate": "10"}}


@pytest.mark.parametrize("rates", [[], ["EUR/USD 1.25", "EUR/SEK 10"]], ids=["no rates", "all rates"])
@pytest.mark.parametrize(
    "other",
    [
        captured("20.00 USD", "g1", kind="gift_card"),
        captured("20.00 USD", "p2", settlement={"amount": minor(2000, "USD"), "rate": "1"}),
        captured("20.00 USD", "p2", **IN_KRONOR),
        captured("20.00 USD", capture_id="c2"),
        captured("20.00 USD", capture_id="c2", **IN_KRONOR),
    ],
    ids=["a gift card", "a card of its own currency", "a third currency", "unsettled capture", "capture in a third"],
)
def test_what_did_not_settle_in_one_other_currency_has_no_estimate_and_lacks_no_rate(other, rates):
    """100.00 USD of which 80.00 came in as 70.00 EUR: no one amount in EUR stands for the whole."""
    story = Dated(start=TODAY, rates=book(*rates)).given(placed(line("l1", "100.00"), currency="USD"))
    story.given(captured("80.00 USD", **SETTLED), other).when(asked())
    story.then(approved("100.00", fx=None, flags=()))


def test_of_several_payments_the_estimate_is_of_those_that_give_something_back():
    """80.00 USD of the card alone at 1.25 are 64.00 EUR, and 70.00 EUR came in; the rest is on the gift card."""
    story = Dated(start=TODAY, rates=book("EUR/USD 1.25")).given(placed(line("l1", "100.00"), currency="USD"))
    story.given(captured("80.00 USD", **SETTLED), captured("20.00 USD", "g1", kind="gift_card"))
    story.when(gives(8000, "USD")).then(approved("80.00", flags=()))
    assert (told_fx(story)["settlement_estimate"], told_fx(story)["gain_loss_minor"]) == (minor(6400, "EUR"), 600)
    story.when(gives(2000, "USD").but(request_id="r2")).then(approved("20.00", fx=None, flags=()))


def test_a_settlement_that_is_told_later_is_known_from_then_on():
    story = bought((1000, "EUR"), rates=book("EUR/SEK 11.5")).when(gives(100, "EUR")).then(approved("1.00", fx=None))
    story.given(of_payments("payment.settled", "p1", settlement={"amount": minor(11000, "SEK"), "rate": "11"}))
    story.when(gives(100, "EUR").but(request_id="r2"))
    assert told_fx(story)["gain_loss_minor"] == -50


def test_the_share_is_of_all_captures_of_the_payment():
    story = Dated(start=TODAY, rates=book("EUR/SEK 11"))
    for part, came_in in (("c1", 4400), ("c2", 6700)):
        paid = {"settlement": {"amount": minor(came_in, "SEK"), "rate": "11"}, "capture_id": part}
        story.given(captured("4.00" if part == "c1" else "6.00", **paid))
    story.given(placed(line("l1", "10.00"))).when(gives(500, "EUR"))
    assert told_fx(story)["gain_loss_minor"] == 50  # half of 111.00 less 55.00


def test_what_was_not_captured_after_all_came_in_for_nothing():
    story = Dated(start=TODAY, rates=book("EUR/SEK 11")).given(placed(line("l1", "10.00")))
    for capture_id, text, came_in in (("c1", "10.00", 11000), ("c2", "5.00", 5500)):
        settlement = {"amount": minor(came_in, "SEK"), "rate": "11"}
        story.given(captured(text, capture_id=capture_id, settlement=settlement))
    story.given(capture_failed("5.00", capture_id="c2")).when(asked())
    assert told_fx(story)["gain_loss_minor"] == 0


def paid_back(value, settlement=None):
    """A refund of ours that the provider carried out; what it came to on the account."""
    story = bought((300, "EUR"), (1000, "SEK"), rates=book("EUR/SEK 3.3")).when(gives(value, "EUR"))
    more = (
        {}
        if settlement is None
        else {"settlement": {"amount": minor(settlement, "SEK"), "rate": "1"}, "refund_id": "f1"}
    )
    answer = refund("succeeded", "0", instruction_id=next(iter(story.case.refunds)), **more)
    return story.when(answer.but(amount=minor(value, "EUR")))


def test_the_ledger_tells_what_a_capture_settled_for():
    settlement = {"amount": minor(11000, "SEK"), "rate": "11"}
    given(placed()).when(captured("100.00", settlement=settlement)).then(booked("captured", settlement=settlement))
    given(placed()).when(captured("100.00")).then(booked("captured", settlement=None))


def test_what_the_provider_kept_of_a_capture_is_booked_once():
    settlement = {"amount": minor(11000, "SEK"), "rate": "11"}
    told = of_payments("payment.settled", "p1", settlement=settlement, fee=money("0.30"))
    story = given(placed(), captured("100.00")).when(told)
    story.then(booked("fee", "-0.30", payment_id="p1", currency="EUR"))
    story.when(told).never(booked("fee"))
    story.when(told.but(fee=None, event_id="without")).never(booked("fee"))


@pytest.mark.parametrize(
    ("value", "out", "gain_loss"),
    [
        (300, 1000, 0),
        (300, 990, 10),
        (100, 333, 0),  # of 333 1/3
        (100, 332, 1),
        (100, 335, -2),
        (200, 667, 0),  # of 666 2/3
        (150, 501, -1),
        (3, 9, 1),
    ],
)
def test_the_ledger_tells_the_gain_or_loss_of_a_refund_as_it_settled(value, out, gain_loss):
    paid_back(value, out).then(
        booked(
            "refund_settled", amount_minor=-value, currency="EUR", fx={"gain_loss_minor": gain_loss, "currency": "SEK"}
        )
    )


def test_the_settlement_of_a_refund_may_be_told_after_it():
    story = paid_back(100).then(booked("refund_settled", "-1.00", fx=None))
    key = next(iter(story.case.refunds))
    story.given(refund("succeeded", "1.00", instruction_id=key, refund_id="f1"))
    story.when(
        of_payments("refund.settled", "p1", refund_id="f1", settlement={"amount": minor(332, "SEK"), "rate": "3.32"})
    )
    fx = {"gain_loss_minor": 1, "currency": "SEK"}
    story.then(booked("refund_settled", fx=fx))
    booked_minor = sum(
        out.body["amount"]["amount_minor"] for out in story.told if out.body.get("kind") == "refund_settled"
    )
    assert booked_minor == -100


def test_what_a_refund_came_to_is_booked_once_however_often_it_is_told():
    settlement = {"amount": minor(332, "SEK"), "rate": "3.32"}
    told = of_payments("refund.settled", "p1", refund_id="f1", settlement=settlement)
    story = bought((300, "EUR"), (1000, "SEK")).given(gives(100, "EUR"))
    key = next(iter(story.case.refunds))
    story.given(refund("submitted", "1.00", instruction_id=key, refund_id="f1"))
    story.when(told).never(booked("refund_settled"))
    story.when(refund("succeeded", "1.00", refund_id="f1", settlement=settlement)).then(booked("refund_settled"))
    story.when(told).absorbed()
    story.when(told.but(event_id="again")).absorbed()
    for other in (minor(342, "SEK"), minor(332, "NOK")):
        story.when(told.but(settlement={"amount": other, "rate": "3.42"}))
        story.then(refused("id_conflict", path="settlement.amount")).never(booked("refund_settled"))
    assert gains(story) == [1]


def test_money_that_came_back_and_went_again_may_come_to_something_else():
    """Of 333 1/3 that came in for it 332 went the first time, and 335 the second."""
    story = paid_back(100)
    told = of_payments("refund.settled", "p1", refund_id="f1", settlement={"amount": minor(332, "SEK"), "rate": "3.32"})
    named = {"instruction_id": next(iter(story.case.refunds)), "refund_id": "f1"}
    story.given(refund("succeeded", "1.00", **named), told, refund("reversed", "1.00", **named))
    story.when(refund("succeeded", "1.00", **named)).then(booked("refund_settled", "-1.00", fx=None))
    story.when(told.but(settlement={"amount": minor(335, "SEK"), "rate": "3.35"})).then(
        booked("refund_settled", "0.00", fx={"gain_loss_minor": -2, "currency": "SEK"})
    )
    assert gains(story) == [1, -2]


def gains(story):
    """What the ledger says was gained, entry by entry."""
    entries = [out.body for out in story.told if out.body.get("kind") == "refund_settled" and out.body["fx"]]
    return [entry["fx"]["gain_loss_minor"] for entry in entries]


def test_the_estimate_of_a_decision_is_of_the_day_on_which_it_is_made():
    rates = book("EUR/SEK@2026-01-05 11.5", "EUR/SEK@2026-01-06 12")
    story = bought((1000, "EUR"), (11000, "SEK"), rates=rates)
    story.on("2026-01-05T23:59:00Z", gives(100, "EUR"))
    assert told_fx(story)["settlement_estimate"] == minor(1150, "SEK")
    story.on("2026-01-06T00:00:00Z", gives(100, "EUR").but(request_id="r2"))
    assert told_fx(story)["settlement_estimate"] == minor(1200, "SEK")


def test_a_day_is_the_one_of_utc_whatever_the_offset_of_the_publisher():
    rates = book("EUR/SEK@2026-01-05 11.5", "EUR/SEK@2026-01-06 12")
    story = bought((1000, "EUR"), (11000, "SEK"), rates=rates)
    story.on("2026-01-05T22:30:00Z", gives(100, "EUR").at("2026-01-06T00:30:00+02:00"))
    assert told_fx(story)["settlement_estimate"] == minor(1150, "SEK")


@pytest.mark.parametrize(
    "wish",
    [
        asked(scope=amount("1.00 USD")),
        asked(expected_amount=minor(1000, "USD")),
        asked(scope={"kind": "payment", "payment_id": "p1", "amount": minor(100, "USD")}, reason="overcharged"),
    ],
    ids=["amount", "expected", "of a payment"],
)
def test_a_refund_in_another_currency_is_denied(wish):
    given(placed(line("l1", "10.00")), captured("10.00")).when(wish).then(denied("currency_mismatch"))
