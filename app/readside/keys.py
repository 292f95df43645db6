"""Every key of the read side on one screen. All begin with `refundry:APP_ID:TOPIC_PREFIX:`.

| key | is a | holds |
|---|---|---|
| `position` | hash | by partition of `case-snapshots`, the offset up to which it stands; and the fields below |
| `case:CASE_ID` | string | the newest snapshot, byte for byte as Kafka has it |
| `entry:CASE_ID` | string | its version, numbers and tasks, as JSON: what has to go when the case changes |
| `order:ORDER_ID` | sorted set | ids of its cases, one per merchant; `~PAYMENT_ID` where there is no order |
| `number:NUMBER` | sorted set | ids of the cases in which this number stands |
| `tasks` | hash | by its id, what waits for a person; see `waiting.py` |
| `waiting:KIND:MERCHANT` | sorted set | ids of tasks by when they are due; without MERCHANT those of all merchants |
| `merchants` | sorted set | merchants with tasks, by how many they have |

The names of an installation hold no colon, so no two installations share a key. The sets are sorted by case id, that is
by merchant: a number that every merchant uses is still looked up in one small range.
"""

from typing import Final

CAUGHT_UP_AT: Final = "caught_up_at"
"""Field of the position: the Unix time at which everything that Kafka had then was here."""

TOPIC_ID: Final = "topic_id"
"""Field of the position: the id that Kafka gave the topic when it was made, which tells it from others of its name."""

LAYOUT_FIELD: Final = "layout"
LAYOUT: Final = "2"
"""What the keys above hold. Data of another layout counts as none, and is made anew: raise it when they change."""


class Keys:
    """The keys of one installation."""

    def __init__(self, app_id: str, topic_prefix: str) -> None:
        self.prefix = f"refundry:{app_id}:{topic_prefix}:"
        self.position = f"{self.prefix}position"
        self.tasks = f"{self.prefix}tasks"
        self.merchants = f"{self.prefix}merchants"

    def case(self, case_id: str) -> str:
        """Where a case's snapshot is."""
        return f"{self.prefix}case:{case_id}"

    def entry(self, case_id: str) -> str:
        """Where it is kept under which numbers a case is found."""
        return f"{self.prefix}entry:{case_id}"

    def order(self, order_id: str) -> str:
        """Where the cases of an order are listed."""
        return f"{self.prefix}order:{order_id}"

    def number(self, number: str) -> str:
        """Where the cases with a number are listed."""
        return f"{self.prefix}number:{number}"

    def waiting(self, kind: str, merchant_id: str | None = None) -> str:
        """Where the tasks of a kind stand in line; those of one merchant where that is given."""
        return f"{self.prefix}waiting:{kind}:{merchant_id or ''}"
