"""What a backtest found, as tables, JSON and CSV: requests that come out otherwise, and disputes that ended."""

import csv
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from app.backtest.backtest import Report
from app.backtest.comparison import Shift, Total
from app.backtest.disputes import Fee, Standing, Trial, standings
from app.backtest.past import Kept
from app.backtest.recorded import Incomplete
from app.cli.showing import console, show_json, table_of
from app.explaining import shown

SHIFTS = ("merchant", "old", "new", "rule", "requests", "old_paid", "new_paid", "difference")
TOTALS = ("old_paid", "new_paid", "difference")
TRIALS = ("merchant", "dispute", "network", "category", "disputed", "old", "new", "outcome", "recovered", "fees")
STANDINGS = (
    "merchant",
    "policy",
    "disputes",
    "contested",
    "expected",
    "known",
    "expected_of_known",
    "recovered",
    "fees",
    "unknown",
    "left_out",
    "left_out_recovered",
)


class FromKafka(NamedTuple):
    """What a backtest over Kafka says beside its comparison."""

    topics: Sequence[Kept]
    left_out: Incomplete


def show(report: Report, output: str, beside: FromKafka | None = None) -> None:
    """The requests that come out otherwise, what goes out, and what the ended disputes come to."""
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
                **_disputes(report.disputes),
                "events": report.events,
                "unaffected": report.unaffected,
                "undecided": report.undecided,
                "no_lines": report.no_lines,
                "passed_over": report.passed_over,
                **({"from_kafka": {"topics": beside.topics, "left_out": beside.left_out}} if beside else {}),
            }
        )
        return
    if output == "csv":
        _write_csv(Shift, (msgspec.structs.astuple(shift) for shift in shifts))
        return
    screen = console()
    if shifts:
        screen.print(table_of([_shift(shift) for shift in shifts], SHIFTS, title="What comes out otherwise"))
    if totals:
        screen.print(table_of([_total(total) for total in totals], TOTALS, title="All that goes out"))
    screen.print(
        f"{found.requests} requests: {len(found.flips)} come out otherwise, {found.reasons_changed} for another reason"
    )
    if report.disputes:
        _print_standings(report.disputes)
    screen.print(
        f"{report.events} events, {report.unaffected} of them of merchants for whom nothing changes and "
        f"{report.undecided} of orders that no policy was asked about; {report.events_per_cpu_second} per CPU-second"
    )


def show_disputes(report: Report, output: str) -> None:
    """Every dispute that ended, and what they come to."""
    trials = report.disputes
    if output == "json":
        show_json(_disputes(trials))
    elif output == "csv":
        rows = ((*msgspec.structs.astuple(trial)[:-1], _fees(trial.fees)) for trial in trials)
        _write_csv(Trial, rows)
    else:
        if trials:
            console().print(table_of([_trial(trial) for trial in trials], TRIALS, title="Disputes that ended"))
        _print_standings(trials)


def _disputes(trials: Sequence[Trial]) -> dict[str, Any]:
    otherwise = sum(trial.is_advised_otherwise for trial in trials)
    return {"disputes_advised_otherwise": otherwise, "dispute_standings": standings(trials), "disputes": trials}


def _print_standings(trials: Sequence[Trial]) -> None:
    screen = console()
    if trials:
        rows = [_standing(standing) for standing in standings(trials)]
        screen.print(table_of(rows, STANDINGS, title="What contesting disputes comes to"))
    otherwise = sum(trial.is_advised_otherwise for trial in trials)
    screen.print(f"{len(trials)} disputes ended: {otherwise} of them are advised otherwise")


def _write_csv(shape: type[msgspec.Struct], rows: Iterable[tuple[Any, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(shape.__struct_fields__)
    writer.writerows(rows)


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


def _trial(trial: Trial) -> dict[str, Any]:
    contested = "" if trial.is_known else ", not contested"
    return {
        "merchant": trial.merchant_id,
        "dispute": trial.dispute_id,
        "network": trial.network,
        "category": trial.category,
        "disputed": shown(trial.disputed_minor, trial.currency),
        "old": _advice(trial.old_action, trial.old_expected_minor, trial.currency),
        "new": _advice(trial.new_action, trial.new_expected_minor, trial.currency),
        "outcome": trial.outcome + contested,
        "recovered": shown(trial.recovered_minor, trial.currency),
        "fees": _fees(trial.fees),
    }


def _advice(action: str, expected_minor: int | None, currency: str) -> str:
    """The action; in brackets what contesting was expected to bring, whatever was advised."""
    return action if expected_minor is None else f"{action} ({shown(expected_minor, currency)})"


def _standing(standing: Standing) -> dict[str, Any]:
    def money(minor: int) -> str:
        return shown(minor, standing.currency)

    return {
        "merchant": standing.merchant_id,
        "policy": standing.policy,
        "disputes": standing.disputes,
        "contested": standing.contested,
        "expected": money(standing.expected_minor),
        "known": standing.known,
        "expected_of_known": money(standing.known_expected_minor),
        "recovered": money(standing.known_recovered_minor),
        "fees": _fees(standing.known_fees),
        "unknown": f"{standing.unknown} ({money(standing.unknown_expected_minor)})" if standing.unknown else "0",
        "left_out": standing.left_out,
        "left_out_recovered": money(standing.left_out_recovered_minor),
    }


def _fees(fees: Sequence[Fee]) -> str:
    return " + ".join(shown(fee.amount_minor, fee.currency) for fee in fees)
