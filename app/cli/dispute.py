"""`refundry dispute`: what there is to answer a dispute with."""

from pathlib import Path
from typing import Any

import click

from app.cli.cases import DisputeSearch
from app.cli.evidence import pack_of, page_of
from app.cli.failures import writing
from app.cli.noun import Noun
from app.cli.showing import console, line_of, show_json, table_of
from app.cli.sources import look, source_options
from app.explaining import shown_money

PAGE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.group(cls=Noun, short_help="Show what there is to answer a dispute with.")
def command() -> None:
    """Show what there is to answer a dispute with.

    The dispute is looked for in the read side, where there is one, else on Kafka, unless --snapshots or --replay name
    files.
    """


@command.command()
@click.argument("dispute_id")
@click.option("--html", type=PAGE, help="Also write it as a page of its own, to be read, or printed to a PDF.")
@source_options
def evidence(dispute_id: str, output: str, html: Path | None, merchant: str | None, **source: Any) -> None:
    """Show the evidence on DISPUTE_ID: what each item proves, by which event, what is missing and who could give it.

    The page of --html loads nothing from anywhere. For a PDF, print it to a file from any browser: advice, and what is
    missing, are left out in print, so that the PDF can be handed on.
    """
    search = DisputeSearch(dispute_id, merchant)
    look(search, **source)
    pack = pack_of(search.snapshot(), dispute_id)
    if html is not None:
        with writing(html):
            html.write_text(page_of(pack), encoding="utf-8")
    if output == "json":
        show_json(pack)
    else:
        _print(pack)
        if html is not None:
            click.echo(f"written as a page: {html}")


def _print(pack: dict[str, Any]) -> None:
    screen = console()
    about = [pack["network"], pack["reason_code"], pack["category"], pack["stage"], pack["state"]]
    headline = f"Dispute {pack['dispute_id']} over {shown_money(pack['amount'])}: {', '.join(filter(None, about))}"
    screen.print(line_of(headline, style="bold"))
    if pack["respond_by"]:
        screen.print(line_of(f"to be answered by {pack['respond_by']}"))
    if pack["recommendation"]:
        advice = pack["recommendation"]
        currency = pack["amount"]["currency"]
        value = shown_money({"amount_minor": advice["expected_value_minor"], "currency": currency})
        screen.print(line_of(f"advice: {advice['action']}, contesting is worth {value}"))
    if pack["compelling_evidence"]:
        found = pack["compelling_evidence"]
        matches = ", ".join(found["matches"]) or "nothing"
        screen.print(line_of(f"compelling evidence: {found['status']}, alike in {matches}"))
    if pack["exhibits"]:
        rows = [_row(exhibit) for exhibit in pack["exhibits"]]
        screen.print(table_of(rows, tuple(rows[0]), title="Evidence"))
    else:
        screen.print("There is no evidence.")
    if pack["missing"]:
        rows = [{"missing": one["title"], "could be given by": one["given_by"]} for one in pack["missing"]]
        screen.print(table_of(rows, tuple(rows[0]), title="Missing"))


def _row(exhibit: dict[str, Any]) -> dict[str, Any]:
    return {
        "no": exhibit["number"],
        "what": exhibit["title"],
        "proves": exhibit["proves"],
        "event": exhibit["event_id"],
        "at": exhibit["occurred_at"],
    }
