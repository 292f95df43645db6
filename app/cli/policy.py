"""`refundry policy`: are these policies right, and make them speak."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of, read_whole, write
from app.cli.noun import Noun
from app.cli.options import DIRECTORY, config_option, output_option, settings_of
from app.cli.policy_backtest import backtest
from app.cli.policy_trials import test
from app.cli.showing import show_rows
from app.domain.policy import Policy
from app.policies import Written, plan, read_directory, read_record
from app.settings import Settings
from topics.catalogue import POLICIES

COLUMNS = ("policy", "version", "effective_from", "merchants", "digest", "file")


@click.group(cls=Noun, short_help="Check, try and publish policies.")
def command() -> None:
    """Check a directory of policies, try it, and publish it. One YAML file holds one version of one policy."""


command.add_command(test)
command.add_command(backtest)


@command.command()
@click.argument("directory", required=False, type=DIRECTORY)
@config_option
@output_option
def check(directory: Path | None, config: Path | None, output: str) -> None:
    """Say of every policy in DIRECTORY (default: POLICY_DIR) whether it can be used (exit code 3 if not)."""
    written = read_directory(_directory(directory, settings_of(config)))
    show_rows([_row(one.policy, file=one.source.name) for one in written], COLUMNS, output)


@command.command()
@click.argument("directory", required=False, type=DIRECTORY)
@click.option("--dry-run", is_flag=True, help="Show what would be published, and publish nothing.")
@config_option
@output_option
def publish(directory: Path | None, dry_run: bool, config: Path | None, output: str) -> None:
    """Publish the policies in DIRECTORY (default: POLICY_DIR) to all workers.

    A published version never changes, and a new version of a policy starts at least an hour ahead: otherwise nothing is
    published (exit code 5). What is published already is passed over.
    """
    settings = settings_of(config)
    wanted = read_directory(_directory(directory, settings))
    runtime = config_of(settings)
    published: list[Policy] = []
    read_whole(runtime, {POLICIES: lambda key, body: published.append(read_record(key, body))})
    planned = plan(published, wanted, now=datetime.now(UTC))
    if planned.refusals:
        raise Failure(
            f"nothing was published: {len(planned.refusals)} refused",
            "a published version never changes; a new one starts an hour ahead",
            code=ExitCode.UNSAFE,
            details=[str(problem) for problem in planned.refusals],
        )
    if not dry_run:
        write(runtime, POLICIES, [(one.key, one.body) for one in planned.publications])
    done = "would be published" if dry_run else "published"
    rows = [_row(one.policy, status=done, file=_file(one.policy, wanted)) for one in planned.publications]
    rows += [_row(policy, status="unchanged", file=_file(policy, wanted)) for policy in planned.unchanged]
    show_rows(rows, ("status", *COLUMNS), output)


def _directory(given: Path | None, settings: Settings) -> Path:
    directory = given or settings.policy_dir
    if directory is None:
        raise click.UsageError("expected DIRECTORY, or the setting POLICY_DIR")
    return directory


def _file(policy: Policy, written: list[Written]) -> str:
    return next(
        one.source.name for one in written if (one.policy.id, one.policy.version) == (policy.id, policy.version)
    )


def _row(policy: Policy, **more: str) -> dict[str, Any]:
    return {
        "policy": policy.id,
        "version": policy.version,
        "effective_from": f"{policy.effective_from:%Y-%m-%dT%H:%M:%SZ}",
        "merchants": list(policy.merchants),
        "digest": policy.digest,
        **more,
    }
