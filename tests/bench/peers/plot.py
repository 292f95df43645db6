"""The plot beside the table: two bars for each system, events per CPU-second and per second by the clock."""

from pathlib import Path

from tests.bench.drawing import OURS, THEIRS, Panel, Row, drawing
from tests.bench.peers.figures import spread
from tests.bench.peers.page import named
from tests.bench.peers.results import Results
from tests.bench.peers.table import Table

FILE = Path(__file__).parents[1] / "peers.svg"


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
            rows.append(Row(named(one), spread(cpus), spread(walls), OURS if one.beside is None else THEIRS))
    title = "events per CPU-second (dark) and per second by the clock (light); line: lowest to highest"
    return drawing("events per CPU-second and per second, by system", [Panel(title, rows)])
