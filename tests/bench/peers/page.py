"""The page's part about the peers. Every number in it is of the run that wrote it, but for the goals."""

from collections.abc import Sequence

from tests.bench.peers.figures import Spread, ratios, spread
from tests.bench.peers.results import Results
from tests.bench.peers.table import Contestant, Goal, Table
from tests.house.documents import Section, table
from tests.house.documents import write as put

DOCUMENT = "tests/bench/README.md"


def write(results: Results, entered: Table) -> None:
    """Puts the part in its place on the page."""
    put(Section("the peers", DOCUMENT, lambda: section(results, entered), by="make bench-peers"))


def section(results: Results, entered: Table) -> str:
    """The part in Markdown."""
    facts = "".join(f"* {name}: {told}\n" for name, told in results.facts.items())
    parts = (
        facts,
        _how(results, entered),
        "![events per CPU-second and per second, by system](peers.svg)\n",
        _rates(results, entered),
        _against(results, entered),
        _settings(entered),
    )
    return "\n" + "\n".join(parts)


def named(one: Contestant) -> str:
    """A contestant by its name and the interval at which it commits."""
    return f"{one.title}; {one.commit}"


def _how(results: Results, entered: Table) -> str:
    first, last = entered.window
    return (
        "Each system does the same: parse an order of three lines (JSON, about 450 bytes), count the events of its order, keep the count, "
        "write one answer per event with the count. 100,000 orders in random sequence, 8 partitions, one process each, the same broker and "
        f"the same input, one after the other in {results.rounds} rounds. A slow system reads only the beginning of the input.\n\n"
        "None measures itself. CPU time is user and system time of all processes of a system as the kernel counts it; progress is the time at which the "
        f"broker appended the answers. Measured is what lies between {first:.0%} and {last:.0%} of a run: start, warm-up of the JVM and what was fetched ahead are outside. "
        "Afterwards a reader of committed records holds every answer against the count that it must have.\n"
    )


def _rates(results: Results, entered: Table) -> str:
    rows = []
    for one in entered.contestants:
        if reason := results.not_run.get(one.name):
            rows.append([named(one), one.guarantee, "", "not run", "", reason])
        elif outcomes := results.outcomes.get(one.name):
            said = "; ".join(dict.fromkeys(outcome.said for outcome in outcomes))
            figures = _told(results.walls(one.name)), _told(results.cpus(one.name))
            rows.append([named(one), one.guarantee, f"{outcomes[0].events:,}", *figures, said])
    head = ("system; commits every", "guarantee", "events", "events/s by the clock", "events per CPU-second", "answers")
    return "Median (lowest to highest):\n\n" + table(head, rows)


def _against(results: Results, entered: Table) -> str:
    titles = {one.name: one.title for one in entered.contestants}
    goals = {goal.over: goal for goal in entered.goals}
    rows = []
    for one in entered.contestants:
        if one.beside is None or not {one.name, one.beside} <= results.outcomes.keys():
            continue
        cpu = ratios(results.cpus(one.beside), results.cpus(one.name))
        wall = ratios(results.walls(one.beside), results.walls(one.name))
        if cpu is not None and wall is not None:
            verdict = _verdict(goals.get(one.name), cpu, wall)
            rows.append([titles[one.beside], named(one), _spread(cpu, ".2f"), _spread(wall, ".2f"), verdict])
    head = ("of", "over", "per CPU-second", "by the clock", "goal")
    return (
        "How many times the figure of another system this runtime reaches, with the same kind of state, within each round:\n\n"
        + table(head, rows)
    )


def _verdict(goal: Goal | None, cpu: Spread, wall: Spread) -> str:
    if goal is None:
        return ""
    told = [f"{goal.cpu:g} per CPU-second: {'met' if cpu.middle >= goal.cpu else 'missed'}"]
    if goal.wall is not None:
        told.append(f"{goal.wall:g} by the clock: {'met' if wall.middle >= goal.wall else 'missed'}")
    return "; ".join(told)


def _settings(entered: Table) -> str:
    rows = []
    for one in entered.contestants:
        pins = entered.environments.get(one.runs.environment or "", ())
        rows.append([named(one), one.settings, ", ".join(pin.replace("==", " ") for pin in pins)])
    return "Settings beyond each system's defaults, and packages:\n\n" + table(("system", "set", "packages"), rows)


def _told(figures: Sequence[float | None]) -> str:
    found = [figure for figure in figures if figure is not None]
    return _spread(spread(found), ",.0f") if found else "none"


def _spread(figures: Spread, form: str) -> str:
    return f"{figures.middle:{form}} ({figures.low:{form}} to {figures.high:{form}})"
