"""`refundry policy backtest`: what other policies would have decided, over the same events."""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from agents import Desk
from app.backtest.backtest import Report
from app.backtest.backtest import backtest as run_backtest
from app.backtest.comparison import Shift, Total
from app.backtest.past import READ_WHOLE, TOPICS, Kept, read_past
from app.backtest.recorded import Incomplete, Recorded
from app.cli.kafka import config_of, read_whole, require_topics
from app.cli.money import shown
from app.cli.options import DIRECTORY, FILE, Moment, config_option, settings_of
from app.cli.replay import progress_of, tell
from app.cli.showing import console, show_json, table_of
from app.domain.policy import Policies
from app.policies import load
from app.replay import desk_of
from app.replay.files import read_texts
from app.replay.lines import Line, read_lines
from app.settings import Settings
from app.worker import global_topics

SHIFTS = ("merchant", "old", "new", "rule", "requests", "old_paid", "new_paid", "difference")


class Trial(NamedTuple):
    """The question: which policies against which, with which rates, and until when."""

    settings: Settings
    new: Path
    old: Path | None
    fx: str | None
    until: datetime | None

    def desks(self) -> tuple[Desk, Desk]:
        """Two desks that differ in nothing but policies."""
        before, after = (desk_of(self.settings, policies=self.old, fx=self.fx) for _ in range(2))
        after.policies, after.rates = load(self.new), before.rates
        return before, after


class FromKafka(NamedTuple):
    """What a backtest over Kafka says beside its comparison."""

    topics: Sequence[Kept]
    left_out: Incomplete


@click.command("backtest")
@click.argument("new", type=DIRECTORY)
@click.option("--events", multiple=True, type=FILE, help="Messages as for replay; again for more files.")
@click.option("--from-kafka", is_flag=True, help="The journal and the inbound topics instead, as far as they are kept.")
@click.option("--since", type=Moment(), help="With --from-kafka: from the first record at or after this time on.")
@click.option(
    "--old",
    type=DIRECTORY,
    help="Directory of the policies to compare with. Default: POLICY_DIR, else built-in; from Kafka the published.",
)
@click.option("--fx", type=FILE, help="Exchange rates: JSON lines of fx-rates bodies, or the ECB's CSV.")
@click.option("--until", type=Moment(), help="Move the clock on to this time at the end: timers fire until then.")
@click.option(
    "--output", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="For whom."
)
@config_option
def backtest(
    *,
    new: Path,
    events: tuple[str, ...],
    from_kafka: bool,
    since: datetime | None,
    old: Path | None,
    fx: str | None,
    until: datetime | None,
    output: str,
    config: Path | None,
) -> None:
    """Decide the same events under the policies in NEW and under the old ones, and show what comes out otherwise.

    Nothing is published. Money is what goes out; it is never summed across currencies. Answers of the provider to
    instructions that a world did not give are passed over in it. Orders that began before what Kafka still has, or
    before --since, are left out and counted.
    """
    if bool(events) == from_kafka:
        raise click.UsageError("expected --events FILE, or --from-kafka")
    if (since is not None) != from_kafka:
        raise click.UsageError("expected --from-kafka and --since together")
    if "-" in events and len(events) > 1:
        raise click.UsageError("expected standard input alone, or files")
    trial = Trial(settings_of(config), new, old, fx, until)
    if since is None:
        with progress_of(events) as progress:
            report = _run(trial, trial.desks(), read_lines(read_texts(events, progress)))
        _show(report, output)
    else:
        report, beside = _over_kafka(trial, since)
        _tell(beside, since)
        _show(report, output, beside)


def _run(trial: Trial, desks: tuple[Desk, Desk], lines: Iterable[Any]) -> Report:
    return run_backtest(lines, old=desks[0], new=desks[1], until=trial.until, on_no_line=tell())


def _over_kafka(trial: Trial, since: datetime) -> tuple[Report, FromKafka]:
    """The past of the installation through both policies. The old ones are those that its workers read."""
    runtime = config_of(trial.settings)
    before, after = trial.desks()
    heard = dict(global_topics(before))
    if trial.old is None:
        before.policies = Policies()
    else:
        del heard["policies"]
    require_topics(runtime, (*TOPICS, *READ_WHOLE))
    read_whole(runtime, heard)
    with TemporaryDirectory(prefix="refundry-past-") as scratch, Recorded(Path(scratch)) as recorded:
        with _counted("read") as (total, advance):
            past = read_past(runtime, since, recorded, began=total, read=advance)
        left_out = recorded.incomplete() if past.partial else Incomplete(0, 0)
        with _counted("decided") as (total, advance):
            total(recorded.count() - left_out.messages)
            report = _run(trial, (before, after), _passing(recorded.lines(whole_orders=past.partial), advance))
    return report, FromKafka(past.topics, left_out)


def _passing(lines: Iterable[Line], advance: Callable[[int], Any]) -> Iterator[Line]:
    for line in lines:
        yield line
        advance(1)


@contextmanager
def _counted(what: str) -> Iterator[tuple[Callable[[int], Any], Callable[[int], Any]]]:
    """Tells on a terminal how far something is: functions for how much there is, and for how much more went by."""
    screen = console(err=True)
    if not screen.is_terminal:
        yield (lambda _: None), (lambda _: None)
        return
    with Progress(
        what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=screen, transient=True
    ) as bar:
        task = bar.add_task(what, total=None)
        yield (lambda total: bar.update(task, total=total)), (lambda more: bar.advance(task, more))


def _tell(beside: FromKafka, since: datetime) -> None:
    """On standard error: what retention has taken, and what was left out because of it."""
    for kept in beside.topics:
        if kept.cut:
            rest = f"is kept from {kept.earliest:%Y-%m-%dT%H:%M:%SZ} on" if kept.earliest else "has nothing left"
            click.echo(f"{kept.topic} {rest}: what came before is gone", err=True)
    orders, messages = beside.left_out.orders, beside.left_out.messages
    if orders:
        click.echo(
            f"{orders} orders began before what was read (since {since:%Y-%m-%dT%H:%M:%SZ}); left out with their "
            f"{messages} messages",
            err=True,
        )


def _show(report: Report, output: str, beside: FromKafka | None = None) -> None:
    found = report.comparison
    shifts, totals = found.shifts(), found.totals()
    if output == "json":
        show_json(
            {
                "requests": found.requests,
                "flipped": len(found.flips),
                "reasons_changed": found.reasons_changed,
                "totals": totals,
                "shifts": shifts,
                "flips": found.flips,
                "events": report.events,
                "unaffected": report.unaffected,
                "no_lines": report.no_lines,
                "passed_over": report.passed_over,
                **({"from_kafka": {"topics": beside.topics, "left_out": beside.left_out}} if beside else {}),
            }
        )
        return
    if output == "csv":
        _write_csv(shifts)
        return
    screen = console()
    if shifts:
        screen.print(table_of([_shift(shift) for shift in shifts], SHIFTS, title="What comes out otherwise"))
    if totals:
        screen.print(
            table_of(
                [_total(total) for total in totals], ("old_paid", "new_paid", "difference"), title="All that goes out"
            )
        )
    screen.print(
        f"{found.requests} requests: {len(found.flips)} come out otherwise, {found.reasons_changed} for another reason"
    )
    screen.print(
        f"{report.events} events, {report.unaffected} of them of merchants for whom nothing changes; "
        f"{report.events_per_cpu_second} per CPU-second"
    )


def _write_csv(shifts: Sequence[Shift]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(Shift.__struct_fields__)
    writer.writerows(msgspec.structs.astuple(shift) for shift in shifts)


def _shift(shift: Shift) -> dict[str, Any]:
    currency = shift.currency or ""
    return {
        "merchant": shift.merchant_id,
        "old": f"{shift.old_outcome} {shift.old_reason}",
        "new": f"{shift.new_outcome} {shift.new_reason}",
        "rule": shift.new_rule,
        "requests": shift.requests,
        "old_paid": shown(shift.old_paid_minor, currency),
        "new_paid": shown(shift.new_paid_minor, currency),
        "difference": shown(shift.difference_minor, currency),
    }


def _total(total: Total) -> dict[str, Any]:
    return {
        "old_paid": shown(total.old_paid_minor, total.currency),
        "new_paid": shown(total.new_paid_minor, total.currency),
        "difference": shown(total.difference_minor, total.currency),
    }
