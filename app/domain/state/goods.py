"""Where the goods are: on their way, delivered, on their way back, returned."""

from datetime import datetime
from typing import Any

import msgspec


class Shipment(msgspec.Struct, array_like=True, gc=False):
    """Goods on their way: units by line (`everything`: all of the order), when they left, when they arrived.

    `arrived`: by line, where a delivery named its lines; `delivered_at` is the newest delivery of any.
    """

    quantities: dict[str, int] = {}
    everything: bool = False
    fulfilled_at: datetime | None = None
    delivered_at: datetime | None = None
    arrived: dict[str, datetime] = {}
    carrier: str | None = None
    tracking_number: str | None = None
    proof: dict[str, Any] | None = None
    delivery_event_id: str = ""

    def carries(self, line_id: str) -> bool:
        """Whether units of the line are in it."""
        return self.everything or line_id in self.quantities

    def arrival(self, line_id: str) -> datetime | None:
        """When the line's units in it arrived, None while they have not."""
        return self.arrived.get(line_id) if self.arrived else self.delivered_at


class Returned(msgspec.Struct, array_like=True, gc=False):
    """Units of a line that came back, and in which condition."""

    quantity: int
    condition: str


class GoodsReturn(msgspec.Struct, array_like=True, gc=False):
    """Goods on their way back. `received` is None until they are here; units by line otherwise."""

    shipped_at: datetime | None = None
    shipped: dict[str, int] = {}
    tracking_number: str | None = None
    received_at: datetime | None = None
    received: dict[str, list[Returned]] | None = None
