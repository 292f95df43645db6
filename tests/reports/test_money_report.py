"""Where the money is, reckoned by hand."""

from datetime import UTC, datetime

from app.reports.money import ACCOUNTS, COLUMN, MoneyReport
from app.reports.said import Period
from tests.reports.telling import Told, dispute, payment
from topics.ledger import EntryKind

MARCH, APRIL = "2026-03-10T12:00:00Z", "2026-04-02T12:00:00Z"


def books(period: Period | None = None) -> Told:
    """Two cases of one merchant over two months, in euro; a third one in yen."""
    told = Told(MoneyReport(period or Period()))
    told.entry("captured", 10000, MARCH)
    told.entry("refund_settled", -3000, MARCH)
    told.entry("dispute_withdrawn", -2000, APRIL)
    told.entry("dispute_reinstated", 500, APRIL)
    told.entry("fee", -150, APRIL)
    told.entry("captured", 5000, MARCH, to="o2")
    told.entry("capture_failed", -1000, MARCH, to="o2")
    told.entry("store_credit", -700, MARCH, to="o2")
    told.entry("network_credited", -400, APRIL, to="o2")
    told.entry("captured", 900, "2026-03-31T23:59:59Z", "JPY", to="o3")
    told.snapshot("o1", [payment(10000)], [], MARCH)
    told.snapshot(
        "o1",
        [payment(10000, 3000, 100, 1600)],
        [dispute("d1", "open", 1600, withdrawn_minor=2000, reinstated_minor=500)],
        APRIL,
        version=2,
    )
    told.snapshot("o2", [payment(4000, 700, 0, 400)], [], APRIL)
    told.snapshot("o3", [payment(900, currency="JPY")], [], APRIL)
    return told


def row(**minor: int) -> dict[str, int]:
    names = ("captured", "refunded", "store_credit", "disputed", "recovered", "credited", "fees", "left")
    return {f"{name}_minor": minor.get(name, 0) for name in names}


def test_months_by_currency_and_what_is_left():
    assert books().report.document()["months"] == [
        {"merchant_id": "m", "month": "2026-03", "currency": "EUR"}
        | row(captured=14000, refunded=3000, store_credit=700, left=10300),
        {"merchant_id": "m", "month": "2026-04", "currency": "EUR"}
        | row(disputed=2000, recovered=500, credited=400, fees=150, left=8400),
        {"merchant_id": "m", "month": "2026-03", "currency": "JPY"} | row(captured=900, left=900),
    ]


def test_the_standing_is_law_one_over_all_payments():
    standing = books().report.document()["standing"]
    assert [(one["currency"], one["payments"], one["captured_minor"], one["refunded_minor"]) for one in standing] == [
        ("EUR", 2, 14000, 3700),
        ("JPY", 1, 900, 0),
    ]
    assert [(one["in_flight_minor"], one["claimed_minor"], one["refundable_minor"]) for one in standing] == [
        (100, 2000, 8200),
        (0, 0, 900),
    ]


def test_every_account_and_that_they_come_to_zero():
    accounts = {
        (one["account"], one["currency"]): one["balance_minor"] for one in books().report.document()["accounts"]
    }
    assert accounts == {
        ("held by the provider", "EUR"): 8950,  # 10000 - 3000 - 2000 + 500 - 150 + 5000 - 1000 - 400
        ("sales", "EUR"): -14000,
        ("refunds", "EUR"): 3700,
        ("disputes", "EUR"): 1500,
        ("credits of networks", "EUR"): 400,
        ("fees", "EUR"): 150,
        ("store credit owed", "EUR"): -700,
        ("all accounts together", "EUR"): 0,
        ("held by the provider", "JPY"): 900,
        ("sales", "JPY"): -900,
        ("all accounts together", "JPY"): 0,
    }


def test_every_kind_of_entry_has_its_accounts_and_its_column():
    assert ACCOUNTS.keys() == COLUMN.keys() == set(EntryKind.__args__)


def test_books_that_close_have_no_differences():
    assert books().report.differences() == []


def test_what_does_not_close_is_named():
    told = books()
    told.entry("refund_settled", -1, APRIL)
    told.entry("dispute_withdrawn", -5, APRIL, to="o2")
    told.entry("captured", 3, APRIL, to="o9")
    told.snapshot("o3", [payment(899, currency="JPY")], [], APRIL)
    assert [tuple(one.values()) for one in told.report.differences()] == [
        ("m/o1", "refunded", "EUR", 3001, 3000),
        ("m/o2", "moved by disputes", "EUR", 5, 0),
        ("m/o3", "captured", "JPY", 900, 899),
        ("m/o9", "captured", "EUR", 3, 0),
    ]


def test_a_snapshot_that_leaves_disputes_out_says_nothing_of_them():
    told = books()
    told.entry("dispute_withdrawn", -5, APRIL, to="o2")
    told.snapshot("o2", [payment(4000, 700, 0, 400)], [], APRIL, truncated=["timeline"])
    assert told.report.differences() == []


def test_a_repetition_counts_once():
    told = books()
    before = told.report.document()
    told.entry("captured", 10000, MARCH, id="id_1")
    assert told.report.document() == before


def test_a_period_is_of_event_time_and_what_is_closed_is_all_of_it():
    april = datetime(2026, 4, 1, tzinfo=UTC)
    until, since = books(Period(end=april)).report.document(), books(Period(start=april)).report.document()
    assert {one["month"] for one in until["months"]} == {"2026-03"}
    assert {one["month"] for one in since["months"]} == {"2026-04"}
    assert until["differences"] == since["differences"] == []
    assert until["standing"] == since["standing"] == books().report.document()["standing"]


def test_a_period_ends_before_its_end():
    """11:59:59.999999 is in it, 12:00 is not."""
    told = Told(MoneyReport(Period(end=datetime(2026, 3, 10, 12, tzinfo=UTC))))
    for minor, when in ((1, "2026-03-10T11:59:59.999999Z"), (2, MARCH)):
        told.entry("captured", minor, when)
    assert [one["captured_minor"] for one in told.report.document()["months"]] == [1]


def test_another_merchant_is_not_told_of():
    document = books(Period(merchant_id="mm")).report.document()
    assert document["months"] == document["standing"] == document["accounts"] == document["differences"] == []


def test_a_month_is_that_in_which_it_was_booked():
    told = Told(MoneyReport(Period()))
    told.entry("captured", 900, "2026-03-31T23:59:59Z", booked_on="2026-04-01")
    assert [one["month"] for one in told.report.document()["months"]] == ["2026-04"]
