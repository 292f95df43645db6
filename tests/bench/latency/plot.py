"""The plot beside the table: for each setting which share of all requests was decided within which time. Plain SVG."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from tests.bench.latency.page import Results, Row

FILE = Path(__file__).parents[1] / "latency.svg"

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BASE = 760, 320, 60, 20, 30, 280
_COLOURS = ("#3d5a80", "#86a5c4", "#0b6e4f", "#c1666b", "#c98a1b")
_INK, _FAINT = "#222222", "#dddddd"
_POINTS = 200


def drawn(results: Results) -> str:
    """The drawing. Its time goes up to what one request in a thousand exceeded."""
    most = max(row.wait(0.999) for row in results.rows)
    parts = [*_frame(most)]
    for number, row in enumerate(results.rows):
        colour = _COLOURS[number % len(_COLOURS)]
        parts += [_line(row, most, colour), _text(_WIDTH - 480, _BASE - 98 + 18 * number, _named(row), colour)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="12" role="img" aria-label="waits for a decision, by setting">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _frame(most: float) -> Iterator[str]:
    yield f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    yield _text(_LEFT, 18, "share of requests that are decided within so many milliseconds")
    step = next(each for each in (10, 25, 50, 100, 250, 500, 10**9) if 1000 * most / each <= 10)
    for mark in range(0, int(1000 * most) + 1, step):
        at = _across(mark / 1000, most)
        yield f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{_BASE}" stroke="{_FAINT}"/>'
        yield _text(at - 8, _BASE + 18, f"{mark:,}")
    for share in (0.0, 0.5, 0.99):
        yield f'<line x1="{_LEFT}" y1="{_up(share):.1f}" x2="{_WIDTH - _RIGHT}" y2="{_up(share):.1f}" stroke="{_FAINT}"/>'
        yield _text(20, _up(share) + 4, f"{share:.0%}")


def _line(row: Row, most: float, colour: str) -> str:
    shares = [number / _POINTS * 0.999 for number in range(_POINTS + 1)]
    points = " ".join(f"{_across(row.wait(share), most):.1f},{_up(share):.1f}" for share in shares)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _named(row: Row) -> str:
    return f"{row.name.replace('`', '')}: {row.runs[0].rate:,.0f} events/s"


def _across(seconds: float, most: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / most


def _up(share: float) -> float:
    return _BASE - (_BASE - _TOP) * share


def _text(left: float, base: float, text: str, colour: str = _INK) -> str:
    return f'<text x="{left:.1f}" y="{base:.1f}" fill="{colour}">{escape(text)}</text>'
