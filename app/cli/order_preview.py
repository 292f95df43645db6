"""`refundry order preview`: what would be paid back, without doing it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click

from agents import Desk
from app.backtest.preview import NoRequestError, Wanted, preview_of_rows
from app.backtest.preview import preview as run_preview
from app.cli.failures import ExitCode, Failure
from app.cli.options import DIRECTORY, FILE, Moment, config_option, output_option, settings_of
from app.cli.replay import progress_of
from app.cli.showing import console, line_of, show_json
from app.cli.standing_orders import standing_order
from app.domain.policy import Policies
from app.explaining import decision_lines
from app.replay import desk_of_a_replay
from app.replay.files import read_texts
from app.replay.lines import read_lines
from app.settings import Settings
from topics.orders import RequestReason

ASKERS = ("customer", "merchant", "support")


class ScopeType(click.ParamType):
    """What is asked back: `full`, `lines:l1=2,l2=1`, `shipping:s1`, or the scope of the contract as JSON."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """The scope as the contract writes it, or a usage error."""
        if isinstance(value, Mapping):
            return dict(value)
        kind, _, rest = str(value).partition(":")
        try:
            if value == "full":
                return {"kind": "full"}
            if kind == "lines":
                return {"kind": "lines", "lines": [_units(part) for part in rest.split(",")], "include_shipping": False}
            if kind == "shipping" and rest:
                return {"kind": "shipping", "shipping_id": rest}
            scope = json.loads(value)
        except ValueError:
            scope = None
        if not isinstance(scope, dict):
            self.fail("expected full, lines:l1=2,l2=1, shipping:s1, or a scope as JSON", param, ctx)
        return scope


def _units(text: str) -> dict[str, Any]:
    line_id, _, quantity = text.rpartition("=")
    return {"line_id": line_id or text, "quantity": int(quantity) if line_id else 1}


@click.command("preview")
@click.argument("order_id")
@click.option(
    "--scope", type=ScopeType(), required=True, help="full, lines:l1=2,l2=1, shipping:s1, or a scope as JSON."
)
@click.option("--events", multiple=True, type=FILE, help="Ask after these messages, as of replay; again for more.")
@click.option(
    "--reason", type=click.Choice(get_args(RequestReason)), default="changed_mind", show_default=True, help="Why."
)
@click.option("--by", type=click.Choice(ASKERS), default="customer", show_default=True, help="Who asks.")
@click.option("--store-credit", is_flag=True, help="Ask for store credit instead of the money.")
@click.option("--merchant", metavar="ID", help="The order's merchant, where several have an order of this id.")
@click.option("--at", type=Moment(), help="When it would be asked. Default: now; with --events, when they end.")
@click.option("--policies", type=DIRECTORY, help="With --events: directory of policies. Default: POLICY_DIR.")
@click.option(
    "--fx", type=FILE, help="With --events: exchange rates, as JSON lines of fx-rates bodies or the ECB's CSV."
)
@config_option
@output_option
def preview(
    *,
    order_id: str,
    scope: dict[str, Any],
    events: tuple[str, ...],
    reason: str,
    by: str,
    store_credit: bool,
    merchant: str | None,
    at: datetime | None,
    policies: Path | None,
    fx: str | None,
    config: Path | None,
    output: str,
) -> None:
    """Show what a request on ORDER_ID would get: the decision with its breakdown and reasons. Nothing is done.

    The order is looked at as the workers hold it now, under the published policies; with --events as those leave it.
    """
    settings = settings_of(config)
    wanted = Wanted(
        order_id=order_id,
        scope=scope,
        reason=reason,
        requested_by=by,
        method="store_credit" if store_credit else "original",
        merchant_id=merchant,
        at=at,
    )
    if not events and (policies or fx):
        raise click.UsageError("--policies and --fx belong to --events")
    try:
        if events:
            decision = _after(events, wanted, desk_of_a_replay(settings, policies=policies, fx=fx))
        else:
            decision = _as_it_stands(settings, wanted)
    except NoRequestError as error:
        raise Failure(str(error), "nothing was decided", code=ExitCode.USAGE) from error
    if output == "json":
        show_json(decision)
        return
    screen = console()
    for line in decision_lines(decision):
        screen.print(line_of(line))


def _after(events: tuple[str, ...], wanted: Wanted, desk: Desk) -> dict[str, Any]:
    with progress_of(events) as progress:
        return run_preview(read_lines(read_texts(events, progress)), wanted, desk)


def _as_it_stands(settings: Settings, wanted: Wanted) -> dict[str, Any]:
    desk = desk_of_a_replay(settings)
    desk.policies = Policies()  # those that are published speak, as for the workers
    order = standing_order(settings, wanted.order_id, wanted.merchant_id, desk)
    return preview_of_rows(order.rows, order.merchant_id, wanted, desk, now=datetime.now(UTC))
