"""Why an order is as it is: what happened, and each decision with its reasons in words."""

from typing import Any

from rich.text import Text

from app.cli.cases import FoundCase
from app.cli.money import shown, shown_money
from app.cli.showing import console, table_of
from app.domain.reasons import MESSAGES, Reason


def explained(found: FoundCase) -> dict[str, Any]:
    """The explanation as data: timeline, and per request its last state and all decisions on it."""
    snapshot = found.snapshot
    return {
        "case_id": snapshot["case_id"],
        "version": snapshot["version"],
        "flags": snapshot["flags"],
        "timeline": snapshot["timeline"],
        "truncated": snapshot["truncated"],
        "requests": [
            {
                **request,
                "reasons": [{"code": code, "message": message_of(code)} for code in request["reasons"]],
                "decisions": found.decisions_on(request["request_id"]),
            }
            for request in snapshot["requests"]
        ],
    }


def print_explained(found: FoundCase) -> None:
    """The explanation for people."""
    screen = console()
    snapshot = found.snapshot
    screen.print(Text(f"{snapshot['case_id']}, version {snapshot['version']}", style="bold"))
    if snapshot["truncated"]:
        screen.print("The case is too large for one message: its timeline is not here.")
    if snapshot["timeline"]:
        rows = [_entry(entry) for entry in snapshot["timeline"]]
        screen.print(table_of(rows, tuple(rows[0]), title="What happened"))
    if not snapshot["requests"]:
        screen.print("No refund was asked for.")
    for request in snapshot["requests"]:
        screen.print()
        screen.print(Text(_headline(request), style="bold"))
        decisions = found.decisions_on(request["request_id"])
        for line in _of_decisions(decisions) if decisions else _of_snapshot(request):
            screen.print(Text(line))


def message_of(code: str) -> str:
    """What a reason code means, without the particulars of a decision."""
    try:
        text = MESSAGES[Reason(code)]
    except (ValueError, KeyError):
        return "A reason that this version does not know."
    return text.replace("{lines}", "some lines").replace("{possible}", "what is left")


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    return {"at": entry["at"], "what": entry["type"], "subject": entry["subject"], "note": entry["note"]}


def _headline(request: dict[str, Any]) -> str:
    asked = shown_money(request["requested"])
    return f"Request {request['request_id']}" + (f", {asked} asked for" if asked else "") + f": {request['status']}"


def _of_snapshot(request: dict[str, Any]) -> list[str]:
    """Where the decisions themselves are no longer there, the snapshot still knows the last reasons."""
    lines = [f"  {code}: {message_of(code)}" for code in request["reasons"]]
    if request["wait_until"]:
        lines.append(f"  waits until {request['wait_until']}")
    return lines


def _of_decisions(decisions: list[dict[str, Any]]) -> list[str]:
    return [line for decision in decisions for line in decision_lines(decision)]


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
