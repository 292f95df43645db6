"""`refundry doctor`: what is wrong with this installation, and what to do about it."""

from dataclasses import replace
from pathlib import Path

import click

from agents import Desk, assemble
from app.cli.failures import Failure
from app.cli.kafka import PATIENCE_S, config_of
from app.cli.options import config_option, output_option, settings_of
from app.cli.showing import show_rows
from app.doctor import Verdict, examine
from app.doctor.installation import Installation
from app.settings import Settings

COLUMNS = ("about", "verdict", "found", "cure")


@click.command(short_help="Find what is wrong with this installation, and say the cure.")
@config_option
@output_option
def command(config: Path | None, output: str) -> None:
    """Find what is wrong with this installation, and say the cure.

    Looks at settings, state directory, Redis, broker, topics, publishers, policies, offsets and transactions, and
    changes nothing. Where a transaction is open it watches for as long as one may live, some 20 seconds. The exit code
    is that of the first finding that is wrong (3 configuration, 4 unreachable or stuck, 5 unsafe), else 0.
    """
    findings = list(examine(installation_of(settings_of(config))))
    rows = [{"about": one.about, "verdict": str(one.verdict), "found": one.found, "cure": one.cure} for one in findings]
    show_rows(rows, COLUMNS, output)
    wrong = [one for one in findings if one.verdict is Verdict.WRONG]
    if wrong:
        things = "one thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
        raise Failure(f"{things} wrong: {wrong[0].about}: {wrong[0].found}", wrong[0].cure, code=wrong[0].code)


def installation_of(settings: Settings) -> Installation:
    """What is examined, with the patience of a command."""
    config = config_of(settings)
    limits = replace(config.limits, restore_stall=PATIENCE_S, transaction_timeout_ms=settings.transaction_timeout_ms)
    acts_from_given = settings.act_from is not None
    config = replace(config, store=settings.state_store, acts_from_given=acts_from_given, limits=limits)
    # which tables there are does not depend on the key
    return Installation(settings, config, assemble(Desk(secret=b"")))
