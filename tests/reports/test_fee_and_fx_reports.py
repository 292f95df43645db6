"""Fees and exchange rates, reckoned by hand."""

from datetime import UTC, datetime

from app.reports.fees import FeeReport
from app.reports.fx import FxReport
from app.reports.said import Period
from tests.reports.telling import Told, derived, money, tender

AT = "2026-03-02T12:00:00Z"


def fee(kind: str, net: int, gross: int) -> dict[str, object]:
    return {"component": "fee", "fee": kind, "net_minor": net, "gross_minor": gross, "taxes": []}


def line(gross: int) -> dict[str, object]:
    return {"component": "line", "fee": None, "net_minor": gross, "gross_minor": gross, "taxes": []}


def fees(period: Period | None = None) -> Told:
    told = Told(FeeReport(period or Period()))
    told.entry("fee", -29, AT)
    told.entry("fee", -31, AT, cause={"topic": "payments", "event_id": "x"})
    told.entry("fee", -1500, AT, cause={"topic": "disputes", "event_id": "y"})
    told.entry("fee", 1500, AT, cause={"topic": "disputes", "event_id": "z"})
    told.entry("fee", -20, AT, "USD")
    told.entry("captured", 10000, AT)
    told.decision("r1", "approved", "within_policy", AT, 7900, breakdown=[line(10000), fee("restocking", -1250, -1500)])
    told.decision("r2", "approved", "within_policy", AT, 500, breakdown=[fee("restocking", -100, -120), line(620)])
    told.decision("r3", "held", "over_auto_limit", AT, 500, breakdown=[fee("damage", -100, -120)])
    return told


def test_fees_that_were_paid_by_what_they_are_for():
    paid = fees().report.document()["paid"]
    names = ("fees", "currency", "entries", "charged_minor", "returned_minor", "cost_minor")
    assert [tuple(one[name] for name in names) for one in paid] == [
        ("of disputes", "EUR", 2, 1500, 1500, 0),
        ("of payments", "EUR", 2, 60, 0, 60),
        ("of payments", "USD", 1, 20, 0, 20),
    ]


def test_fees_that_were_kept_of_approved_refunds():
    kept = fees().report.document()["kept"]
    names = ("fee", "currency", "times", "net_minor", "tax_minor", "kept_minor")
    assert [tuple(one[name] for name in names) for one in kept] == [("restocking", "EUR", 2, 1350, 270, 1620)]


def test_fees_of_another_period_are_not_told():
    document = fees(Period(start=datetime(2026, 3, 3, tzinfo=UTC))).report.document()
    assert document["paid"] == document["kept"] == []


def rates() -> Told:
    """Three approvals in dollars, settled in euro: one came out 3 cents better, one later as estimated, one is open."""
    told = Told(FxReport(Period()))
    for number, minor, estimate, gain in ((1, 10000, 9200, -100), (2, 5000, 4600, -50), (3, 1000, 920, -10)):
        told.decision(
            f"r{number}",
            "approved",
            "within_policy",
            AT,
            None,
            amount=money(minor, "USD"),
            tenders=[tender(f"i{number}", minor, "USD")],
            fx={"settlement_estimate": money(estimate), "gain_loss_minor": gain, "rate": "0.92", "as_of": "2026-03-01"},
        )
    missing = {"amount": money(700, "USD"), "flags": ["fx_rate_missing"], "tenders": [tender("i4", 700, "USD")]}
    told.decision("r4", "approved", "within_policy", AT, None, **missing)
    told.decision("r5", "approved", "within_policy", AT, 100)
    told.entry(
        "refund_settled",
        -10000,
        AT,
        "USD",
        id=derived("led", "m/o1", "refund_settled", "i1", 1),
        settlement={"amount": money(-9197), "rate": "0.9197"},
        fx={"gain_loss_minor": -97, "currency": "EUR"},
    )
    told.entry("refund_settled", -5000, AT, "USD", id=derived("led", "m/o1", "refund_settled", "i2", 1))
    told.entry(
        "refund_settled",
        0,
        AT,
        "USD",
        id=derived("led", "m/o1", "refund_settled", "i2", "settlement", "late"),
        cause={"topic": "payments", "event_id": "late"},
        settlement={"amount": money(4600), "rate": "0.92"},
        fx={"gain_loss_minor": -50, "currency": "EUR"},
    )
    return told


def test_estimates_are_set_against_what_came():
    document = rates().report.document()
    assert document["pairs"] == [
        {
            "merchant_id": "m",
            "currency": "USD",
            "settlement_currency": "EUR",
            "refunds": 3,
            "amount_minor": 16000,
            "estimate_minor": 14720,
            "estimated_gain_loss_minor": -160,
            "settled": 2,
            "settled_minor": 13797,
            "gain_loss_minor": -147,
            "estimated_of_settled_minor": -150,
            "better_than_estimated_minor": 3,
        }
    ]
    assert document["without_rate"] == [without_rate(1, 700)]


def without_rate(refunds: int, minor: int, settled_in: str | None = None, settled: int = 0, gain: int = 0) -> object:
    named = {"merchant_id": "m", "currency": "USD", "settlement_currency": settled_in}
    return named | {"refunds": refunds, "amount_minor": minor, "settled_minor": settled, "gain_loss_minor": gain}


def test_what_had_no_rate_when_it_was_approved_is_told_as_it_came():
    """Of two more in dollars one came to 2.70 euro where 2.76 had come in, and one of two tenders is still open."""
    told = rates()
    for number, tenders in ((6, ["i6"]), (7, ["i7", "i8"])):
        parts = [tender(one, 300, "USD") for one in tenders]
        amount = {"amount": money(300 * len(parts), "USD"), "flags": ["fx_rate_missing"], "tenders": parts}
        told.decision(f"r{number}", "approved", "within_policy", AT, None, **amount)
    for one, came_to, gain in (("i6", 270, 6), ("i7", 280, -4)):
        told.entry(
            "refund_settled",
            -300,
            AT,
            "USD",
            id=derived("led", "m/o1", "refund_settled", one, 1),
            settlement={"amount": money(-came_to), "rate": "0.9"},
            fx={"gain_loss_minor": gain, "currency": "EUR"},
        )
    document = told.report.document()
    assert document["without_rate"] == [without_rate(2, 1300), without_rate(1, 300, "EUR", 270, 6)]
    assert document["pairs"] == rates().report.document()["pairs"]


def test_what_was_settled_in_another_currency_than_estimated_is_not_compared():
    told = rates()
    told.entry(
        "refund_settled",
        -1000,
        AT,
        "USD",
        id=derived("led", "m/o1", "refund_settled", "i3", 1),
        settlement={"amount": money(-900, "CHF"), "rate": "0.9"},
        fx={"gain_loss_minor": 5, "currency": "CHF"},
    )
    assert told.report.document() == rates().report.document()


def test_a_fee_of_which_a_timer_is_the_cause_is_of_nothing_else():
    told = Told(FeeReport(Period()))
    told.entry("fee", -10, AT, cause={"topic": None, "timer": "some_timer"})
    assert [(one["fees"], one["charged_minor"]) for one in told.report.document()["paid"]] == [("other", 10)]


def test_what_its_parts_came_to_in_several_currencies_is_not_added():
    told = Told(FxReport(Period()))
    parts = [tender("i1", 300, "USD"), tender("i2", 300, "USD")]
    amount = {"amount": money(600, "USD"), "flags": ["fx_rate_missing"], "tenders": parts}
    told.decision("r1", "approved", "within_policy", AT, None, **amount)
    for one, currency in (("i1", "EUR"), ("i2", "CHF")):
        told.entry(
            "refund_settled",
            -300,
            AT,
            "USD",
            id=derived("led", "m/o1", "refund_settled", one, 1),
            settlement={"amount": money(-280, currency), "rate": "0.93"},
            fx={"gain_loss_minor": 5, "currency": currency},
        )
    assert told.report.document()["without_rate"] == [without_rate(1, 600)]
