"""The key under which a message belongs on its topic: the bare id, taken from the body."""

from collections.abc import Mapping
from typing import Any

from topics.catalogue import CUSTOMERS, DISPUTES, FX_RATES, ORDERS, PAYMENTS, POLICIES, REVIEWS

_FIELDS: dict[str, tuple[str, ...]] = {
    ORDERS: ("order_id",),
    REVIEWS: ("order_id",),
    PAYMENTS: ("payment_id",),
    DISPUTES: ("payment_id", "order_id"),
    CUSTOMERS: ("customer_id",),
}


def key_of(topic: str, body: Mapping[str, Any]) -> str | None:
    """The key that fits the body; None where the body does not tell. `topic` is an inbound one.

    Where several fields can name the key, the first that is not null does.
    """
    if topic == FX_RATES:
        base, quote, day = body.get("base"), body.get("quote"), body.get("as_of")
        return f"{base}/{quote}@{day}" if base and quote and day else None
    if topic == POLICIES:
        policy, version = body.get("policy"), body.get("version")
        return f"{policy}@{version}" if policy and version else None
    for field in _FIELDS.get(topic, ()):
        value = body.get(field)
        if value is not None:
            return value if isinstance(value, str) else None
    return None


def key_fields(topic: str) -> str:
    """The names of the fields that make the key, for people."""
    if topic == FX_RATES:
        return "base/quote@as_of"
    if topic == POLICIES:
        return "policy@version"
    return ", else ".join(_FIELDS[topic])
