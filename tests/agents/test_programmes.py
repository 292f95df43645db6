"""What the monitoring programmes say, from messages to messages."""

from tests.agents.shop import Shop
from tests.domain.dated import moment
from tests.domain.events import captured, dispute, line, placed

SOLD, OPENED, HEARD = "2025-12-10T12:00:00Z", "2026-01-02T06:00:00Z", "2026-01-04T12:00:00Z"


def sold(order: str) -> list:
    return [
        placed(line("l1", "100.00")).but(order_id=order).at(SOLD),
        captured("100.00", f"p-{order}", network="mastercard", order_id=order).at(SOLD),
    ]


def test_an_alert_has_the_time_of_the_event_that_led_to_it_though_that_counts_in_the_month_of_the_opening():
    shop, orders = Shop(), [f"o{number}" for number in range(10)]
    shop.later(seconds=max(0.0, (moment(HEARD) - shop.now).total_seconds()))
    for order in orders:
        shop.publish(*sold(order))
    for order in orders:
        told = dispute("opened", "100.00", dispute_id=f"d-{order}", payment_id=f"p-{order}", opened_at=OPENED)
        shop.publish(told.but(event_id=f"cb-{order}").at(HEARD))
    near = shop.bodies("chargeback-alerts", "programme.threshold_near")
    assert {alert["occurred_at"] for alert in near} == {HEARD}
    assert {alert["cause"]["event_id"] for alert in near} == {"cb-o9"}
    assert {alert["month"] for alert in near} == {"2026-01"}
