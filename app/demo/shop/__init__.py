"""A day of three shops, made up from a seed: the events that their platforms would publish, in the order of arrival.

`day` is a generator of bounded memory: a fixed number of orders live at a time, each with its plot, and a new one
begins where one has ended. What goes wrong in real streams goes wrong here in known shares: messages come twice, come
late and overtaken by other topics, or are poison. Each message carries the header `demo-expects`, which says what
should become of it; only the oracle reads that.
"""

from app.demo.shop.messages import Message
from app.demo.shop.stream import DAY, DUPLICATE_SHARE, LATE_SHARE, POISON_SHARE, day

__all__ = ["DAY", "DUPLICATE_SHARE", "LATE_SHARE", "POISON_SHARE", "Message", "day"]
