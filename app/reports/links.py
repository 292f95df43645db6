"""Which request a settled refund belongs to: ids of ledger entries are derived from facts, so they can be worked out.

A refund that was made outside belongs to none, and one that was told under two names may have an entry of another name;
such entries stay without a request.
"""

from collections.abc import Iterator

from app.domain.ids import derive
from app.reports.said import Entry

TIMES_MAX = 3
"""Settled, returned and settled again so often: more is not looked for."""

KINDS = ("refund_settled", "store_credit")
RETURNED = "refund_returned"


def entry_ids(case_id: str, instruction_id: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The ids that entries of money going back by this instruction, or by its retry, can have, the last one first.

    Beside each the ids that the entry can have which says that it came back again. Of store credit it was first booked
    as money of the payment.
    """
    for key in keys_of(case_id, instruction_id):
        for times in range(TIMES_MAX, 0, -1):
            money = derive("led", case_id, RETURNED, key, times)
            yield derive("led", case_id, "refund_settled", key, times), (money,)
            credit = derive("led", case_id, "store_credit", key, "returned", times)
            yield derive("led", case_id, "store_credit", key, times), (credit, money)


def settlement_ids(case_id: str, instruction_id: str, entry: Entry) -> Iterator[str]:
    """The ids that this entry has, if it says later what the instruction's refund came to on the merchant's account."""
    for key in keys_of(case_id, instruction_id):
        yield derive("led", case_id, "refund_settled", key, "settlement", entry.cause.event_id or "")


def keys_of(case_id: str, instruction_id: str) -> tuple[str, str]:
    """An instruction and its one retry."""
    return instruction_id, derive("ins", case_id, instruction_id, "retry")
