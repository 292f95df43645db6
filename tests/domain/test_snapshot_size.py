"""A snapshot stays below the limit of a message, whatever there is in its case and however long its ids are."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.domain.case import (
    Capture,
    Case,
    Cause,
    Dispute,
    Fee,
    Payment,
    PreDispute,
    Refund,
    Request,
    TimelineEntry,
    Verdict,
    new_case,
)
from app.domain.snapshot import snapshot
from tests.domain.events import captured, delivery, line, placed
from tests.domain.stories import given

LIMIT = 900 * 1024
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def name(number: int, letter: str = "x") -> str:
    """An id of 128 characters, of one byte or of four."""
    return f"{number:05d}" + 123 * letter


def size(case: Case) -> int:
    return len(msgspec.json.encode(snapshot(case).body))


def empty() -> Case:
    case = new_case("m1/o1")
    case.version, case.occurred_at, case.cause = 1, AT, Cause("disputes", "e1")
    return case


def alerts(case: Case, times: int, letter: str) -> None:
    for n in range(times):
        one = PreDispute(name(n, letter), name(0, letter), n, "EUR", "ethoca", AT, expires_at=AT, already_credited=True)
        case.pre_disputes[one.alert_id] = one


def disputes(case: Case, times: int, letter: str) -> None:
    for n in range(times):
        fees = [Fee(1500, "EUR")] * 1000
        one = Dispute(name(n, letter), name(0, letter), reason_code=name(1, letter), currency="EUR", fees=fees)
        case.disputes[one.dispute_id] = one


def requests(case: Case, times: int, letter: str) -> None:
    said = [Verdict(name(n, letter), "approve", name(n, letter), 100, "EUR") for n in range(20)]
    scope = {"kind": "lines", "lines": [{"line_id": name(n, letter), "quantity": 1} for n in range(20)]}
    for n in range(times):
        one = Request(name(n, letter), "goodwill", scope, "original", "support", AT, b"", name(n, letter))
        one.verdicts, one.revision, one.status, one.currency = said, 1, "held", "EUR"
        case.requests[one.request_id] = one


def payments(case: Case, times: int, letter: str) -> None:
    for n in range(times):
        one = case.payments[name(n, letter)] = Payment(name(n, letter), "EUR")
        one.captures = {name(m, letter): Capture(name(m, letter), 100, AT) for m in range(300)}


def instructions(case: Case, times: int, letter: str) -> None:
    for n in range(times):
        key = name(n, letter)
        one = Refund(key, key, 100, "EUR", "submitted", key, key, acquirer_reference_number=key)
        case.refunds[key] = one


def deadlines(case: Case, times: int, letter: str) -> None:
    case.timers = {f"request:{name(n, letter)}": AT + timedelta(hours=n) for n in range(times)}


ROWS = {
    "alerts": alerts,
    "disputes": disputes,
    "requests": requests,
    "payments": payments,
    "instructions": instructions,
    "deadlines": deadlines,
}


@pytest.mark.parametrize("letter", ["x", "𐍈"], ids=["one byte", "four bytes"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_many_rows_with_the_longest_ids_stay_below_the_limit_and_what_fits_is_listed(rows, letter):
    case = empty()
    rows(case, 300 if rows in (payments, disputes, requests) else 6000, letter)
    body = snapshot(case).body
    assert (size(case) <= LIMIT, body["truncated"]) == (True, True)
    if rows is not alerts:  # which the network has paid: nobody waits for them
        assert any(body[name] for name in ROWS)


def test_all_of_it_together_stays_below_the_limit():
    case = given(
        placed(*(line(name(n), "1.00", sku=name(n)) for n in range(900)), shipping=[delivery("1.00")]),
        captured("900.00"),
    ).case
    case.timeline = [TimelineEntry(AT, "refund.held", name(n, "𐍈"), name(n, "𐍈")) for n in range(200)]
    for rows in ROWS.values():
        rows(case, 100, "𐍈")
    assert size(case) <= LIMIT


def test_what_fits_is_not_shortened():
    case = empty()
    alerts(case, 500, "x")
    body = snapshot(case).body
    assert (len(body["alerts"]), body["truncated"]) == (500, False)


@pytest.mark.parametrize("times", [600, 700, 1300])
def test_the_rough_measure_never_takes_for_small_what_is_too_large(times):
    case = empty()
    alerts(case, times, "𐍈")
    assert size(case) <= LIMIT


@pytest.mark.parametrize("sign", ["𐍈", "あ", "\x01"], ids=["four bytes", "three bytes", "escaped"])
@pytest.mark.parametrize("times", [5, 8, 12])
def test_disputes_that_each_describe_an_order_with_long_titles_stay_below_the_limit(times, sign):
    case = given(placed(*(line(name(n), "1.00", sku=name(n)) for n in range(50))), captured("50.00")).case
    for n, bought in enumerate(case.order.lines.values()):
        bought.sku, bought.title = name(n, "𐍈"), 500 * sign
    for n in range(times):
        one = Dispute(name(n, "𐍈"), "p1", "chargeback", category="product_unacceptable", currency="EUR")
        case.disputes[one.dispute_id] = one
    assert size(case) <= LIMIT
