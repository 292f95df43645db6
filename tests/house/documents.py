"""The generated parts of the documents: tables of topics, settings, metrics, commands and lives, made from the code.

Each stands between two marks in its document. `python -m tests.house.documents --write` writes them again; the test
beside this file compares.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

import app.cli
from app import metrics
from app.domain.disputes.transitions import FAMILIES, NEW
from app.domain.refunds import lifecycle
from app.settings import defaults
from tests.house.tree import ROOT
from topics.catalogue import TOPICS


@dataclass(frozen=True)
class Section:
    """One generated part: where it stands, what makes it, and by which command. Only what `make docs` writes is compared."""

    name: str
    document: str
    make: Callable[[], str]
    by: str = "make docs"

    @property
    def begin(self) -> str:
        return f"<!-- {self.name}: written by `{self.by}` -->\n"

    @property
    def end(self) -> str:
        return f"<!-- end of {self.name} -->\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def topics() -> str:
    """Every topic of the catalogue."""
    direction = {"in": "in", "internal": "internal", "out": "out"}
    return table(
        ("topic", "key", "direction", "clean-up", "kept", "written by", "read by"),
        (
            (
                f"`{topic.name}`",
                topic.key if " " in topic.key else f"`{topic.key}`",
                direction[topic.direction],
                topic.cleanup,
                f"{topic.days} days" if topic.days else "for good",
                topic.writes,
                topic.reads,
            )
            for topic in TOPICS
        ),
    )


def settings() -> str:
    """Every setting with its default."""
    return table(
        ("variable", "default", "what it does"),
        ((f"`{row.name}`", f"`{row.value}`" if row.value else "", row.description) for row in defaults()),
    )


def metric_names() -> str:
    """Every metric of the worker."""
    return table(
        ("metric", "kind", "labels", "what it counts"),
        (
            (f"`{metric.name}`", metric.kind, ", ".join(f"`{label}`" for label in metric.labels), metric.help)
            for metric in metrics.CATALOGUE
        ),
    )


def command_group() -> click.Group:
    """The group behind the console script."""
    return next(value for value in vars(app.cli).values() if isinstance(value, click.Group))


def command_paths(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield (*above, name), command
            yield from command_paths(command, (*above, name))
        else:
            yield (*above, name), command


def commands() -> str:
    """Every command, with its arguments and the first sentence of its help."""
    rows = []
    for words, command in command_paths(command_group()):
        context = click.Context(command)
        arguments = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
        rows.append((f"`{' '.join(('refundry', *words, *arguments))}`", command.get_short_help_str(limit=200)))
    return table(("command", "does"), rows)


def life_of_a_refund() -> str:
    """The transition table of a refund, as a diagram."""
    first = next(iter(lifecycle.TRANSITIONS))
    return diagram(lifecycle.TRANSITIONS, [f"    [*] --> {first}"])


def diagram(table: Mapping[str, Mapping[str, str]], beginning: Sequence[str] = ()) -> str:
    """A transition table, drawn; `new` is where the drawing begins."""
    moves: dict[tuple[str, str], list[str]] = {}
    for state, row in table.items():
        for event, after in row.items():
            moves.setdefault((state, after), []).append(event)
    lines = [
        f"    {'[*]' if state == NEW else state} --> {after} : {' or '.join(events)}"
        for (state, after), events in moves.items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *beginning, *lines, "```", ""])


def lives_of_disputes() -> str:
    """The transition tables of disputes, as diagrams."""
    return "\n".join(f"### {name}\n\n{diagram(table)}" for name, table in FAMILIES.items())


SECTIONS = (
    Section("topics", "README.md", topics),
    Section("commands", "README.md", commands),
    Section("settings", "README.md", settings),
    Section("metrics", "deploy/README.md", metric_names),
    Section("the life of a refund", "app/README.md", life_of_a_refund),
    Section("the lives of disputes", "app/domain/disputes/README.md", lives_of_disputes),
)


def standing(section: Section) -> str | None:
    """What the document says between the marks, None where they are missing."""
    text = (ROOT / section.document).read_text()
    match = re.search(re.escape(section.begin) + "(.*?)" + re.escape(section.end), text, re.DOTALL)
    return match[1] if match else None


def write(section: Section) -> None:
    """Writes what the code says between the marks."""
    path: Path = ROOT / section.document
    before, _, rest = path.read_text().partition(section.begin)
    _, _, after = rest.partition(section.end)
    path.write_text(before + section.begin + section.make() + section.end + after)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.house.documents --write")
    for each in SECTIONS:
        write(each)
