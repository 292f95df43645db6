"""What a timer says is of the time at which it was due, not of that at which a worker's clock let it fire."""

from app.runtime.topology import Output
from tests.agents.shop import Shop, at
from tests.domain.events import asked, captured

LONG_AFTER, HOUR = at("2027-01-01T00:00:00Z"), 3_600_000


def fired(now: int) -> list[Output]:
    """What a request without its order and a payment without one say when their waits are over, looked at then."""
    shop = Shop()
    shop.publish(asked(), captured("1.00", "p9"))
    staging = shop.log._staging
    assert staging.fire(now) == 2
    return staging.outputs


def test_whenever_it_fires_it_says_the_same_byte_for_byte() -> None:
    said = fired(LONG_AFTER)
    assert {b"timer.fired" in (one.value or b"") for one in said} == {True, False}, "of both tables"
    assert fired(LONG_AFTER + HOUR) == said == fired(LONG_AFTER - HOUR)
