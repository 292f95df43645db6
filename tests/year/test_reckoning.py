"""What the judge reckons by itself of programmes and deadlines: cases with figures by hand, those too that no year reaches."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from app.demo.oracle import Position, Record
from app.demo.oracle.heard import Fact
from tests.year.lives import Life
from tests.year.playing import RATES
from tests.year.programmes import Programmes
from tests.year.purchase import money, ms, text_of
from tests.year.stages import Stages
from tests.year.turns import Turn

APRIL = datetime(2026, 4, 30, 12, tzinfo=UTC)
MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Told:
    """Programmes that are told facts one by one; what is due is read from what the judge misses."""

    def __init__(self) -> None:
        self.programmes, self.count = Programmes(RATES), 0

    def hear(self, topic: str, type_: str, at: datetime, key: str, **fields: object) -> None:
        self.count += 1
        body = {"event_id": f"e{self.count}", "type": type_, "occurred_at": text_of(at), "merchant_id": "m", **fields}
        record = Record(Position(topic, 0, self.count), key, json.dumps(body).encode())
        list(self.programmes.judge(Turn(ms(at), record, [])))

    def sales(self, network: str, at: datetime, times: int, **more: object) -> None:
        for _ in range(times):
            payment_id = f"p{self.count}"
            method = {"kind": "card", "network": network}
            fields = {"payment_id": payment_id, "order_id": "o", "amount": money(100, "EUR"), "method": method}
            self.hear("payments", "payment.captured", at, payment_id, **fields, **more)
        self.last = payment_id

    def disputes(self, network: str, at: datetime, times: int) -> None:
        for _ in range(times):
            dispute_id = f"d{self.count}"
            fields = {"dispute_id": dispute_id, "network": network, "amount": money(100, "EUR"), "stage": "chargeback"}
            self.hear("disputes", "dispute.opened", at, self.last, payment_id=self.last, order_id="o", **fields)

    def reached(self, programme: str) -> set[str]:
        return {word for _, name, word in self.programmes.reached if name == programme}


@pytest.mark.parametrize(("sales", "words"), [(666, {"near", "crossed"}), (667, {"near"})])
def test_a_hundred_chargebacks_are_too_many_up_to_66_sales_for_each(sales: int, words: set[str]):
    told = Told()
    told.sales("mastercard", MARCH, sales * 10)
    told.disputes("mastercard", APRIL, 100)
    assert told.reached("mastercard_ecm") == words


def test_hecm_is_left_again_when_more_sales_of_the_month_before_are_told():
    told = Told()
    told.sales("mastercard", MARCH, 9_990)
    told.disputes("mastercard", APRIL, 300)
    assert told.reached("mastercard_hecm") == {"near", "crossed"}
    told.sales("mastercard", MARCH, 11)
    assert told.reached("mastercard_hecm") == {"near", "crossed", "cleared"}


def test_vamp_is_left_again_when_more_sales_of_the_month_are_told():
    told = Told()
    month = told.programmes._books["m", "visa"].months["2026-04"]
    month.online = month.sales = 99_999
    month.reports = 1499
    told.sales("visa", APRIL, 1)
    told.disputes("visa", APRIL, 1)
    assert told.reached("visa_vamp") == {"near", "crossed"}
    told.sales("visa", APRIL, 1)
    assert told.reached("visa_vamp") == {"near", "crossed", "cleared"}


OPENED = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("merchant", "network", "stage", "days"),
    [
        ("m-day", "visa", "chargeback", 16),
        ("m-day", "mastercard", "chargeback", 38),
        ("m-day", "amex", "chargeback", 12),
        ("m-day", "elo", "chargeback", 12),
        ("m-auto", "visa", "chargeback", 17),
        ("m-day", "visa", "pre_arbitration", 28),
        ("m-day", "visa", "arbitration", 8),
    ],
)
def test_a_deadline_is_the_table_less_the_margin(merchant: str, network: str, stage: str, days: int):
    life = Life("d", merchant, "p")
    body = {"amount": money(100, "EUR"), "stage": stage, "network": network, "reason_code": "13.1"}
    life.apply(Fact(Position("disputes", 0, 0), 1, "dispute.opened", merchant, "e", OPENED, body, b"", "p"))
    assert life.deadline(network) == OPENED + timedelta(days=days)


def test_what_was_won_before_it_was_opened_may_wait_for_its_opening_three_days_from_when_it_was_first_heard_of():
    stages, count, amount = Stages(), itertools.count(1), money(7500, "JPY")

    def hear(at: datetime, topic: str, type_: str, **fields: object) -> set[str]:
        body = {"event_id": f"e{next(count)}", "type": type_, "occurred_at": text_of(at), "merchant_id": "m", **fields}
        record = Record(Position(topic, 0, next(count)), "key", json.dumps(body).encode())
        return {violation.name for violation in stages.judge(Turn(ms(at), record, []))}

    def disputed(at: datetime, type_: str, **fields: object) -> set[str]:
        return hear(at, "disputes", type_, dispute_id="d", payment_id="p", **fields)

    card = {"kind": "card", "network": "visa"}
    hear(MARCH, "payments", "payment.captured", payment_id="p", order_id="o", amount=amount, method=card)
    assert disputed(MARCH, "dispute.funds_reinstated", movement_id="m1", amount=amount) == set()
    assert disputed(MARCH + timedelta(hours=1), "dispute.won") == set()
    assert disputed(MARCH + timedelta(hours=72), "dispute.evidence_submitted", submitted_by="bank") == set()
    assert disputed(MARCH + timedelta(hours=73), "dispute.evidence_submitted", submitted_by="bank") == {"not_closed"}
