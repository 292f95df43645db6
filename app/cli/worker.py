"""`refundry worker`: consume, decide, publish."""

from pathlib import Path

import click

from app.cli.options import config_option, settings_of
from app.worker import work


@click.command(short_help="Consume, decide, publish: one process per core.")
@config_option
@click.pass_context
def command(ctx: click.Context, config: Path | None) -> None:
    """Consume the inbound topics, decide, and publish, until SIGTERM.

    One process per core; more workers join the group by themselves. A worker that cannot be sure of its state exits
    with 75, one whose broker or state directory is away with 4: its supervisor starts both again. 3 (configuration)
    and 5 (unsafe) need a person first.
    """
    ctx.exit(work(settings_of(config)))
