"""`refundry replay`: a file of messages in, everything that would be published out."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from agents.shadowing import Shadow
from app.cli.failures import writing
from app.cli.options import DIRECTORY, FILE, Moment, config_option, output_option, settings_of
from app.cli.showing import console, table_of
from app.explaining import shown
from app.replay import NoLine, Summary, desk_of_a_replay, replay_files
from app.replay.files import size_of
from app.replay.writing import line_of
from app.runtime.topology import Output

NO_LINES_TOLD_MAX = 100
BUFFER_BYTES = 1 << 20


@click.command(short_help="Decide a file of messages, without any broker.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option(
    "--policies", type=DIRECTORY, help="Directory of policies. Default: POLICY_DIR, else the built-in policy."
)
@click.option(
    "--shadow", type=DIRECTORY, help="Policies to be tried beside: compared, never said. Default: SHADOW_POLICY_DIR."
)
@click.option("--fx", type=FILE, help="Exchange rates: JSON lines of fx-rates bodies, or the ECB's CSV.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True),
    default="-",
    help="Where the output goes. Default: standard output.",
)
@click.option("--until", type=Moment(), help="Move the clock on to this time at the end: timers fire until then.")
@config_option
@output_option
def command(
    *,
    files: tuple[str, ...],
    policies: Path | None,
    shadow: Path | None,
    fx: str | None,
    out: str,
    until: datetime | None,
    config: Path | None,
    output: str,
) -> None:
    """Decide the messages of FILE... without any broker, with the agents of a worker.

    In: JSON lines {"topic", "value", "key"?, "headers"?, "timestamp"?}, in order; "-" is standard input, compressed
    files (gzip) are read as they are. Out: JSON lines {"topic", "key", "headers", "value"} of all that would be
    published, in order; of case-snapshots the last per case, at the end. What was done is summed up on standard error.
    """
    settings = settings_of(config)
    if out != "-" and any(os.path.realpath(file) == os.path.realpath(out) for file in files):
        raise click.BadParameter("expected another file than the input", param_hint="--out")
    desk = desk_of_a_replay(settings, policies=policies, fx=fx, shadow=shadow or settings.shadow_policy_dir)
    summary = Summary()
    with _opened(out) as stream:

        def said(message: Output) -> None:
            stream.write(line_of(message))

        with progress_of(files) as progress:
            replay_files(files, desk, said, until=until, summary=summary, on_no_line=tell(), progress=progress)
    _show(summary, desk.shadow, output)


def tell() -> Callable[[NoLine], None]:
    """Tells on standard error of lines that are no messages: each of the first ones, then that there are more."""
    told = 0

    def on_no_line(line: NoLine) -> None:
        nonlocal told
        told += 1
        if told <= NO_LINES_TOLD_MAX:
            click.echo(f"{line.place}: no message: {line.reason}", err=True)
        elif told == NO_LINES_TOLD_MAX + 1:
            click.echo("further lines that are no messages are only counted", err=True)

    return on_no_line


@contextmanager
def _opened(out: str) -> Iterator[IO[bytes]]:
    if out == "-":
        stream = click.get_binary_stream("stdout")
        yield stream
        stream.flush()
    else:
        with writing(out), Path(out).open("wb", buffering=BUFFER_BYTES) as file:
            yield file


@contextmanager
def progress_of(files: Sequence[str]) -> Iterator[Callable[[int], Any]]:
    """Tells how far the reading is, on a terminal."""
    screen = console(err=True)
    if not screen.is_terminal:
        yield lambda _: None
        return

    bar = Progress("reading", BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=screen, transient=True)
    with bar:
        task = bar.add_task("reading", total=size_of(files))
        yield lambda read: bar.advance(task, read)


def _show(summary: Summary, shadow: Shadow | None, output: str) -> None:
    """The summary, on standard error: standard output may be the records."""
    if output == "json":
        figures = _figures(summary) | ({"shadow": _compared(shadow)} if shadow else {})
        click.echo(msgspec.json.encode(figures).decode(), err=True)
        return
    screen = console(err=True)
    money = sorted(summary.money_minor.items())
    decisions = [
        {
            "decision": kind,
            "count": count,
            "money": [shown(minor, currency) for (of, currency), minor in money if of == kind],
        }
        for kind, count in sorted(summary.decisions.items())
    ]
    screen.print(table_of(decisions, ("decision", "count", "money")) if decisions else "no decisions")
    if summary.dead_letters:
        rows = [{"dead_letters": code, "count": count} for code, count in summary.dead_letters.most_common()]
        screen.print(table_of(rows, ("dead_letters", "count")))
    if shadow is not None:
        _show_shadow(screen, shadow)
    screen.print(
        f"{summary.lines} lines, {summary.no_lines} of them no messages; {summary.events} events, "
        f"{sum(summary.dead_letters.values())} dead letters; {sum(summary.outputs.values())} records said; "
        f"{summary.seconds:.1f} s, {summary.events_per_second} events/s, {summary.events_per_cpu_second} per CPU-second"
    )


def _show_shadow(screen: Console, shadow: Shadow) -> None:
    told = _compared(shadow)
    screen.print(table_of(told["decisions"], ("verdict", "live", "shadow", "count"), title="Shadow policies"))
    for row in told["money"]:
        screen.print(f"{shown(row['amount_minor'], row['currency'])} {row['direction']} would have gone out")


def _compared(shadow: Shadow) -> dict[str, Any]:
    return {
        "decisions": [
            {"verdict": verdict, "live": live, "shadow": other, "count": count}
            for (verdict, live, other), count in sorted(shadow.decisions.items())
        ],
        "money": [
            {"currency": currency, "direction": direction, "amount_minor": minor}
            for (currency, direction), minor in sorted(shadow.money_minor.items())
        ],
    }


def _figures(summary: Summary) -> dict[str, Any]:
    return {
        "lines": summary.lines,
        "no_lines": summary.no_lines,
        "events": summary.events,
        "dead_letters": dict(summary.dead_letters),
        "decisions": dict(summary.decisions),
        "money": [
            {"type": kind, "amount_minor": minor, "currency": currency}
            for (kind, currency), minor in sorted(summary.money_minor.items())
        ],
        "records": dict(summary.outputs),
        "seconds": round(summary.seconds, 3),
        "events_per_second": summary.events_per_second,
        "events_per_cpu_second": summary.events_per_cpu_second,
    }
