"""Which dead letters a command is about: read once, those that fit are kept."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from agents.desk import milliseconds
from app.cli.options import Moment
from app.cli.records import read_records
from app.letters.letter import Letter, NoLetterError
from app.runtime.topology import Message
from topics.catalogue import DEAD_LETTERS, INBOUND
from topics.dead_letters import DeadLetterCode

F = TypeVar("F", bound=Callable[..., Any])

SELECTION_OPTIONS = (
    click.option(
        "--code",
        "codes",
        multiple=True,
        type=click.Choice([code.value for code in DeadLetterCode]),
        help="Of this code alone, again for more.",
    ),
    click.option(
        "--topic", "topics", multiple=True, type=click.Choice(INBOUND), help="Of this topic alone, again for more."
    ),
    click.option("--since", type=Moment(), help="Of messages that came in at or after this time."),
    click.option("--merchant", metavar="ID", help="Of this merchant, as far as the message names one."),
)


def selection_options(command: F) -> F:
    """The options of a `Selection`."""
    for option in reversed(SELECTION_OPTIONS):
        command = option(command)
    return command


class Selection(NamedTuple):
    """Which letters are meant; without anything all of them."""

    codes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    since: datetime | None = None
    merchant: str | None = None

    @property
    def is_all(self) -> bool:
        """Whether every letter is meant."""
        return self == Selection()

    def holds(self, letter: Letter) -> bool:
        """Whether it is one of those."""
        if (self.codes and letter.code not in self.codes) or (self.topics and letter.topic not in self.topics):
            return False
        if self.since is not None and letter.timestamp < milliseconds(self.since):
            return False
        return self.merchant is None or letter.named("merchant_id") == self.merchant


def read_letters(selection: Selection, *, records: Sequence[str], config: Path | None) -> list[Letter]:
    """All letters that fit, in the order in which they were written; what is none is told of on standard error."""
    found, foreign = list[Letter](), 0

    def hear(message: Message) -> None:
        """Keeps a letter that fits, and counts what is none."""
        nonlocal foreign
        try:
            letter = Letter.read(message)
        except NoLetterError:
            foreign += 1
            return
        if selection.holds(letter):
            found.append(letter)

    read_records((DEAD_LETTERS,), hear, records=records, config=config)
    if foreign:
        click.echo(f"refundry: {foreign} records on {DEAD_LETTERS} are no dead letters of ours; passed over", err=True)
    return found
