"""Options and arguments that several commands share, and values that they read from the command line."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import click
import msgspec

from app.settings import Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)
DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


class Moment(click.ParamType):
    """A time with an offset, such as 2026-03-02T12:00:00Z."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time, or a usage error that says how one is written."""
        if isinstance(value, datetime):
            return value
        try:
            moment: datetime = msgspec.convert(value, Annotated[datetime, msgspec.Meta(tz=True)])
        except msgspec.ValidationError:
            self.fail("expected a time with an offset, such as 2026-03-02T12:00:00Z", param, ctx)
        return moment


def output_option(command: F) -> F:
    """`--output table|json`, as the argument `output`."""
    return click.option(
        "--output",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="For people, or for programs.",
    )(command)


def config_option(command: F) -> F:
    """`--config FILE`, as the argument `config`."""
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="YAML or TOML file of settings; variables of the environment win. Default: REFUNDRY_CONFIG.",
    )(command)


def settings_of(config: Path | None) -> Settings:
    """The settings of the environment and of the file. Raises `ConfigurationError`."""
    return load_settings(os.environ, config)


def examples(*lines: str) -> str:
    """Command lines at the end of a command's help, each on a line of its own."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
