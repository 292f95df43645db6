"""Why an order is as it is: what happened, and each decision with its reasons in words."""

from typing import Any

from app.cli.cases import FoundCase
from app.cli.showing import console, line_of, table_of
from app.explaining import decision_lines, message_of, shown_money


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
    screen.print(line_of(f"{snapshot['case_id']}, version {snapshot['version']}", style="bold"))
    if snapshot["truncated"]:
        screen.print("The case is too large for one message, so not all of it is here.")
    if snapshot["timeline"]:
        rows = [_entry(entry) for entry in snapshot["timeline"]]
        screen.print(table_of(rows, tuple(rows[0]), title="What happened"))
    if not snapshot["requests"]:
        screen.print("No refund was asked for.")
    for request in snapshot["requests"]:
        screen.print()
        screen.print(line_of(_headline(request), style="bold"))
        decisions = found.decisions_on(request["request_id"])
        for line in _of_decisions(decisions) if decisions else _of_snapshot(request):
            screen.print(line_of(line))


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
