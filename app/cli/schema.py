"""`refundry schema`: the JSON Schemas of all messages."""

from pathlib import Path

import click
import msgspec

from app.cli.failures import ExitCode, Failure
from app.cli.noun import Noun
from app.cli.options import DIRECTORY
from topics import schema

OURS = "urn:refundry:"


@click.group(cls=Noun, short_help="Export the JSON Schemas, or check them.")
def command() -> None:
    """The JSON Schemas of all messages, one file per type: TOPIC/TYPE.json."""


@command.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def export(directory: Path) -> None:
    """Write all schemas below DIRECTORY, and remove those of types that are no more."""
    strangers = [path for path in directory.glob("*/*.json") if not _is_ours(path)]
    if strangers:
        raise Failure(
            f"{strangers[0]} is none of our schemas, and would be removed",
            "name a directory of its own",
            code=ExitCode.UNSAFE,
        )
    changed = schema.export(directory)
    for path in changed:
        click.echo(f"{'written' if path.exists() else 'removed'}: {path}")
    click.echo(f"{len(changed)} files changed below {directory}", err=True)


@command.command()
@click.argument("directory", required=False, type=DIRECTORY, default=schema.SCHEMAS)
def check(directory: Path) -> None:
    """Say whether the schemas below DIRECTORY (default: those that come along) fit (exit code 6 if not)."""
    problems = schema.check(directory)
    if problems:
        raise Failure(
            f"{len(problems)} schemas do not fit",
            f"write them again: refundry schema export {directory}",
            code=ExitCode.VIOLATED,
            details=problems,
        )
    click.echo("all schemas fit")


def _is_ours(path: Path) -> bool:
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, ValueError, msgspec.DecodeError):
        return False
    return isinstance(found, dict) and str(found.get("$id", "")).startswith(OURS)
