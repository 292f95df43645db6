"""A group of commands that are imported when they are called: `--help` of the whole takes no time."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Knows its commands by name and help; `app.cli.<name>` holds the command of the same name when it is called.

    A hyphen of a name is an underscore of its module.
    """

    def __init__(self, *arguments: Any, commands_help: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.commands_help = commands_help

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is the library's
        """The names, in the order in which they were given."""
        return list(self.commands_help)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Imports the command; None where there is none of that name."""
        if cmd_name not in self.commands_help:
            return None
        command: click.Command = import_module(f"app.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands_help.items()))
