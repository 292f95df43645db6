"""`refundry topics`: what Kafka has, against what this installation needs."""

from pathlib import Path

import click

from agents import Desk, assemble
from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of, wait_for_topics
from app.cli.noun import Noun
from app.cli.options import config_option, output_option, settings_of
from app.cli.showing import show_rows
from app.runtime import clients
from app.runtime.config import RuntimeConfig
from app.runtime.partition_counts import CURE
from app.runtime.topics_admin import Finding, Wanted, compared, wanted_topics
from app.runtime.topics_admin import create as create_topics

COLUMNS = ("topic", "verdict", "details")
_STOPS_A_WORKER = ("missing", "wrong")


@click.group(cls=Noun, short_help="Compare and create the topics on Kafka.")
def command() -> None:
    """Compare the topics on Kafka with what this installation needs, and create what is missing."""


@command.command(name="plan")
@config_option
@output_option
def plan_(config: Path | None, output: str) -> None:
    """Show what `create` would do, and what is wrong; changes nothing."""
    _show(_findings(config_of(settings_of(config)))[1], output)


@command.command()
@config_option
@output_option
def create(config: Path | None, output: str) -> None:
    """Create the topics that are missing. Where one is wrong, nothing is created (exit code 5)."""
    runtime = config_of(settings_of(config))
    wanted, findings = _findings(runtime)
    created = create_topics(clients.admin(runtime), wanted, findings, runtime)
    wait_for_topics(runtime, created)
    shown = [Finding(name, "ok", ("created",)) for name in created]
    _show(shown or [Finding(runtime.topic("*"), "ok", ("nothing was missing",))], output)


@command.command()
@config_option
@output_option
def check(config: Path | None, output: str) -> None:
    """Say whether a worker can run on the topics as they are (exit code 3 if not).

    Where the group committed with another number of partitions, its state would not be found: exit code 5.
    """
    _, findings = _findings(config_of(settings_of(config)))
    _show(findings, output)
    unsafe = [finding.topic for finding in findings if finding.verdict == "unsafe"]
    if unsafe:
        reason = f"the number of partitions was changed: {', '.join(unsafe)}"
        raise Failure(reason, CURE, code=ExitCode.UNSAFE)
    stops = [finding.topic for finding in findings if finding.verdict in _STOPS_A_WORKER]
    if stops:
        raise Failure(
            f"a worker would not start: {', '.join(stops)}",
            "`refundry topics create` makes what is missing; what is wrong must be altered or made anew",
            code=ExitCode.CONFIGURATION,
        )


def _findings(config: RuntimeConfig) -> tuple[list[Wanted], list[Finding]]:
    # which tables there are does not depend on the key
    wanted = wanted_topics(config, assemble(Desk(secret=b"")))
    return wanted, compared(clients.admin(config), wanted, config)


def _show(findings: list[Finding], output: str) -> None:
    rows = [
        {"topic": finding.topic, "verdict": finding.verdict, "details": list(finding.details)} for finding in findings
    ]
    show_rows(rows, COLUMNS, output)
