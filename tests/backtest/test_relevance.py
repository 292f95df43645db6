"""Orders of which nobody asks anything are not decided, and nothing comes out otherwise because of that."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.backtest.backtest import Report, backtest
from app.backtest.relevance import Relevant, named_in
from app.policies import load
from app.replay.files import Text
from app.replay.lines import Line, NoLine, read_lines
from tests.backtest.telling import START, TERMS, desk, lines, no_line, of_order, policies
from tests.bench.mix import mix, write_lines
from tests.domain.events import (
    alert,
    asked,
    cancelled,
    capture_failed,
    captured,
    delivered,
    dispute,
    placed,
    refund,
    verdict,
)

PAID = (placed(), captured("100.00"), delivered())
SUSPICIOUS = """\
window: {days: 1, from: delivered}
velocity: {requests: 1, days: 30}
rules:
  - {name: again, when: "customer.requests_in_window >= 1 || customer.chargebacks >= 1", then: review, reason: velocity}
  - {name: much, when: "customer.refunded_minor_in_window > 2000", then: deny, reason: final_sale}
"""


def heard(*orders: list) -> list[tuple[str, str]]:
    """What of the orders is decided, by the number of its event."""
    told = [one for one in lines(*orders) if isinstance(one, Line)]
    relevant = Relevant(told)
    return [json.loads(one.value)["event_id"] for one in told if relevant(one, named_in(one))]


def names(order_id: str, count: int) -> list[str]:
    return [f"{order_id}-{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("events", "count"),
    [
        (PAID, 0),
        ((*PAID, asked()), 4),
        ((asked(), *PAID), 4),
        ((*PAID, cancelled()), 0),
        ((*PAID, cancelled("r1")), 4),
        ((*PAID, refund("succeeded", "10.00", refund_id="x1")), 0),
        ((*PAID, verdict("deny")), 0),
        ((*PAID, dispute("opened", "10.00")), 4),
        ((*PAID, alert("10.00")), 4),
    ],
    ids=lambda value: " ".join(said.body["type"] for said in value) if isinstance(value, tuple) else str(value),
)
def test_an_order_is_decided_where_somebody_asks_or_disputes(events, count):
    assert heard(of_order("a", *events), of_order("b", *PAID)) == names("a", count)


def test_a_payment_leads_to_its_order_wherever_that_is_said():
    anonymous = [
        (topic, {k: v for k, v in body.items() if k != "order_id"}) for topic, body in of_order("a", *PAID[1:2])
    ]
    claim = [
        (topic, body | {"event_id": "c", "order_id": None}) for topic, body in of_order("a", dispute("opened", "1.00"))
    ]
    linked = (
        "payments",
        {"type": "payment.linked", "event_id": "l", "merchant_id": "m1", "payment_id": "p-a", "order_id": "a"},
    )
    assert heard(of_order("a", placed()), anonymous, claim, of_order("b", *PAID)) == ["a-0", "c"]
    assert heard(of_order("a", placed()), anonymous, claim, [linked]) == ["a-0", "a-0", "c", "l"]


def test_what_hangs_together_is_decided_together():
    """A dispute on one payment of an order; another payment of it is spoken of without the order."""
    first, second = (captured("50.00").but(payment_id=name, order_id="a", event_id=name) for name in ("p1", "p2"))
    failed = capture_failed("50.00", "p1").but(event_id="f", payment_id="p1")
    claim = dispute("opened", "1.00", payment_id="p2").but(event_id="c")
    told = [(said.topic, said.body | {"merchant_id": "m1"}) for said in (first, second, failed, claim)]
    assert heard(of_order("a", placed()), told) == ["a-0", "p1", "p2", "f", "c"]


def test_the_orders_of_a_customer_who_disputes_are_decided_for_what_they_prove():
    bought = placed(customer_id="ann")
    orders = [of_order(name, bought, captured("100.00")) for name in "ab"]
    assert heard(*orders, of_order("c", *PAID), of_order("a", dispute("opened", "1.00"))) == [
        *names("a", 2),
        *names("b", 2),
        "a-0",
    ]
    assert heard(*orders, of_order("a", asked(customer_id="ann"))) == [*names("a", 2), "a-0"]


def test_time_goes_on_with_what_is_not_decided(tmp_path: Path):
    """A request that arrives five days late, after another order: its wait begins when it arrives."""
    late = [*of_order("b", placed()), *of_order("a", asked(), *PAID)]
    days = (5, 0, 5, 5, 5)
    told = [
        (topic, body | {"occurred_at": (START + timedelta(days=day, minutes=number)).isoformat()})
        for number, (day, (topic, body)) in enumerate(zip(days, late, strict=True))
    ]
    never = '  - {name: never, when: "request.amount_minor < 0", then: deny, reason: final_sale}\n'
    old, new = desk(policies(tmp_path / "old")), desk(policies(tmp_path / "new", never))
    report = backtest(lines(told), old=old, new=new, relevant=Relevant(lines(told)), on_no_line=no_line)
    assert (report.undecided, report.comparison.paid) == (1, {"EUR": (10000, 10000)})


def test_another_merchant_s_order_of_the_same_id_is_another_order():
    assert heard(of_order("a", *PAID, asked(), merchant_id="m2"), of_order("a", *PAID)) == names("a", 4)


def test_what_cannot_be_read_and_what_is_of_no_order_is_heard():
    rate = {"base": "EUR", "quote": "USD", "rate": "1.1", "as_of": "2026-01-01", "source": "ecb", "event_id": "rate"}
    erased = {"type": "customer.erased", "event_id": "gone", "merchant_id": "m1", "customer_id": "c", "token": "t"}
    assert heard([("fx-rates", rate), ("customers", erased)]) == ["rate", "gone"]
    for value in (b"{", b"[]", b'{"order_id": 7}', None):
        line = Line("orders", b"a", value, (), 0)
        assert Relevant([line])(line, named_in(line))


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "by their own time"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_comes_out_the_same_whether_all_of_it_is_decided_or_not(tmp_path: Path, seed: int, stamped: bool):
    """Duplicates, late events, unreadable ones, answers of the provider and chargebacks included."""
    write_lines(mix(900, seed).messages, tmp_path / "day.jsonl")
    texts = (tmp_path / "day.jsonl").read_text().splitlines()
    if not stamped:
        told = [json.loads(text) for text in texts]
        texts = [json.dumps({name: one[name] for name in one if name != "timestamp"}) for one in told]
    folders = [tmp_path / "old", tmp_path / "new"]
    for folder, more in zip(folders, ("", SUSPICIOUS), strict=True):
        folder.mkdir()
        terms = TERMS.format(name="trial")
        (folder / "p.yaml").write_text(terms.replace("velocity: null\n", "") + more if more else terms)

    def read() -> list[Line | NoLine]:
        return list(read_lines(Text("day", number, text.encode()) for number, text in enumerate(texts, 1)))

    def tried(relevant: Relevant | None) -> Report:
        old, new = (desk(load(folder)) for folder in folders)
        return backtest(read(), old=old, new=new, relevant=relevant, on_no_line=no_line)

    whole, part = tried(None), tried(Relevant(read()))
    assert part.comparison == whole.comparison
    assert part.disputes == whole.disputes != []
    assert (part.events, part.passed_over) == (whole.events, whole.passed_over)
    assert whole.undecided == 0
    assert part.undecided > 200
    assert len(whole.comparison.flips) > 10
