"""`refundry programmes`: where a merchant stands in the networks' monitoring programmes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.failures import ExitCode, Failure
from app.cli.noun import Noun
from app.cli.options import DIRECTORY, FILE, Moment, config_option, output_option, settings_of
from app.cli.showing import console, line_of, show_json, table_of
from app.cli.standings import Standings, from_kafka, from_replay
from app.domain.programmes import Measure, is_near, measures

COLUMNS = ("programme", "count", "of", "ratio_bps", "from_count", "from_bps", "projected_bps", "left", "state")


class Month(click.ParamType):
    """A month such as 2026-03."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The month, or a usage error that says how one is written."""
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
            self.fail("expected a month, such as 2026-03", param, ctx)
        return str(value)


@click.group(cls=Noun, short_help="Show where a merchant stands in the networks' monitoring programmes.")
def command() -> None:
    """Show where a merchant stands in the networks' monitoring programmes."""


@command.command()
@click.argument("merchant")
@click.option("--month", type=Month(), help="Which month, in UTC; default: the newest in which anything was counted.")
@click.option("--replay", multiple=True, type=FILE, help="Count these messages, again for more files; else Kafka.")
@click.option("--policies", type=DIRECTORY, help="With --replay: directory of policies.")
@click.option("--fx", type=FILE, help="With --replay: exchange rates.")
@click.option("--until", type=Moment(), help="With --replay: move the clock on to this time at the end.")
@config_option
@output_option
def show(
    *,
    merchant: str,
    month: str | None,
    replay: tuple[str, ...],
    policies: Path | None,
    fx: str | None,
    until: datetime | None,
    config: Path | None,
    output: str,
) -> None:
    """Show where MERCHANT stands in each programme: ratio, thresholds, projection, and how many disputes are left."""
    if not replay and (policies or fx or until):
        raise click.UsageError("--policies, --fx and --until belong to --replay")
    settings = settings_of(config)
    if replay:
        found = from_replay(replay, settings, merchant, policies=policies, fx=fx, until=until)
    else:
        found = from_kafka(settings, merchant)
    counted = {name for standing in found.by_network.values() for name in standing.months}
    if not counted:
        raise Failure(
            "nothing was counted of this merchant here",
            "ids are case-sensitive; sales and disputes of Visa and Mastercard count",
            code=ExitCode.USAGE,
        )
    told = standing_in(found, merchant, month or max(counted))
    if output == "json":
        show_json(told)
    else:
        _print(told)


def standing_in(found: Standings, merchant_id: str, month: str) -> dict[str, Any]:
    """Where the merchant stands in one month, as data: one row per programme of the networks that were counted."""
    rows = [row for network in sorted(found.by_network) for row in _rows(found, merchant_id, network, month)]
    return {"merchant_id": merchant_id, "month": month, "programmes": rows}


def _rows(found: Standings, merchant_id: str, network: str, month: str) -> Iterator[dict[str, Any]]:
    standing = found.by_network[network]
    counted = standing.months.get(month)
    newest = counted.newest if counted is not None else None
    asked_at = newest or datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    terms = found.policies.speaking(merchant_id, asked_at).monitoring
    for measure in measures(standing, network, month, region=terms.region, regulated=terms.regulated):
        yield {
            "network": network,
            "programme": measure.programme,
            "as_of": newest,
            "count": measure.count,
            "base": measure.base,
            "ratio_bps": measure.ratio_bps(),
            "threshold": {"count": measure.threshold.count, "ratio_bps": measure.threshold.bps},
            "amount_minor": measure.amount_minor,
            "projected_ratio_bps": measure.ratio_bps(measure.projected),
            "left_before_breach": measure.left,
            "state": _state(measure),
            "said": standing.said.get(f"{measure.programme}:{month}", []),
        }


def _state(measure: Measure) -> str:
    if measure.outranked:
        return "outranked"
    if measure.reaches():
        return "crossed"
    if not measure.applies:
        return "does not apply"
    return "near" if is_near(measure) else "below"


def _print(told: dict[str, Any]) -> None:
    screen = console()
    screen.print(line_of(f"{told['merchant_id']} in {told['month']}", style="bold"))
    for network in sorted({row["network"] for row in told["programmes"]}):
        rows = [row for row in told["programmes"] if row["network"] == network]
        as_of = f", up to {rows[0]['as_of']:%Y-%m-%d %H:%M} UTC" if rows[0]["as_of"] else ", nothing in this month"
        screen.print(table_of([_shown(row) for row in rows], COLUMNS, title=f"{network.capitalize()}{as_of}"))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "programme": row["programme"],
        "count": row["count"],
        "of": row["base"],
        "ratio_bps": row["ratio_bps"],
        "from_count": row["threshold"]["count"],
        "from_bps": row["threshold"]["ratio_bps"],
        "projected_bps": row["projected_ratio_bps"],
        "left": row["left_before_breach"],
        "state": row["state"],
    }
