"""`refundry policy test` and `refundry policy backtest`: what policies would decide, before they speak."""

import csv
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from app.backtest.backtest import Report
from app.backtest.backtest import backtest as run_backtest
from app.backtest.comparison import Shift, Total
from app.backtest.scenario_files import FOLDER, read_scenarios
from app.backtest.scenarios import counted, coverage, try_scenarios
from app.cli.failures import ExitCode, Failure
from app.cli.money import shown
from app.cli.options import DIRECTORY, FILE, Moment, config_option, output_option, settings_of
from app.cli.replay import progress_of, tell
from app.cli.showing import console, show_json, show_rows, table_of
from app.policies import load, read_directory
from app.replay import desk_of
from app.replay.files import read_texts
from app.replay.lines import read_lines

COVERAGE = ("policy", "version", "rule", "met", "not_judged")
SHIFTS = ("merchant", "old", "new", "rule", "requests", "old_paid", "new_paid", "difference")


@click.command("test")
@click.argument("directory", required=False, type=DIRECTORY)
@config_option
@output_option
def test(directory: Path | None, config: Path | None, output: str) -> None:
    """Try the scenarios in DIRECTORY/scenarios on the policies in DIRECTORY (default: POLICY_DIR).

    Each scenario is a YAML file: events in, expected decisions out. What comes out otherwise is told with its line, and
    the exit code is 6. Rules that were never met in any scenario are told too.
    """
    folder = directory or settings_of(config).policy_dir
    if folder is None:
        raise click.UsageError("expected DIRECTORY, or the setting POLICY_DIR")
    policies = read_directory(folder, compiler=counted)
    results = try_scenarios(read_scenarios(folder), policies)
    if not results:
        raise Failure("there are no scenarios", f"write YAML files into {folder / FOLDER}", code=ExitCode.USAGE)
    rules = coverage(policies)
    failed = [result for result in results if result.problems]
    if output == "json":
        show_json({"scenarios": [_result(result) for result in results], "rules": rules})
    else:
        show_rows([_result(result) for result in results], ("scenario", "as_expected", "file"), output)
        if rules:
            show_rows([msgspec.structs.asdict(rule) for rule in rules], COVERAGE, output)
        for rule in rules:
            if not rule.met:
                click.echo(f"{rule.policy}@{rule.version}: the rule {rule.rule} was met in no scenario", err=True)
    if failed:
        raise Failure(
            f"{len(failed)} of {len(results)} scenarios came out otherwise",
            "put the policy or the expectation right",
            code=ExitCode.VIOLATED,
            details=[str(problem) for result in failed for problem in result.problems],
        )


def _result(result: Any) -> dict[str, Any]:
    return {
        "scenario": result.scenario,
        "as_expected": "no" if result.problems else "yes",
        "file": result.file,
        "problems": [str(problem) for problem in result.problems],
    }


@click.command("backtest")
@click.argument("new", type=DIRECTORY)
@click.option("--events", multiple=True, required=True, type=FILE, help="Messages as for replay; again for more files.")
@click.option(
    "--old", type=DIRECTORY, help="Directory of the policies to compare with. Default: POLICY_DIR, else built-in."
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
    old: Path | None,
    fx: str | None,
    until: datetime | None,
    output: str,
    config: Path | None,
) -> None:
    """Decide the same events under the policies in NEW and under the old ones, and show what comes out otherwise.

    Nothing is published. Money is what goes out; it is never summed across currencies. Answers of the provider to
    instructions that a world did not give are passed over in it.
    """
    if "-" in events and len(events) > 1:
        raise click.UsageError("expected standard input alone, or files")
    settings = settings_of(config)
    before, after = (desk_of(settings, policies=folder, fx=fx) for folder in (old, None))
    after.policies = load(new)
    with progress_of(events) as progress:
        report = run_backtest(
            read_lines(read_texts(events, progress)), old=before, new=after, until=until, on_no_line=tell()
        )
    _show(report, output)


def _show(report: Report, output: str) -> None:
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
