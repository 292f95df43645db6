"""The page's part about scale. Every number in it is of the run that wrote it, but for the goals."""

from collections.abc import Sequence
from itertools import pairwise

from tests.bench.peers.figures import spread
from tests.bench.scale.growing import SMALLEST, TURNS, WAVE
from tests.bench.scale.restart import TAIL
from tests.bench.scale.results import Abreast, Milestone, Results, Start
from tests.house.documents import Section, table
from tests.house.documents import write as put

DOCUMENT = "tests/bench/README.md"
GROWTH_MAX = 1.2


def write(results: Results) -> None:
    """Puts the part in its place on the page."""
    put(Section("scale", DOCUMENT, lambda: section(results), by="make bench-scale"))


def section(results: Results) -> str:
    """The part in Markdown; what was never measured is left out."""
    facts = results.facts
    parts: list[str] = []
    if results.milestones:
        parts += ["### Open cases\n", _facts(facts["growth"]), *_growth(results), *_starts(results)]
    if results.abreast:
        parts += ["### Workers\n", _facts(facts["workers"]), *_abreast(results.abreast)]
    if not parts:
        parts = ["Nothing was measured yet: `make bench-scale`, on a machine that does nothing else.\n"]
    return "\n" + "\n".join(parts)


def _facts(facts: dict[str, str]) -> str:
    return "".join(f"* {name}: {told}\n" for name, told in facts.items())


def _growth(results: Results) -> list[str]:
    rows, milestones = [], results.milestones
    for one in milestones:
        growths = [turn.growth for turn in one.turns if turn.growth is not None]
        rows.append(
            [
                f"{one.cases:,}",
                _spread(results.per_event(one)),
                _spread(growths, ".2f") if growths else "1 by definition",
                f"{one.to_open:.0f}",
                f"{one.sizes.resident_mib:,.0f}",
                f"{one.sizes.state_mib:,.0f}",
                f"{one.sizes.changelog_mib:,.0f}",
            ]
        )
    head = (
        "open cases",
        "CPU µs per event on a case drawn at random",
        "times that with 1,000 cases",
        "CPU µs per event that opens one",
        "MiB resident",
        "MiB of state on disk",
        "MiB of changelogs on the broker",
    )
    grown = [[f"{less.cases:,} to {more.cases:,}", *_per_case(less, more)] for less, more in pairwise(milestones)]
    return [
        (
            "One worker, default settings, RocksDB, a real Kafka of its own. A case is an order of three lines that was placed and paid with a card; two orders are of one customer. "
            f"At each number of them: waves of {WAVE} later events (a shipment, a refund request, what the payment came to, in turns), each on a case drawn at random that had none yet, preloaded while the worker is stopped. "
            f"Between two of these waves the same wave runs in a fresh installation of {SMALLEST:,} cases; the growth is the ratio within each of {TURNS} such turns, median (lowest to highest).\n"
        ),
        "![CPU time per event and memory, by open cases](scale.svg)\n",
        table(head, rows),
        f"Goal: an event costs at most {GROWTH_MAX - 1:.0%} more with the most cases than with {SMALLEST:,} ({_judged(milestones)}).\n",
        "Per case, from one row to the next. Live rows are decoded objects, at most 40,000 per table and partition, so memory stops growing where they are all taken; `live_rows` sets half of that.\n",
        table(("open cases", "KiB resident", "KiB of state on disk", "KiB of changelogs"), grown),
    ]


def _judged(milestones: Sequence[Milestone]) -> str:
    growths = [turn.growth for turn in milestones[-1].turns if turn.growth is not None]
    if not growths:
        return "not measured"
    middle = spread(growths).middle
    return f"{middle - 1:.0%} with {milestones[-1].cases:,}: {'met' if middle <= GROWTH_MAX else 'missed'}"


def _per_case(less: Milestone, more: Milestone) -> list[str]:
    cases = more.cases - less.cases
    pairs = (
        (less.sizes.resident_mib, more.sizes.resident_mib),
        (less.sizes.state_mib, more.sizes.state_mib),
        (less.sizes.changelog_mib, more.sizes.changelog_mib),
    )
    return [f"{1024 * (after - before) / cases:.1f}" for before, after in pairs]


def _starts(results: Results) -> list[str]:
    most = results.milestones[-1]
    if not results.starts:
        return []
    rows = [_start(start) for start in results.starts]
    head = ("the worker starts", "records read", "s to restore", "records/s", "s until ready", "CPU s", "MiB at most")
    cold = results.starts[-1]
    rate = most.sizes.changelog_mib / cold.restore_seconds
    return [
        f"#### Restart with {most.cases:,} cases\n",
        (
            f"The kill (-9) comes after {TAIL:,} further events: what was in memory only is gone, and is read again. "
            "Seconds until ready are from the start of the process, its CPU time all of it, imports of Python included; memory is the most until then.\n"
        ),
        table(head, rows),
        (
            f"Without its directory a worker restored {most.cases / cold.restore_seconds:,.0f} cases/s, "
            f"{rate:.0f} MiB/s of changelog as it lies compressed on the broker.\n"
        ),
    ]


def _start(start: Start) -> list[str]:
    records = sum(start.restored.values())
    told = ", ".join(f"{count:,} of {name}" for name, count in start.restored.items() if count)
    return [
        start.how,
        f"{records:,}" + (f" ({told})" if told else ""),
        f"{start.restore_seconds:.1f}",
        f"{records / start.restore_seconds:,.0f}",
        f"{start.seconds:.1f}",
        f"{start.cpu_seconds:.1f}",
        f"{start.peak_mib:,.0f}",
    ]


def _abreast(found: Sequence[Abreast]) -> list[str]:
    counts = list(dict.fromkeys(one.workers for one in found))
    rows = []
    for count in counts:
        runs = [one for one in found if one.workers == count]
        rows.append(
            [
                str(count),
                _spread([one.per_second for one in runs]),
                _spread([one.per_event for one in runs]),
                _spread([1e6 * one.broker_cpu_seconds / one.wave.events for one in runs]),
            ]
        )
    head = ("workers", "events/s by the clock", "CPU µs per event, all workers", "CPU µs per event of the broker")
    return [
        (
            f"A wave of {found[0].wave.events:,} events that open cases, preloaded, in installations of 8 partitions, in turns; median (lowest to highest). "
            "Workers, broker and bench share the cores of this machine: on two of them a second worker takes what the first and the broker leave, so look at the CPU time, which says whether an event costs more where there are more workers.\n"
        ),
        table(head, rows),
    ]


def _spread(figures: Sequence[float], form: str = ",.0f") -> str:
    found = spread(figures)
    if len(figures) == 1:
        return f"{found.middle:{form}}"
    return f"{found.middle:{form}} ({found.low:{form}} to {found.high:{form}})"
