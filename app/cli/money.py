"""Amounts as people write them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from topics.currencies import EXPONENTS


def shown(amount_minor: int, currency: str) -> str:
    """An amount of minor units: 123450 GBP are `1234.50 GBP`, 1000 JPY are `1000 JPY`."""
    return f"{Decimal(amount_minor).scaleb(-EXPONENTS.get(currency, 0)):f} {currency}"


def shown_money(money: Mapping[str, Any] | None) -> str:
    """A Money object of a message; empty where there is none."""
    return shown(money["amount_minor"], money["currency"]) if money else ""
