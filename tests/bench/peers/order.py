"""The small job that all contestants do: read an order of three lines, count the events of its order, say the count.

It runs in the environments of the peers too and needs nothing but msgspec, so that the peers in Python parse and write
with the same code as this runtime. What is counted is kept by whatever the contestant keeps state with.
"""

import msgspec


class Line(msgspec.Struct):
    """One line of an order, amounts in minor units."""

    line_id: str
    sku: str
    kind: str
    quantity: int
    amount_minor: int


class Order(msgspec.Struct):
    """An order as the shop publishes it."""

    event_id: str
    type: str
    occurred_at: str
    merchant_id: str
    order_id: str
    customer_id: str
    country: str
    currency: str
    lines: list[Line]


class Counted(msgspec.Struct):
    """What is said of each event: the how-manieth of its order it is, from 1."""

    event_id: str
    order_id: str
    count: int


read_order = msgspec.json.Decoder(Order).decode
read_counted = msgspec.json.Decoder(Counted).decode
write = msgspec.json.Encoder().encode


def counted(order: Order, count: int) -> bytes:
    """The output for `order`, the `count`-th event of its order."""
    return write(Counted(order.event_id, order.order_id, count))
