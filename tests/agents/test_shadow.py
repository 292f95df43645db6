"""Policies that are tried beside the live ones: counted and compared, and nothing that is said or stored knows of them."""

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from agents import Desk, assemble
from agents.shadowing import Shadow
from app.demo.shop import day
from app.desk import observe
from app.domain.policy import Policies
from app.domain.refunds import shadow as domain_shadow
from app.metrics import Metrics
from app.policies import EXAMPLES, load
from app.runtime.log import MemoryLog
from app.runtime.store import Change
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Message, Output
from tests.agents.shop import Shop
from tests.domain.events import asked, came_back, captured, delivered, line, lines, money, placed, verdict
from tests.domain.stories import ORDER, policy
from tests.domain.test_returns_and_fees import FEES
from tests.domain.test_shadow import COUNTED, LOW, book
from tests.domain.wire import SECRET

PAID = captured("100.00", order_id=ORDER)
BOUGHT = (placed(line("l1", "100.00")), PAID)
START = datetime(2026, 3, 2, tzinfo=UTC)


class Noting(MemoryStore):
    """A store that keeps every change in order: what a worker writes to the table's changelog."""

    def __init__(self) -> None:
        super().__init__()
        self.changelog: list[Change] = []

    def apply(self, changes: Iterable[Change], position: int) -> None:
        changes = list(changes)
        self.changelog += changes
        super().apply(changes, position)


def played(live: Policies, shadow: Shadow | None) -> tuple[list[Output], dict[str, list[Change]]]:
    """A day of the demo's shop; all that was said, internal topics too, and all changelogs."""
    said: list[Output] = []
    stores: dict[str, Noting] = {}
    desk = Desk(SECRET, live, shadow=shadow)
    log = MemoryLog(
        assemble(desk),
        stores=lambda name: stores.setdefault(name, Noting()),
        sink=said.append,
        version="1.2.3",
        round_messages_max=100,
    )
    for one in day(1500, 7, START):
        stamp = int(one.occurred_at.timestamp() * 1000)
        log.advance(stamp)
        log.append(Message(one.topic, 0, 0, stamp, one.key, one.value, ()))
    log.commit()
    return said, {name: store.changelog for name, store in stores.items()}


def test_outputs_and_changelogs_are_the_same_bytes_with_a_shadow_and_without():
    shadow = Shadow(book(**LOW))
    alone, beside = played(load(EXAMPLES), None), played(load(EXAMPLES), shadow)
    assert sum(len(changes) for changes in alone[1].values()) > 1000
    assert beside == alone
    verdicts = Counter(verdict for verdict, _, _ in shadow.decisions.elements())
    assert verdicts["same"] > 20
    assert verdicts["flipped"] > 20


FREE = {}


@pytest.mark.parametrize(
    ("live", "tried", "decisions", "money"),
    [
        (FREE, FREE, {("same", "approved", "approved"): 1}, {}),
        (FREE, LOW, {("flipped", "approved", "held"): 1}, {("EUR", "less"): 10000}),
        (LOW, FREE, {("flipped", "held", "approved"): 1}, {}),
        (LOW, LOW, {("same", "held", "held"): 1}, {}),
    ],
)
def test_decisions_are_counted_by_both_outcomes_and_money_by_currency(live, tried, decisions, money):
    shadow = Shadow(book(**tried))
    Shop(policy(**live), shadow=shadow).publish(*BOUGHT, asked())
    assert (dict(shadow.decisions), dict(shadow.money_minor)) == (decisions, money)


def test_money_is_compared_once_when_the_request_has_its_answer():
    """Held by the live policy, while the shadow would have approved; then a reviewer approves less."""
    shadow = Shadow(book())
    shop = Shop(policy(**LOW), shadow=shadow)
    shop.publish(*BOUGHT, asked())
    assert not shadow.money_minor
    shop.publish(verdict("approve", amount=money("40.00")))
    assert shadow.decisions[("same", "approved", "approved")] == 1
    assert not shadow.money_minor


def test_an_approval_of_another_amount_is_a_flip_with_the_difference():
    shadow = Shadow(book(fees=FEES.fees))
    bought = (placed(line("l1", "100.00", category="electronics")), PAID, delivered())
    shop = Shop(policy(), shadow=shadow)
    shop.publish(*bought, came_back(condition="opened"), asked("r1", lines(l1=1), reason="changed_mind"))
    assert dict(shadow.decisions) == {("flipped", "approved", "approved"): 1}
    assert dict(shadow.money_minor) == {("EUR", "less"): 1500 + 499}


def test_what_an_undecided_shadow_would_have_paid_is_not_known_and_moves_no_money():
    shadow = Shadow(book(**COUNTED))
    bought = (placed(line("l1", "100.00"), customer_id="c1"), PAID)
    Shop(policy(), shadow=shadow).publish(*bought, asked(customer_id="c1"))
    assert (dict(shadow.decisions), dict(shadow.money_minor)) == ({("flipped", "approved", "undecided"): 1}, {})


def test_a_shadow_that_cannot_be_judged_counts_as_failed_and_moves_no_money():
    shadow = Shadow(book())
    with patch.object(domain_shadow, "assess", side_effect=ZeroDivisionError):
        Shop(policy(), shadow=shadow).publish(*BOUGHT, asked())
    assert (dict(shadow.decisions), dict(shadow.money_minor)) == ({("flipped", "approved", "failed"): 1}, {})


def test_a_comparison_is_logged_at_debug_without_ids_of_persons(caplog):
    caplog.set_level(logging.DEBUG, logger="refundry.shadow")
    bought = (placed(line("l1", "100.00"), customer_id="cus-9"), PAID)
    shop = Shop(policy(), shadow=Shadow(book(**LOW)))
    shop.publish(*bought, asked(customer_id="cus-9", requester_id="someone", note="call me"))
    (said,) = [record for record in caplog.records if record.message == "shadow_compared"]
    told = {name: value for name, value in vars(said).items() if name not in vars(logging.makeLogRecord({}))}
    assert told["decision"] == shop.bodies("refund-decisions")[0]["id"]
    assert (told["live"], told["shadow"], told["shadow_reason"]) == ("approved", "held", "over_auto_limit")
    assert (told["live_minor"], told["shadow_minor"], told["shadow_policy"]) == (10000, 0, "tried@1")
    assert not {"cus-9", "someone", "call me", "o1", "r1"} & set(map(str, told.values()))


def test_the_worker_s_metrics_take_what_was_counted_and_begin_anew():
    desk = Desk(SECRET, shadow=Shadow(book()))
    desk.shadow.decisions["flipped", "approved", "held"] = 2
    desk.shadow.money_minor["EUR", "less"] = 10000
    metrics = Metrics()
    observe(desk, metrics)
    observe(desk, metrics)
    told = metrics.text().decode()
    assert 'refundry_shadow_decisions_total{live="approved",shadow="held",verdict="flipped"} 2.0' in told
    assert 'refundry_shadow_money_minor_total{currency="EUR",direction="less"} 10000.0' in told
