"""`refundry order`: the state of an order, and why it is so."""

from typing import Any

import click

from app.cli.cases import FoundCase, OrderSearch
from app.cli.explaining import explained, print_explained
from app.cli.noun import Noun
from app.cli.order_preview import preview
from app.cli.showing import console, line_of, show_json, table_of
from app.cli.sources import look, source_options
from app.explaining import shown, shown_money


@click.group(cls=Noun, short_help="Show the state of an order, and why it is so.")
def command() -> None:
    """Show an order, and why its requests were decided as they were.

    The order is looked for in the read side, where there is one, else on Kafka, unless --snapshots or --replay name
    files.
    """


command.add_command(preview)


@command.command()
@click.argument("order_id")
@source_options
def show(order_id: str, output: str, **source: Any) -> None:
    """Show the state of ORDER_ID: its money, requests, instructions, disputes and deadlines."""
    found = _find(order_id, **source, decisions=False)
    if output == "json":
        show_json(found.snapshot)
    else:
        _print_state(found.snapshot)


@command.command()
@click.argument("order_id")
@source_options
def explain(order_id: str, output: str, **source: Any) -> None:
    """Explain ORDER_ID: what happened, and every decision on its requests with its reasons in words."""
    found = _find(order_id, **source, decisions=True)
    if output == "json":
        show_json(explained(found))
    else:
        print_explained(found)


def _find(order_id: str, *, merchant: str | None, decisions: bool, **source: Any) -> FoundCase:
    search = OrderSearch(order_id, merchant, decisions=decisions)
    look(search, **source)
    return search.case()


def _print_state(snapshot: dict[str, Any]) -> None:
    screen = console()
    order = snapshot["order"]
    total = shown(order["total_minor"], order["currency"]) if order else "not known yet"
    screen.print(line_of(f"{snapshot['case_id']}  version {snapshot['version']}  total {total}"))
    if snapshot["flags"]:
        screen.print(line_of(f"flags: {', '.join(snapshot['flags'])}"))
    for title, rows in _tables(snapshot):
        if rows:
            screen.print(table_of(rows, tuple(rows[0]), title=title))


def _tables(snapshot: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        ("Payments", [_payment(payment) for payment in snapshot["payments"]]),
        ("Requests", [_request(request) for request in snapshot["requests"]]),
        ("Instructions", [_instruction(instruction) for instruction in snapshot["instructions"]]),
        ("Disputes", [_dispute(dispute) for dispute in snapshot["disputes"]]),
        ("Deadlines", snapshot["deadlines"]),
    ]


def _payment(payment: dict[str, Any]) -> dict[str, Any]:
    named = ("captured", "refunded", "in_flight", "claimed", "refundable")
    money = {name: shown(payment[f"{name}_minor"], payment["currency"]) for name in named}
    return {"payment": payment["payment_id"], **money}


def _request(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "request": request["request_id"],
        "status": request["status"],
        "revision": request["revision"],
        "requested": shown_money(request["requested"]),
        "amount": shown_money(request["amount"]),
        "reasons": request["reasons"],
        "wait_until": request["wait_until"],
    }


def _instruction(instruction: dict[str, Any]) -> dict[str, Any]:
    return {
        "instruction": instruction["instruction_id"],
        "status": instruction["status"],
        "payment": instruction["payment_id"],
        "amount": shown_money(instruction["amount"]),
        "refund": instruction["refund_id"],
        "reference": instruction["acquirer_reference_number"],
    }


def _dispute(dispute: dict[str, Any]) -> dict[str, Any]:
    amount = dispute["amount"]
    currency = amount["currency"] if amount else ""
    return {
        "dispute": dispute["dispute_id"],
        "stage": dispute["stage"],
        "state": dispute["state"],
        "amount": shown_money(amount),
        "withdrawn": shown(dispute["withdrawn_minor"], currency),
        "reinstated": shown(dispute["reinstated_minor"], currency),
        "respond_by": dispute["respond_by"],
    }
