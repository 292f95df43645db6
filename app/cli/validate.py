"""`refundry validate`: is this event valid and, if not, what is wrong."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click

from app.cli.events import Found, read_events
from app.cli.failures import ExitCode, Failure
from app.cli.options import FILE, output_option
from app.cli.showing import show_rows
from topics.catalogue import INBOUND
from topics.codec import Received, Unreadable, read
from topics.keys import key_of

VALID = "ok"
ROWS_MAX = 10_000
COLUMNS = ("place", "topic", "type", "verdict", "path", "message")


@click.command(short_help="Say of events whether they are valid and, if not, what is wrong.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("--topic", type=click.Choice(INBOUND), help="The topic of events that do not say it; default: by type.")
@click.option("--quiet", "-q", is_flag=True, help="Show only what is wrong.")
@output_option
def command(files: Sequence[str], topic: str | None, quiet: bool, output: str) -> None:
    """Say of every event in FILE... whether it would be accepted (exit code 6 if one would not).

    A file holds one JSON object, an array of them, or JSON lines; "-" is standard input. An event is the body alone, or
    the line of a replay: {"topic": …, "value": …}.
    """
    counts: Counter[bool] = Counter()
    rows: list[dict[str, Any]] = []
    for row in _judged(files, topic):
        valid = row["verdict"] == VALID
        counts[valid] += 1
        if len(rows) < ROWS_MAX and not (valid and quiet):
            rows.append(row)
    if rows or output == "json":
        show_rows(rows, COLUMNS, output)
    if counts.total() > ROWS_MAX and len(rows) == ROWS_MAX:
        click.echo(f"only the first {ROWS_MAX} are shown", err=True)
    if counts[False]:
        raise Failure(f"{counts[False]} of {counts.total()} events are not valid", code=ExitCode.VIOLATED)
    click.echo(f"{counts[True]} events, all valid", err=True)


def _judged(files: Sequence[str], topic: str | None) -> Iterator[dict[str, Any]]:
    for found in read_events(files, topic):
        row: dict[str, Any] = {"place": found.place, "topic": found.topic, "type": found.type}
        read_ = found.refusal or _read(found)
        if isinstance(read_, Unreadable):
            yield {**row, "verdict": read_.code, "path": read_.path, "message": read_.message}
        else:
            unknown = read_.unknown_fields
            message = f"{unknown} unknown {'field' if unknown == 1 else 'fields'} ignored" if unknown else None
            yield {**row, "verdict": VALID, "path": None, "message": message}


def _read(found: Found) -> Received | Unreadable:
    """Reads the event as the door would. A key is judged only where one is given, its time against no clock."""
    assert found.topic is not None, "an event without a topic was refused"
    key = found.key
    if key is None and isinstance(found.body, dict):
        right = key_of(found.topic, found.body)
        key = None if right is None else right.encode()
    return read(found.topic, key or b"", found.value, timestamp=-1, secret=b"")
