"""`refundry config`: which settings hold here, and where they come from."""

from pathlib import Path

import click

from app.cli.noun import Noun
from app.cli.options import config_option, output_option, settings_of
from app.cli.showing import show_rows
from app.settings import describe


@click.group(cls=Noun, short_help="Show the settings.")
def command() -> None:
    """Show the settings of this installation."""


@command.command()
@config_option
@output_option
def show(config: Path | None, output: str) -> None:
    """Show every setting: its value, where that comes from, and what it does. Secrets are shown as ****."""
    rows = [row._asdict() for row in describe(settings_of(config))]
    show_rows(rows, ("name", "value", "source", "description"), output)
