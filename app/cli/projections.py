"""`refundry projections`: the read side in Redis, followed and made anew."""

from pathlib import Path

import click
from redis import RedisError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app import projections
from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of, require_topics
from app.cli.noun import Noun
from app.cli.options import config_option, settings_of
from app.cli.showing import console
from app.readside.connecting import connect
from app.runtime.config import RuntimeConfig
from app.settings import Settings
from topics.catalogue import SNAPSHOTS


@click.group(cls=Noun, short_help="Keep the read side in Redis.")
def command() -> None:
    """Keep the read side: each case's newest snapshot in Redis, found by any of its numbers.

    It is a hint, never the truth: commands that cannot use it read Kafka.
    """


@command.command(short_help="Follow the snapshots into Redis: one process, beside the workers.")
@config_option
def run(config: Path | None) -> None:
    """Follow the snapshots into Redis, until SIGTERM.

    One process is enough; of several, one writes and the others stand by. Redis may come and go, and may be emptied:
    what is missing is filled again. Where Kafka is away for long it exits with 4, for its supervisor to start it again.
    """
    settings, runtime = _ready(config)
    projections.follow(settings, runtime)


@command.command(short_help="Empty what this installation has in Redis, and fill it again.")
@config_option
def rebuild(config: Path | None) -> None:
    """Empty what this installation has in Redis, and fill it from the snapshots on Kafka.

    Only keys of this installation are touched. Until it is complete, commands read Kafka.
    """
    settings, runtime = _ready(config)
    screen = console(err=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
            task = bar.add_task("filling the read side", total=None)
            projections.rebuild(settings, runtime, lambda done, all_: bar.update(task, completed=done, total=all_))
    except RedisError as error:
        raise Failure(
            f"Redis does not take the read side ({type(error).__name__}: {error})",
            "is it up, and has it room? What is half filled is not used, and filled by the next run",
            code=ExitCode.UNREACHABLE,
        ) from error
    console().print("The read side is complete.")


def _ready(config: Path | None) -> tuple[Settings, RuntimeConfig]:
    settings = settings_of(config)
    connect(settings).close()  # a URL that cannot be used is told before Kafka is asked for anything
    runtime = config_of(settings)
    require_topics(runtime, (SNAPSHOTS,))
    return settings, runtime
