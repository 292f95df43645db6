"""`refundry audit`: is the record complete and unaltered?"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from agents import Desk
from app.audit.of_a_replay import verify_replay
from app.audit.of_an_installation import Audit
from app.audit.retelling import Rate
from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of, read_whole, require_topics
from app.cli.noun import Noun
from app.cli.options import DIRECTORY, FILE, Moment, config_option, examples, output_option, settings_of
from app.cli.records import read_topics
from app.cli.replay import progress_of, tell
from app.cli.showing import console, counted, line_of, show_json, table_of
from app.desk import global_topics
from app.replay import desk_of_a_replay
from app.runtime.config import RuntimeConfig
from app.runtime.topology import Message
from app.settings import Settings
from topics.catalogue import FX_RATES, JOURNAL, OUTBOUND, POLICIES
from topics.codec import Received, read

COLUMNS = ("kind", "topic", "record", "place", "what")
SHOWN_MAX = 100


@click.group(cls=Noun, short_help="Prove that the record is complete and unaltered.")
def command() -> None:
    """Prove that the record is complete and unaltered."""


@command.command(
    epilog=examples(
        "refundry audit verify",
        "refundry audit verify --in day.jsonl --out day.out.jsonl --policies policies/",
    )
)
@click.option("--in", "inputs", multiple=True, type=FILE, help="What a replay was given, again for more files.")
@click.option("--out", "outputs", multiple=True, type=FILE, help="What it wrote, again for more files.")
@click.option("--policies", type=DIRECTORY, help="With --in: the directory of policies that it was given.")
@click.option("--fx", type=FILE, help="With --in: the exchange rates that it was given.")
@click.option("--until", type=Moment(), help="With --in: the time until which it moved the clock on.")
@config_option
@output_option
def verify(
    *,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    policies: Path | None,
    fx: str | None,
    until: datetime | None,
    config: Path | None,
    output: str,
) -> None:
    """Tell the journal again, and hold everything that was published against what it leads to, byte for byte.

    Every decision, instruction, alert, notification, entry of the ledger and snapshot has to be there, once, unaltered,
    in its order, and led to by the journal; ids have to follow from what they stand for, revisions to count up, and the
    ledger to come to what the snapshots say. Each difference is named: exit code 6.

    On Kafka, with the published policies and rates, while workers go on; with the version and the settings of the
    workers (ACT_FROM, CASE_RETENTION_DAYS), for another version may decide otherwise. Else, with --in and --out, a
    replay: then all that it wrote, dead letters too.
    """
    if bool(inputs) != bool(outputs):
        raise click.UsageError("expected --in and --out together")
    if not inputs and (policies or fx or until):
        raise click.UsageError("--policies, --fx and --until belong to --in")
    settings = settings_of(config)
    if inputs:
        with progress_of((*outputs, *inputs)) as progress:
            desk = desk_of_a_replay(settings, policies=policies, fx=fx)
            found = verify_replay(inputs, outputs, desk, until=until, on_no_line=tell(), progress=progress)
    else:
        found = _of_installation(settings)
    if output == "json":
        show_json(found)
    else:
        _print(found)
    if not found["holds"]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in found["counts"].items())
        raise Failure(f"the record is not as it must be: {kinds}", "each is named", code=ExitCode.VIOLATED)


def _of_installation(settings: Settings) -> dict[str, Any]:
    runtime = config_of(settings)
    require_topics(runtime, (JOURNAL, POLICIES, FX_RATES, *OUTBOUND))
    desk = Desk(b"", act_from=settings.act_from, retention_days=settings.case_retention_days)
    read_whole(runtime, {POLICIES: global_topics(desk)[POLICIES]})
    audit = Audit(runtime, desk, _rates(runtime))
    with _steps() as (began, went):
        return audit.run(began=began, went=went)


def _rates(runtime: RuntimeConfig) -> list[Rate]:
    """The published rates, each with the time at which workers could know it."""
    rates = list[Rate]()

    def hear(message: Message) -> None:
        received = read(FX_RATES, message.key, message.value, timestamp=0, secret=b"")
        if isinstance(received, Received):
            said = received.event
            rates.append(Rate(message.timestamp, said.base, said.quote, said.as_of, said.rate))

    read_topics(runtime, (FX_RATES,), hear)
    return sorted(rates, key=lambda rate: rate.published)


@contextmanager
def _steps() -> Iterator[tuple[Any, Any]]:
    """Tells how far it is: topics are read first, then the journal, of which it is said how much there is only then."""
    whole = 0
    with counted("verified") as (total, advance):

        def began(more: int) -> None:
            nonlocal whole
            whole += more
            total(whole)

        yield began, advance


def _print(found: dict[str, Any]) -> None:
    screen = console()
    rows = [{"topic": topic, "records": count} for topic, count in found["records"].items()]
    if rows:
        screen.print(table_of(rows, ("topic", "records"), title="What was published"))
    if found["differences"]:
        shown = found["differences"][:SHOWN_MAX]
        screen.print(table_of([{name: getattr(one, name) for name in COLUMNS} for one in shown], COLUMNS))
        if len(found["differences"]) > SHOWN_MAX:
            click.echo(f"the first {SHOWN_MAX} are shown; --output json has more", err=True)
    for why, count in found.get("not_judged", {}).items():
        screen.print(line_of(f"not judged: {count} {why}"))
    if "journal_records" in found:
        told = f"{found['journal_records']} records of the journal, {found['cases']} cases"
    else:
        told = f"{found['input_lines']} lines"
    if found["holds"]:
        screen.print(line_of(f"{told}: the record is complete and unaltered", style="bold"))
