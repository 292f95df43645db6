"""The plot beside the table: two bars for each system, a line from its lowest to its highest figure. Plain SVG."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from tests.bench.peers.figures import Spread, spread
from tests.bench.peers.page import named
from tests.bench.peers.results import Results
from tests.bench.peers.table import Table

FILE = Path(__file__).parents[1] / "peers.svg"

_WIDTH, _LEFT, _RIGHT, _TOP = 1000, 420, 90, 56
_ROW, _BAR = 42, 14
_OURS, _THEIRS = ("#0b6e4f", "#86c5a4"), ("#3d5a80", "#a3bcd6")
_INK, _FAINT = "#222222", "#dddddd"


def write(results: Results, entered: Table) -> None:
    """Draws it."""
    FILE.write_text(drawn(results, entered))


def drawn(results: Results, entered: Table) -> str:
    """The drawing; systems without figures are left out of it."""
    rows = []
    for one in entered.contestants:
        cpus = [figure for figure in results.cpus(one.name) if figure is not None]
        walls = [figure for figure in results.walls(one.name) if figure is not None]
        if cpus and walls:
            rows.append((named(one), spread(cpus), spread(walls), _OURS if one.beside is None else _THEIRS))
    most = max((figures.high for _, *both, _ in rows for figures in both), default=1.0)
    height = _TOP + _ROW * len(rows) + 16
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    parts = [*_frame(height, most, scale)]
    for number, (name, cpu, wall, (dark, light)) in enumerate(rows):
        top = _TOP + _ROW * number
        parts.append(_text(_LEFT - 10, top + _BAR + 5, name, anchor="end"))
        parts += [*_bar(top, cpu, scale, dark), *_bar(top + _BAR + 2, wall, scale, light)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12" role="img" aria-label="events per CPU-second and per second, by system">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _frame(height: int, most: float, scale: float) -> Iterator[str]:
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    yield _text(_LEFT, 20, "events per CPU-second (dark) and per second by the clock (light); line: lowest to highest")
    step = next(each for each in (5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 10**9) if most / each <= 6)
    for mark in range(0, int(most) + 1, step):
        at = _LEFT + mark * scale
        yield f'<line x1="{at:.1f}" y1="{_TOP - 8}" x2="{at:.1f}" y2="{height - 12}" stroke="{_FAINT}"/>'
        yield _text(at, _TOP - 14, f"{mark:,}", anchor="middle")


def _bar(top: int, figures: Spread, scale: float, colour: str) -> Iterator[str]:
    middle, low, high = (_LEFT + figure * scale for figure in figures)
    line = top + _BAR / 2
    yield f'<rect x="{_LEFT}" y="{top}" width="{middle - _LEFT:.1f}" height="{_BAR}" fill="{colour}"/>'
    yield f'<line x1="{low:.1f}" y1="{line}" x2="{high:.1f}" y2="{line}" stroke="{_INK}" stroke-width="1.5"/>'
    yield _text(max(middle, high) + 6, top + _BAR - 3, f"{figures.middle:,.0f}")


def _text(left: float, base: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{left:.1f}" y="{base:.1f}" text-anchor="{anchor}" fill="{_INK}">{escape(text)}</text>'
