"""The plot beside the tables: cost of an event and memory at each number of open cases."""

from pathlib import Path

from tests.bench.drawing import Panel, Row, drawing
from tests.bench.peers.figures import Spread, spread
from tests.bench.scale.results import Results

FILE = Path(__file__).parents[1] / "scale.svg"


def write(results: Results) -> None:
    """Draws it."""
    FILE.write_text(drawn(results))


def drawn(results: Results) -> str:
    """The drawing."""
    costs = [
        Row(f"{one.cases:,} open cases", spread(results.per_event(one)), Spread(*[one.to_open] * 3))
        for one in results.milestones
    ]
    memory = [
        Row(f"{one.cases:,} open cases", Spread(*[one.sizes.resident_mib] * 3), Spread(*[one.sizes.state_mib] * 3))
        for one in results.milestones
    ]
    return drawing(
        "CPU time per event and memory, by open cases",
        [
            Panel(
                "CPU µs per event: on a case drawn at random (dark; line: lowest to highest), opening one (light)",
                costs,
            ),
            Panel("MiB of the worker: resident (dark), state on disk (light)", memory),
        ],
    )
