"""`refundry report`: what was published, summed up."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import msgspec

from app.cli.failures import ExitCode, Failure, writing
from app.cli.noun import Noun
from app.cli.options import Moment, examples
from app.cli.records import read_records, records_options
from app.cli.report_page import page_of
from app.cli.report_tables import TABLES, Table, csv_of, told
from app.cli.showing import console, show_json, table_of
from app.reports.disputes import DisputeReport
from app.reports.fees import FeeReport
from app.reports.fx import FxReport
from app.reports.money import MoneyReport
from app.reports.refunds import RefundReport
from app.reports.said import Period
from app.runtime.topology import Message

F = TypeVar("F", bound=Callable[..., Any])

REPORT_OPTIONS = (
    click.option("--from", "start", type=Moment(), help="What happened at or after this time."),
    click.option("--to", "end", type=Moment(), help="What happened before this time."),
    click.option("--merchant", metavar="ID", help="Of this merchant alone."),
    click.option(
        "--html",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        help="Also write it as a page of its own, with a chart.",
    ),
    records_options,
    click.option(
        "--output", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="For whom."
    ),
)


def report_options(command: F) -> F:
    """The options that all reports share."""
    for option in reversed(REPORT_OPTIONS):
        command = option(command)
    return command


class Report(Protocol):
    """Takes records and sums them up."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What it reads."""
        ...

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record."""
        ...

    def document(self) -> dict[str, Any]:
        """All of it."""
        ...


@click.group(cls=Noun, short_help="Sum up money, refunds, disputes, fees and exchange rates.")
def command() -> None:
    """Sum up money, refunds, disputes, fees and exchange rates.

    Out of what was published: the topics on Kafka, as far as they are kept, or what a replay wrote. Amounts are never
    added across currencies; in JSON and CSV they are whole minor units.
    """


@command.command(
    epilog=examples(
        "refundry report money --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z",
        "refundry report money --merchant shop-1 --records day.out.jsonl --html money.html",
    )
)
@report_options
def money(*, start: datetime | None, end: datetime | None, merchant: str | None, **how: Any) -> None:
    """Show what was captured, paid back, disputed and charged in each month, and where all money stands.

    Months are told by the ledger, the standing by the snapshots of all cases. Both must come to the same, case by
    case, and all accounts to zero: exit code 6 where they do not.
    """
    report = MoneyReport(_period(start, end, merchant))
    _run("money", report, go_on=lambda: bool(report.differences()), **how)
    if differences := report.differences():
        raise Failure(
            f"ledger and snapshots differ in {len(differences)} places",
            "`refundry audit verify` says which records are not as they should be",
            code=ExitCode.VIOLATED,
        )


@command.command(epilog=examples("refundry report refunds --merchant shop-1 --output csv"))
@report_options
def refunds(*, start: datetime | None, end: datetime | None, merchant: str | None, **how: Any) -> None:
    """Show what became of requests, by outcome and decisive reason, with amounts, and how long it took.

    A request belongs to the period in which it was made. Median and p90 are told by nearest rank.
    """
    _run("refunds", RefundReport(_period(start, end, merchant)), **how)


@command.command(epilog=examples("refundry report disputes --html disputes.html"))
@click.option("--at", type=Moment(), help="What is overdue at this time; default: now, of a replay its newest change.")
@report_options
def disputes(
    *, at: datetime | None, start: datetime | None, end: datetime | None, merchant: str | None, **how: Any
) -> None:
    """Show disputes by network, category, stage and state, how they ended against what was expected, and deadlines.

    A dispute belongs to the period in which it was opened.
    """
    if at is None and not how["records"]:
        at = datetime.now(UTC).replace(microsecond=0)
    _run("disputes", DisputeReport(_period(start, end, merchant), at), **how)


@command.command(epilog=examples("refundry report fees --from 2026-01-01T00:00:00Z"))
@report_options
def fees(*, start: datetime | None, end: datetime | None, merchant: str | None, **how: Any) -> None:
    """Show the fees that were charged and returned on payments and disputes, and those that were kept of refunds."""
    _run("fees", FeeReport(_period(start, end, merchant)), **how)


@command.command(epilog=examples("refundry report fx --output json"))
@report_options
def fx(*, start: datetime | None, end: datetime | None, merchant: str | None, **how: Any) -> None:
    """Show what changes of rates gained or cost by pair of currencies: as estimated at the decision, and as it came.

    A refund belongs to the period in which it was approved. Negative is a loss.
    """
    _run("fx", FxReport(_period(start, end, merchant)), **how)


def _period(start: datetime | None, end: datetime | None, merchant: str | None) -> Period:
    if start is not None and end is not None and start >= end:
        raise click.UsageError("expected --from to be before --to")
    return Period(start, end, merchant)


def _run(
    name: str,
    report: Report,
    *,
    records: tuple[str, ...],
    config: Path | None,
    html: Path | None,
    output: str,
    go_on: Callable[[], bool] = lambda: False,
) -> None:
    def hear(message: Message) -> None:
        """Adds a record to the report. Failure where it is not what its topic holds."""
        try:
            report.take(message.topic, message.key, message.value)
        except (msgspec.MsgspecError, ValueError, KeyError, RecursionError) as error:
            where = "" if message.offset < 0 else f"/{message.partition}/{message.offset}"
            raise Failure(
                f"a record on {message.topic}{where} is not what its topic holds",
                "`refundry audit verify` says what else is not as it should be",
                code=ExitCode.VIOLATED,
            ) from error

    read_records(report.topics, hear, records=records, config=config, go_on=go_on)
    document = report.document()
    if html is not None:
        with writing(html):
            html.write_text(page_of(name, document), encoding="utf-8")
    if output == "json":
        show_json(document)
    elif output == "csv":
        click.echo(csv_of(name, document), nl=False)
    else:
        _print(TABLES[name], document)
        if html is not None:
            click.echo(f"written as a page: {html}")


def _print(tables: tuple[Table, ...], document: dict[str, Any]) -> None:
    screen, shown = console(), False
    for table in tables:
        rows = document[table.rows]
        if rows:
            screen.print(table_of(told(rows, table), table.columns, title=table.title))
            shown = True
        elif table.when_empty:
            screen.print(table.when_empty)
    if not shown:
        screen.print("There is nothing to report.")
