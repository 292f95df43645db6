"""Answers of commands, on standard output: tables for people, JSON for programs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

WIDTH_WITHOUT_TERMINAL = 4000  # a file or a pipe has no edge: nothing is cut or wrapped

Rows = Sequence[Mapping[str, Any]]


def console(*, err: bool = False) -> Console:
    """A console that cuts nothing where it does not write to a terminal."""
    screen = Console(stderr=err, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = WIDTH_WITHOUT_TERMINAL
    return screen


def table_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> Table:
    """A table with these columns; a value that is missing is an empty cell, numbers stand on the right."""
    rows = list(rows)
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row.get(column), int | float | None) for row in rows) and bool(rows)
        table.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    return table


def show_rows(rows: Rows, columns: Sequence[str], output: str) -> None:
    """The rows as a table, or all of their fields as a JSON list."""
    if output == "json":
        show_json(list(rows))
    else:
        console().print(table_of(rows, columns))


def show_json(value: Any) -> None:
    """The value as indented JSON."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


@contextmanager
def counted(what: str) -> Iterator[tuple[Callable[[int], Any], Callable[[int], Any]]]:
    """Tells on a terminal how far something is: functions for how much there is, and for how much more went by."""
    screen = console(err=True)
    if not screen.is_terminal:
        yield (lambda _: None), (lambda _: None)
        return
    with Progress(
        what, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=screen, transient=True
    ) as bar:
        task = bar.add_task(what, total=None)
        yield (lambda total: bar.update(task, total=total)), (lambda more: bar.advance(task, more))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
