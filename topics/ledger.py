"""Movements of money, for the books."""

from typing import Literal

from topics.envelope import Currency, Day, Id, MinorUnits, Misfit, Rate
from topics.published import Published, PublishedMoney, Statement

EntryKind = Literal[
    "captured",
    "capture_failed",
    "refund_settled",
    "refund_returned",
    "dispute_withdrawn",
    "dispute_reinstated",
    "network_credited",
    "fee",
    "store_credit",
]


class LedgerSettlement(Published):
    """What the movement came to on the merchant's account."""

    amount: PublishedMoney
    rate: Rate


class LedgerFx(Published):
    """What the change of rates gained or cost since the capture."""

    gain_loss_minor: MinorUnits
    currency: Currency


class LedgerEntry(Statement):
    """One movement, signed from the merchant's view, on its day in UTC."""

    type: Literal["ledger.entry"]
    entry_id: Id
    kind: EntryKind
    payment_id: Id | None = None
    amount: PublishedMoney
    settlement: LedgerSettlement | None = None
    fx: LedgerFx | None = None
    booked_on: Day

    def check(self) -> None:
        """The entry is called like its message."""
        if self.entry_id != self.id:
            raise Misfit("entry_id", "the same as id")
