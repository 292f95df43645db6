"""`refundry dead-letters`: what was refused, why, and sending it again."""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from app.cli.dead_letters_redrive import redrive
from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of
from app.cli.letter_selection import Selection, read_letters, selection_options
from app.cli.noun import Noun
from app.cli.options import examples, output_option, settings_of
from app.cli.records import records_options
from app.cli.showing import console, line_of, show_json, table_of, visible
from app.letters.letter import CURES, Letter, chain_of
from app.letters.places import originals_of
from app.letters.redriving import is_of

COLUMNS = ("id", "came_in", "code", "path", "merchant_id", "type", "attempt", "message")


@click.group(cls=Noun, short_help="List, show and send again what was refused.")
def command() -> None:
    """List, show and send again what was refused.

    A dead letter is called by the place of the message that was refused, such as orders/3/1234: topic, partition and
    offset. Its headers name the same.
    """


command.add_command(redrive)


@command.command(
    "list",
    epilog=examples(
        "refundry dead-letters list --code invalid_field --since 2026-03-01T00:00:00Z",
        "refundry replay day.jsonl | refundry dead-letters list --records -",
    ),
)
@selection_options
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Show so many, the newest.")
@records_options
@output_option
def list_(*, limit: int, records: tuple[str, ...], config: Path | None, output: str, **wanted: Any) -> None:
    """List dead letters, the newest last, and count them by code and topic."""
    selection = Selection(**wanted)
    found = read_letters(selection, records=records, config=config)
    counts = Counter((letter.code, letter.topic) for letter in found)
    rows = [{"code": code, "topic": topic, "count": count} for (code, topic), count in counts.most_common()]
    shown = sorted(found, key=lambda one: (one.timestamp, one.topic, one.partition, one.offset))[-limit:]
    if output == "json":
        show_json({"count": len(found), "counts": rows, "letters": [letter.facts() for letter in shown]})
        return
    if not found:
        console().print("There are no dead letters here." if selection.is_all else "No dead letter fits.")
        return
    screen = console()
    screen.print(table_of(rows, ("code", "topic", "count"), title=f"{len(found)} dead letters"))
    newest = "" if len(shown) == len(found) else f"The newest {len(shown)}"
    screen.print(table_of([_row(letter) for letter in shown], COLUMNS, title=newest or None))
    if newest:
        click.echo(f"{len(found) - len(shown)} older ones are not shown; --limit shows more", err=True)


@command.command(epilog=examples("refundry dead-letters show orders/3/1234"))
@click.argument("letter_id", metavar="ID")
@records_options
@output_option
def show(*, letter_id: str, records: tuple[str, ...], config: Path | None, output: str) -> None:
    """Show all of the dead letter ID: why, what helps, where it came from, its attempts, and the message itself.

    Card numbers, e-mail addresses and security codes are masked in it. On Kafka it also says whether the message still
    lies where it came in.
    """
    found = read_letters(Selection(), records=records, config=config)
    of_it = [letter for letter in found if letter.id == letter_id]
    if not of_it:
        raise Failure(
            "there is no such dead letter here",
            "as `refundry dead-letters list` names it: topic/partition/offset of the message that was refused",
            code=ExitCode.USAGE,
        )
    letter = of_it[-1]
    original = "not looked for" if records else _original(letter, config)
    about = Shown(letter, chain_of(found, letter), original)
    if output == "json":
        show_json(about.document())
    else:
        _print(about)


class Shown(NamedTuple):
    """A letter with what was found about it. `original`: what is known of the message where it came in."""

    letter: Letter
    chain: Sequence[Letter]
    original: str

    def document(self) -> dict[str, Any]:
        """All of it, for programs. A value that is no UTF-8 is given in Base64 besides."""
        letter = self.letter
        return letter.facts() | {
            "what_helps": CURES[letter.code],
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "version": letter.version,
            "dead_letter": letter.position,
            "original": self.original,
            "attempts": [
                {"id": one.id, "attempt": one.attempt, "code": one.code, "came_in": one.facts()["came_in"]}
                for one in self.chain
            ],
            "key": None if letter.key is None else letter.key.decode(errors="replace"),
            "headers": {name: content.decode(errors="replace") for name, content in letter.headers},
            **_value_of(letter),
        }


def _value_of(letter: Letter) -> dict[str, Any]:
    if letter.value is None:
        return {"value": None}
    try:
        return {"value": letter.value.decode()}
    except UnicodeDecodeError:
        text = letter.value.decode(errors="replace")
        return {"value": text, "value_base64": b64encode(letter.value).decode()}


def _original(letter: Letter, config: Path | None) -> str:
    message = originals_of(config_of(settings_of(config)), [letter]).get(letter.id)
    if message is None:
        return "gone"
    return "there" if is_of(letter, message) else "another message is at its place"


def _print(about: Shown) -> None:
    screen, letter, said = console(), about.letter, about.document()
    screen.print(line_of(f"{letter.code}: {letter.message}", style="bold"))
    screen.print(line_of(said["what_helps"]))
    names = ("path", "merchant_id", "type", "event_id", "topic", "partition", "offset", "came_in", "key", "attempt")
    rows = [{"what": name, "is": said[name]} for name in (*names, "version", "dead_letter", "original")]
    rows += [{"what": f"header {name}", "is": value} for name, value in said["headers"].items()]
    screen.print(table_of([row for row in rows if row["is"] is not None], ("what", "is")))
    if len(about.chain) > 1:
        screen.print(table_of(said["attempts"], ("attempt", "id", "code", "came_in"), title="Its attempts"))
    notes = [word for word, holds in (("masked", letter.redacted), ("cut", letter.truncated)) if holds]
    screen.print(line_of(f"The message{', ' if notes else ''}{' and '.join(notes)}:", style="bold"))
    click.echo(visible(_pretty(letter)))


def _pretty(letter: Letter) -> str:
    if letter.value is None:
        return "(no body)"
    text = letter.value.decode(errors="backslashreplace")
    try:
        return msgspec.json.format(text, indent=2) if letter.body() else text
    except msgspec.DecodeError:
        return text


def _row(letter: Letter) -> dict[str, Any]:
    came_in = f"{letter.came_in:%Y-%m-%dT%H:%M:%SZ}" if letter.came_in else ""
    return letter.facts() | {"came_in": came_in}
