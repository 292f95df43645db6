"""Where commands find a case: in the installation, in what a replay wrote, or in a replay that they run first."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.cases import Search, search_files, search_installation, written
from app.cli.options import DIRECTORY, FILE, Moment, config_option, output_option, settings_of
from app.cli.replay import progress_of, tell
from app.replay import Summary, desk_of_a_replay, replay_files

F = TypeVar("F", bound=Callable[..., Any])

SOURCE_OPTIONS = (
    click.option("--merchant", metavar="ID", help="The merchant, where several have one of this id."),
    click.option("--snapshots", multiple=True, type=FILE, help="Look into what a replay wrote, again for more files."),
    click.option("--replay", multiple=True, type=FILE, help="Replay these messages first, again for more files."),
    click.option("--policies", type=DIRECTORY, help="With --replay: directory of policies."),
    click.option("--fx", type=FILE, help="With --replay: exchange rates."),
    click.option("--until", type=Moment(), help="With --replay: move the clock on to this time at the end."),
    config_option,
    output_option,
)


def source_options(command: F) -> F:
    """The options that say where to look, and `--output`."""
    for option in reversed(SOURCE_OPTIONS):
        command = option(command)
    return command


def look(
    search: Search,
    *,
    snapshots: tuple[str, ...],
    replay: tuple[str, ...],
    policies: Path | None,
    fx: str | None,
    until: datetime | None,
    config: Path | None,
) -> None:
    """Hands the search everything that is said there. UsageError where the options contradict each other."""
    if snapshots and replay:
        raise click.UsageError("expected --snapshots or --replay, not both")
    if not replay and (policies or fx or until):
        raise click.UsageError("--policies, --fx and --until belong to --replay")
    if snapshots:
        search_files(snapshots, search)
    elif replay:
        desk = desk_of_a_replay(settings_of(config), policies=policies, fx=fx)
        with progress_of(replay) as progress:
            replay_files(
                replay,
                desk,
                lambda output: search.take(written(output)),
                until=until,
                summary=Summary(),
                on_no_line=tell(),
                progress=progress,
            )
    else:
        search_installation(settings_of(config), search)
