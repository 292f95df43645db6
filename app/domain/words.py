"""Words of others that the rules know. What they do not know is taken, treated as `other`, and flagged.

The lists are the contract's; publishers may send more.
"""

from collections.abc import Sequence
from typing import Literal, get_args

from app.domain.case import Case

METHOD_KINDS = (
    "card",
    "wallet",
    "bank_debit",
    "bank_transfer",
    "voucher",
    "gift_card",
    "store_credit",
    "bnpl",
    "cash",
    "other",
)
NETWORKS = ("visa", "mastercard", "amex", "discover", "diners", "jcb", "unionpay", "other")
DisputeCategory = Literal[
    "fraudulent",
    "authorization",
    "duplicate",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "credit_not_processed",
    "unrecognized",
    "general",
]
DISPUTE_CATEGORIES: tuple[str, ...] = get_args(DisputeCategory)


def known_or_flagged(
    case: Case, word: str | None, words: Sequence[str], *, flag: str, otherwise: str = "other"
) -> str | None:
    """The word, or `otherwise` for one that the rules do not know; then the case is flagged."""
    if word is None or word in words:
        return word
    case.flag(flag)
    return otherwise
