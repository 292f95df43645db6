"""`refundry dead-letters redrive`: refused messages, sent again to where they came from."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import click

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of
from app.cli.letter_selection import Selection, read_letters, selection_options
from app.cli.options import config_option, examples, output_option, settings_of
from app.cli.showing import console, counted, show_json, table_of
from app.letters.letter import Letter
from app.letters.places import originals_of, partitions_of, repeats_of
from app.letters.redriving import ATTEMPTS_MAX, Redrive, Surroundings, Verdict, plan
from app.letters.sending import Sender

COLUMNS = ("id", "code", "verdict", "why", "bytes_of", "partition", "attempt")


@click.command(
    short_help="Send refused messages again to the topics they came from.",
    epilog=examples(
        "refundry dead-letters redrive orders/3/1234",
        "refundry dead-letters redrive --code handler_failed --since 2026-03-01T00:00:00Z --yes",
    ),
)
@click.argument("letter_ids", nargs=-1, metavar="[ID]...")
@selection_options
@click.option("--yes", is_flag=True, help="Send. Without it nothing is sent: it is shown what would be.")
@click.option(
    "--attempts-max",
    type=click.IntRange(1),
    default=ATTEMPTS_MAX,
    show_default=True,
    help="Leave alone what was refused so often already.",
)
@config_option
@output_option
def redrive(
    *, letter_ids: tuple[str, ...], yes: bool, attempts_max: int, config: Path | None, output: str, **wanted: Any
) -> None:
    """Send the dead letters ID..., or those that fit the options, again to the topics they came from.

    For when their cause is gone: a version that knows the type is installed, the publisher's partitioner is set right,
    what they contradicted was mended. Nothing is sent without --yes. What goes is the message as it came in, while its
    topic still has it. Without it a letter in which something is masked cannot go (exit code 5), nor can one that this
    version would refuse again. A letter goes once: its repetition bears a mark, which is looked for first.
    """
    selection = Selection(**wanted)
    if not letter_ids and selection.is_all:
        raise click.UsageError("expected IDs, or which ones: --code, --topic, --since, --merchant")
    letters = _chosen(letter_ids, selection, config)
    settings = settings_of(config)
    runtime, by_murmur2 = config_of(settings), settings.inbound_partitioner == "murmur2"
    with ExitStack() as stack:
        # from here on nobody else sends, so what is looked for next is complete
        sender = stack.enter_context(closing(Sender(runtime))) if yes and letters else None
        with counted("looking for what was sent already") as (total, advance):
            repeats = repeats_of(runtime, letters, by_murmur2=by_murmur2, began=total, read=advance)
        found = Surroundings(
            originals=originals_of(runtime, letters),
            repeats=repeats,
            partitions=partitions_of(runtime, [letter.topic for letter in letters]),
            by_murmur2=by_murmur2,
            now=int(time.time() * 1000),
            attempts_max=attempts_max,
        )
        judged = plan(letters, found)
        if sender is not None:
            judged = _send(sender, judged)
    _show(judged, output, sent=yes)
    refused = sum(one.verdict is Verdict.REFUSED for one in judged)
    if refused:
        raise Failure(
            f"{refused} of {len(judged)} dead letters cannot be sent again",
            "why is said of each; what is mended is published as an event of its own",
            code=ExitCode.UNSAFE,
        )


def _chosen(letter_ids: Sequence[str], selection: Selection, config: Path | None) -> list[Letter]:
    found = read_letters(selection, records=(), config=config)
    if not letter_ids:
        return found
    chosen = [letter for letter in found if letter.id in letter_ids]
    if missing := sorted(set(letter_ids) - {letter.id for letter in chosen}):
        raise Failure(
            f"there is no dead letter {', '.join(missing)} here",
            "as `refundry dead-letters list` names it",
            code=ExitCode.USAGE,
        )
    return chosen


def _send(sender: Sender, judged: Sequence[Redrive]) -> list[Redrive]:
    with counted("sent") as (total, advance):
        outputs = [one.output for one in judged if one.output is not None]
        total(len(outputs))
        for more in sender.send(outputs):
            advance(more)
    return [one._replace(verdict=Verdict.SENT) if one.output is not None else one for one in judged]


def _show(judged: Sequence[Redrive], output: str, *, sent: bool) -> None:
    rows = [_row(one) for one in judged]
    if output == "json":
        show_json({"sent": sum(one.verdict is Verdict.SENT for one in judged), "letters": rows})
        return
    if not rows:
        console().print("No dead letter fits.")
        return
    console().print(table_of(rows, COLUMNS))
    ready = sum(one.verdict is Verdict.READY for one in judged)
    if not sent and ready:
        click.echo(f"nothing was sent; with --yes {ready} would be", err=True)


def _row(one: Redrive) -> dict[str, Any]:
    return {
        "id": one.letter.id,
        "code": one.letter.code,
        "verdict": one.verdict.value,
        "why": one.why,
        "bytes_of": one.source,
        "topic": one.letter.topic,
        "partition": one.output.partition if one.output else None,
        "attempt": one.letter.attempt,
    }
