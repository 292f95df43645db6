"""Bars of figures as plain SVG: panels below each other, two bars for each row, a line from the lowest to the highest."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from tests.bench.peers.figures import Spread

OURS, THEIRS = ("#0b6e4f", "#86c5a4"), ("#3d5a80", "#a3bcd6")
"""Dark and light: the first bar of a row and the second."""

_WIDTH, _LEFT, _RIGHT, _TOP, _BELOW = 1000, 420, 90, 56, 16
_ROW, _BAR = 42, 14
_INK, _FAINT = "#222222", "#dddddd"
_MARKS_MAX = 6


class Row(NamedTuple):
    """A name, and the figures of its two bars in the colours of `pair`."""

    name: str
    first: Spread
    second: Spread
    pair: tuple[str, str] = OURS


class Panel(NamedTuple):
    """Rows on one scale, with a line above that says what the bars are."""

    title: str
    rows: Sequence[Row]


def drawing(label: str, panels: Sequence[Panel]) -> str:
    """The drawing; `label` is for those who cannot see it."""
    parts: list[str] = []
    height = 0
    for panel in panels:
        parts += _panel(panel, height)
        height += _height(panel)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(label)}">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _panel(panel: Panel, above: int) -> Iterator[str]:
    most = max((figures.high for row in panel.rows for figures in (row.first, row.second)), default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    yield _text(_LEFT, above + 20, panel.title)
    step = next(each for each in _steps() if most / each <= _MARKS_MAX)
    top, bottom = above + _TOP, above + _height(panel) - 12
    for number in range(int(most / step) + 1):
        at = _LEFT + number * step * scale
        yield f'<line x1="{at:.1f}" y1="{top - 8}" x2="{at:.1f}" y2="{bottom}" stroke="{_FAINT}"/>'
        yield _text(at, top - 14, f"{number * step:,.10g}", anchor="middle")
    for row in panel.rows:
        yield _text(_LEFT - 10, top + _BAR + 5, row.name, anchor="end")
        yield from _bar(top, row.first, scale, row.pair[0])
        yield from _bar(top + _BAR + 2, row.second, scale, row.pair[1])
        top += _ROW


def _height(panel: Panel) -> int:
    return _TOP + _ROW * len(panel.rows) + _BELOW


def _steps() -> Iterator[float]:
    unit = 1.0
    while True:
        yield from (unit, 2.5 * unit, 5 * unit)
        unit *= 10


def _bar(top: int, figures: Spread, scale: float, colour: str) -> Iterator[str]:
    middle, low, high = (_LEFT + figure * scale for figure in figures)
    line = top + _BAR / 2
    yield f'<rect x="{_LEFT}" y="{top}" width="{middle - _LEFT:.1f}" height="{_BAR}" fill="{colour}"/>'
    yield f'<line x1="{low:.1f}" y1="{line}" x2="{high:.1f}" y2="{line}" stroke="{_INK}" stroke-width="1.5"/>'
    yield _text(max(middle, high) + 6, top + _BAR - 3, f"{figures.middle:,.0f}")


def _text(left: float, base: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{left:.1f}" y="{base:.1f}" text-anchor="{anchor}" fill="{_INK}">{escape(text)}</text>'
