"""Answers of commands, on standard output: tables for people, JSON for programs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
import msgspec
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

WIDTH_WITHOUT_TERMINAL = 4000  # a file or a pipe has no edge: nothing is cut or wrapped

Rows = Sequence[Mapping[str, Any]]

# All controls but tab and line feed, and what turns the direction of writing.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def console(*, err: bool = False) -> Console:
    """A console that cuts nothing where it does not write to a terminal."""
    screen = Console(stderr=err, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = WIDTH_WITHOUT_TERMINAL
    return screen


class _Fitted:
    """A table; where the window is narrower than its longest words, row by row, so that no amount and no id is cut."""

    def __init__(self, rows: Rows, columns: Sequence[str], title: str | None) -> None:
        self._rows, self._columns, self._title = rows, columns, title

    def __rich_console__(self, screen: Console, options: ConsoleOptions) -> RenderResult:
        table, room = self._table(), options.max_width
        whole = Measurement.get(screen, options.update(max_width=WIDTH_WITHOUT_TERMINAL), table).maximum
        if whole > room:
            texts = [[_heading(column), *(_cell(row.get(column)) for row in self._rows)] for column in self._columns]
            most = [max(map(cell_len, cells)) for cells in texts]
            least = [max(cell_len(word) for cell in cells for word in cell.split() or [""]) for cells in texts]
            spare = room - (whole - sum(most)) - sum(least)
            if spare < 0:
                yield from self._paragraphs()
                return
            wished = sum(most) - sum(least)
            for column, few, many in zip(table.columns, least, most, strict=True):
                column.width = few + (many - few) * spare // wished
        yield table

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, title=self._title, title_justify="left", title_style="bold", pad_edge=False)
        for column in self._columns:
            numeric = all(isinstance(row.get(column), int | float | None) for row in self._rows) and bool(self._rows)
            table.add_column(_heading(column), justify="right" if numeric else "left", overflow="fold")
        for row in self._rows:
            table.add_row(*(Text(_cell(row.get(column))) for column in self._columns))
        return table

    def _paragraphs(self) -> RenderResult:
        if self._title is not None:
            yield Text(self._title, style="bold")
        yield from map(self._block, self._rows)

    def _block(self, row: Mapping[str, Any]) -> Table:
        """One row: what it has, line by line, and an empty line behind it."""
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(no_wrap=True)
        block.add_column(overflow="fold")
        for column in self._columns:
            if cell := _cell(row.get(column)):
                block.add_row(Text(_heading(column), style="bold"), Text(cell))
        block.add_row()
        return block


def table_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, title: str | None = None) -> RenderableType:
    """A table with these columns; a value that is missing is an empty cell, numbers stand on the right.

    In a window that is too narrow for it each row is a paragraph, with a line per value.
    """
    return _Fitted(list(rows), columns, title)


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


def visible(text: str) -> str:
    """The text with what a terminal would obey written out, such as an escape: what is shown comes from anybody."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def line_of(text: str, style: str = "") -> Text:
    """A line that is shown as it is, whatever it says: nothing in it is markup, nothing a command to the terminal."""
    return Text(visible(text), style=style)


def _heading(column: str) -> str:
    return column.replace("_", " ")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return visible(", ".join(map(str, value)))
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return visible(str(value))
