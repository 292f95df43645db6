"""Any order of arrival that keeps each topic's own order ends the same, also where payments name no order."""

from typing import Any

from hypothesis import given, settings

from tests.agents.shop import Shop
from tests.domain.events import captured, delivered, dispute, line, of_payments, placed, refund, units
from tests.domain.test_laws import arrivals

UNLINKED = (
    placed(line("l1", "60.00", 3), line("l2", "40.00")),
    captured("100.00", network="visa"),
    refund("succeeded", "20.00", refund_id="x1", lines=units(l1=1)),
    of_payments("payment.linked", "p1", order_id="o1"),
    dispute("opened", "25.00"),
    dispute("funds_withdrawn", "25.00"),
    delivered(),
    refund("reversed", "20.00", refund_id="x1"),
    dispute("lost"),
    captured("10.00", capture_id="c2"),
)
SAME = ("order", "payments", "requests", "instructions", "disputes", "flags")
LISTED_DIFFERENCES = {
    "recommendation": "the advice on a dispute that has ended is the last one that was told",
    "revision": "it counts how often the desk was told something new on the way",
}


def ends(arrived: Any) -> dict[str, Any]:
    """What the last snapshot says of everything but the way there."""
    shop = Shop()
    shop.publish(*arrived)
    assert not shop.letters()
    assert set(shop.rows("cases")) == {"m1/o1"}
    last = shop.snapshot()
    for one in last["disputes"]:
        for name in LISTED_DIFFERENCES:
            del one[name]
    return {name: last[name] for name in SAME}


@settings(max_examples=40, deadline=None)
@given(arrivals(UNLINKED), arrivals(UNLINKED))
def test_payments_and_disputes_end_the_same_whenever_their_link_comes(one, other):
    assert ends(one) == ends(other)
