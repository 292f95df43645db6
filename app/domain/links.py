"""Which order a payment belongs to: the first link wins, and what comes before it is held.

A capture or authorisation that names its order is a link, `payment.linked` is one, and nothing else is. What names no
order waits with the payment. When the wait is over it becomes a case of its own, and stays one.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

HELD_MAX = 100
HELD_BYTES_MAX = 600 << 10
LINKING = frozenset({"payment.authorized", "payment.captured", "payment.linked"})


class Held(msgspec.Struct, array_like=True):
    """A journal record that waits for its order: value and headers as they will be published."""

    value: bytes
    headers: list[tuple[str, bytes]]


class Link(msgspec.Struct, omit_defaults=True, gc=False):
    """The row of one payment: its order once it is known, or that it is on its own, and what waits until then.

    `hint`: an order that some event named without linking; whatever names none goes there too, so that what is said of
    one payment stays in order.
    """

    order_id: str | None = None
    hint: str | None = None
    alone: bool = False
    held: list[Held] = []
    wait_until: datetime | None = None


class Route(StrEnum):
    """Where an event of a payment goes."""

    ORDER = "order"
    ALONE = "alone"
    HOLD = "hold"
    CONFLICT = "conflict"


def route(link: Link, event: Any) -> tuple[Route, str | None]:
    """Where the event goes, and to which order.

    An event that links to another order than the first one is a conflict; one that merely names another goes where the
    payment's money is.
    """
    named = event.order_id
    if link.order_id is not None:
        conflict = event.type in LINKING and named is not None and named != link.order_id
        return (Route.CONFLICT, None) if conflict else (Route.ORDER, link.order_id)
    if link.alone:
        return Route.ALONE, None
    likely = named or link.hint
    return (Route.ORDER, likely) if likely is not None else (Route.HOLD, None)


def links(link: Link, event: Any) -> bool:
    """Whether the event gives the payment its order."""
    return link.order_id is None and not link.alone and event.type in LINKING and event.order_id is not None


def learns(link: Link, event: Any) -> bool:
    """Whether the event tells more of where the payment belongs than was known."""
    return links(link, event) or (link.order_id is None and not link.alone and link.hint is None)


def is_overfull(link: Link) -> bool:
    """Whether so much waits that waiting on would not fit into a row: then the payment is on its own at once."""
    return len(link.held) > HELD_MAX or sum(len(held.value) for held in link.held) > HELD_BYTES_MAX


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Link)


def encode_link(link: Link) -> bytes:
    """The stored bytes of a link."""
    return _encoder.encode(link)


def decode_link(row: bytes) -> Link:
    """A link from its stored bytes."""
    return _decoder.decode(row)
