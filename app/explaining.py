"""What staff read, at a terminal and in the console: amounts, reasons and decisions in words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.domain.disputes.exhibits import EXHIBITS, Exhibit
from app.domain.reasons import MESSAGES, ReasonCode
from topics.currencies import EXPONENTS


def shown(amount_minor: int, currency: str) -> str:
    """An amount of minor units: 123450 GBP are `1234.50 GBP`, 1000 JPY are `1000 JPY`."""
    return f"{Decimal(amount_minor).scaleb(-EXPONENTS.get(currency, 0)):f} {currency}"


def shown_money(money: Mapping[str, Any] | None) -> str:
    """A Money object of a message; empty where there is none."""
    return shown(money["amount_minor"], money["currency"]) if money else ""


def message_of(code: str) -> str:
    """What a reason code means, without the particulars of a decision."""
    try:
        text = MESSAGES[ReasonCode(code)]
    except (ValueError, KeyError):
        return "A reason that this version does not know."
    return text.replace("{lines}", "some lines").replace("{possible}", "what is left")


def exhibit_of(item: str) -> Exhibit:
    """What an item of evidence proves; one of a newer version is shown by its name."""
    return EXHIBITS.get(item, Exhibit(item.replace("_", " ").capitalize(), "", ""))


def decision_lines(decision: dict[str, Any]) -> list[str]:
    """One decision in lines: what it says, why, of what it is made up, and by which policy."""
    lines = [f"  {decision['revision']}. {decision['occurred_at']} {_verdict(decision)}"]
    lines += [f"     {reason['code']}: {reason['message']} (rule {reason['rule']})" for reason in decision["reasons"]]
    lines += [f"     {_row(row, decision['amount']['currency'])}" for row in decision["breakdown"]]
    policy = decision["policy"]
    lines.append(f"     by policy {policy['id']} version {policy['version']} ({policy['digest']})")
    return lines


def _verdict(decision: dict[str, Any]) -> str:
    outcome = decision["type"].removeprefix("refund.")
    amount, possible = shown_money(decision["amount"]), shown_money(decision["refundable"])
    text = f"{outcome} {amount}".strip() if outcome != "denied" else outcome
    if possible and possible != amount:
        text += f", possible were {possible}"
    if decision["waiting_for"]:
        text += f", waiting for {decision['waiting_for'].replace('_', ' ')}"
    if decision["wait_until"]:
        text += f" until {decision['wait_until']}"
    return text


def _row(row: dict[str, Any], currency: str) -> str:
    named = row["line_id"] or row["shipping_id"] or row["fee"] or ""
    units = f" x {row['quantity']}" if row["quantity"] else ""
    taxes = sum(tax["amount_minor"] for tax in row["taxes"])
    tax = f" (of it tax {shown(taxes, currency)})" if taxes else ""
    return f"{row['component']} {named}{units}: {shown(row['gross_minor'], currency)}{tax}".replace(" :", ":")
