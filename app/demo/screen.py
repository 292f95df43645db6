"""How a demo looks: a board that lives on a terminal, plain lines anywhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich import box
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from app.demo.scene import Scene
from app.demo.tally import LAST_MAX, STATES, Decided, Tally, shown
from topics.catalogue import NOTIFICATIONS, REFUND_INSTRUCTIONS

STYLES = {"approved": "green", "held": "yellow", "denied": "red", "withdrawn": "dim"}
LINES_EVERY_S = 2.0
FRAMES_PER_SECOND = 8
NARROW = 96
_AROUND, _AROUND_WHEN_NARROW = 9 + LAST_MAX, 11 + LAST_MAX


class Screen(Protocol):
    """Shows a scene as it changes."""

    def refresh(self, scene: Scene) -> None:
        """The scene as it is now."""
        ...

    def say(self, scene: Scene, text: str) -> None:
        """Something that happened, on a line of its own that stays."""
        ...


@contextmanager
def opened(console: Console) -> Iterator[Screen]:
    """The screen that fits the console; on a terminal the last board stays."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, refresh_per_second=FRAMES_PER_SECOND, vertical_overflow="crop") as live:
        yield _Board(console, live)


class _Board:
    def __init__(self, console: Console, live: Live) -> None:
        self._console, self._live = console, live

    def refresh(self, scene: Scene) -> None:
        self._live.update(board(scene, width=self._console.width, height=self._console.height))

    def say(self, scene: Scene, text: str) -> None:
        _print_line(self._console, scene, text)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console, self._told = console, 0.0

    def refresh(self, scene: Scene) -> None:
        if scene.seconds - self._told < LINES_EVERY_S:
            return
        self._told = scene.seconds
        requests = ", ".join(f"{state} {scene.tally.requests[state]:,}" for state in STATES)
        progress = f"{scene.sent:,} of {scene.events:,} events, {scene.rate:,.0f}/s, {scene.waiting:,} waiting"
        self.say(scene, f"{progress} · {requests} · dead letters {scene.tally.dead_letters.total():,}")

    def say(self, scene: Scene, text: str) -> None:
        _print_line(self._console, scene, text)


def _print_line(console: Console, scene: Scene, text: str) -> None:
    console.print(Text(f"{scene.seconds:5.1f} s  {text}"), no_wrap=True, overflow="ellipsis")


def board(scene: Scene, *, width: int, height: int) -> RenderableType:
    """Progress, decisions with their money, dead letters, and the last decisions in words."""
    narrow = width < NARROW
    rows = max(3, height - (_AROUND_WHEN_NARROW if narrow else _AROUND))
    decisions = decisions_table(scene.tally, currencies_max=rows)
    if narrow:
        middle: RenderableType = Group(decisions, _dead_letters_line(scene.tally))
    else:
        middle = Columns([decisions, dead_letters_table(scene.tally, rows_max=rows + 1)], padding=(0, 4))
    return Group(_progress(scene, width), _status(scene), Text(), middle, Text(), _last(scene))


def decisions_table(tally: Tally, *, currencies_max: int) -> Table:
    """Requests by their last decision, and the money of each state by currency."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("decisions")
    for state in STATES:
        table.add_column(state, justify="right", min_width=11, style=STYLES[state])
    table.add_row("requests", *(f"{tally.requests[state]:,}" for state in STATES), style="bold")
    for currency in tally.currencies[:currencies_max]:
        table.add_row(currency, *(_cell(tally, state, currency) for state in STATES))
    return table


def dead_letters_table(tally: Tally, *, rows_max: int) -> Table:
    """Dead letters by their code, the most frequent first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("dead letters", min_width=16)
    table.add_column(f"{tally.dead_letters.total():,}", justify="right")
    found = tally.dead_letters.most_common()
    shown_rows = found if len(found) <= rows_max else found[: rows_max - 1]
    for code, count in shown_rows:
        table.add_row(code, f"{count:,}")
    if rest := found[len(shown_rows) :]:
        table.add_row(f"and {len(rest)} more", f"{sum(count for _, count in rest):,}", style="dim")
    return table


def in_words(decided: Decided) -> Text:
    """One decision on one line."""
    style = STYLES.get(decided.state, "")
    return Text.assemble(
        (f"{decided.merchant_id} {decided.order_id}  ", "dim"),
        (f"{decided.state} {decided.amount}".strip(), style),
        f"  {decided.why}",
    )


def _cell(tally: Tally, state: str, currency: str) -> str:
    minor = tally.money_minor[state, currency]
    return shown(minor, currency) if minor else "·"


def _progress(scene: Scene, width: int) -> RenderableType:
    told = f"{scene.sent:,} of {scene.events:,} events"
    shop = f"{scene.shop_time} in the shop" if scene.shop_time else ""
    numbers = f"{scene.rate:,.0f} messages/s   {scene.waiting:,} waiting"
    line = Table.grid(padding=(0, 2))
    bar = [ProgressBar(total=scene.events, completed=scene.sent, width=min(40, width - 80))] if width >= NARROW else []
    line.add_row(*bar, Text(told, style="bold"), Text(shop), Text(numbers))
    return line


def _dead_letters_line(tally: Tally) -> Text:
    codes = ", ".join(f"{code} {count:,}" for code, count in tally.dead_letters.most_common())
    return _cut(f"dead letters {tally.dead_letters.total():,}" + (f": {codes}" if codes else ""))


def _status(scene: Scene) -> Text:
    killed = f", killed {scene.kills} of {scene.strikes} times" if scene.strikes else ""
    said = scene.tally.said
    counts = f"{said[REFUND_INSTRUCTIONS]:,} instructions · {said[NOTIFICATIONS]:,} notifications"
    text = f"{scene.where} · worker {scene.worker}{killed} · {counts} · {scene.metrics_url}"
    return Text(text, style="dim")


def _last(scene: Scene) -> RenderableType:
    lines = [in_words(decided) for decided in scene.tally.last]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    head = Text("last decisions" if lines else "no decision yet: the worker starts and joins its group", style="bold")
    return Group(head, *lines, *(Text() for _ in range(LAST_MAX - len(lines))))


def _cut(text: str) -> Text:
    """A line that is cut where the screen ends."""
    return Text(text, no_wrap=True, overflow="ellipsis")
