"""`refundry policy test`: the scenarios beside policies, and which rules none of them meets."""

from pathlib import Path
from typing import Any

import click
import msgspec

from app.backtest.scenario_files import FOLDER, read_scenarios
from app.backtest.scenarios import counted, coverage, try_scenarios
from app.cli.failures import ExitCode, Failure
from app.cli.options import DIRECTORY, config_option, output_option, settings_of
from app.cli.showing import show_json, show_rows
from app.policies import read_directory

COVERAGE = ("policy", "version", "rule", "met", "not_judged")


@click.command("test")
@click.argument("directory", required=False, type=DIRECTORY)
@config_option
@output_option
def test(directory: Path | None, config: Path | None, output: str) -> None:
    """Try the scenarios in DIRECTORY/scenarios on the policies in DIRECTORY (default: POLICY_DIR).

    Each scenario is a YAML file: events in, expected decisions out. What comes out otherwise is told with its line, and
    the exit code is 6. Rules that were never met in any scenario are told too.
    """
    folder = directory or settings_of(config).policy_dir
    if folder is None:
        raise click.UsageError("expected DIRECTORY, or the setting POLICY_DIR")
    policies = read_directory(folder, compiler=counted)
    results = try_scenarios(read_scenarios(folder), policies)
    if not results:
        raise Failure("there are no scenarios", f"write YAML files into {folder / FOLDER}", code=ExitCode.USAGE)
    rules = coverage(policies)
    failed = [result for result in results if result.problems]
    if output == "json":
        show_json({"scenarios": [_result(result) for result in results], "rules": rules})
    else:
        show_rows([_result(result) for result in results], ("scenario", "as_expected", "file"), output)
        if rules:
            show_rows([msgspec.structs.asdict(rule) for rule in rules], COVERAGE, output)
        for rule in rules:
            if not rule.met:
                click.echo(f"{rule.policy}@{rule.version}: the rule {rule.rule} was met in no scenario", err=True)
    if failed:
        raise Failure(
            f"{len(failed)} of {len(results)} scenarios came out otherwise",
            "put the policy or the expectation right",
            code=ExitCode.VIOLATED,
            details=[str(problem) for result in failed for problem in result.problems],
        )


def _result(result: Any) -> dict[str, Any]:
    return {
        "scenario": result.scenario,
        "as_expected": "no" if result.problems else "yes",
        "file": result.file,
        "problems": [str(problem) for problem in result.problems],
    }
