"""The audit of a replay: its input decided again, and every line of its output held against that."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agents import Desk
from app.audit.books import reckon, say_books
from app.audit.found import Found
from app.audit.verifying import Revisions, Verifier
from app.replay import NoLine, Replay
from app.replay.files import read_texts
from app.replay.lines import read_lines
from app.replay.reading import read_written
from app.replay.run import rarely_collected
from app.reports.money import MoneyReport
from app.reports.said import Period
from app.runtime.topology import Output
from topics.catalogue import DECISIONS, OUTBOUND


def verify_replay(
    inputs: Sequence[str],
    outputs: Sequence[str],
    desk: Desk,
    *,
    until: datetime | None,
    on_no_line: Callable[[NoLine], None],
    progress: Callable[[int], Any],
) -> dict[str, Any]:
    """What was found, as data. One sequence holds all: a replay says everything in one order."""
    with TemporaryDirectory(prefix="refundry-audit-") as scratch, Found(Path(scratch)) as found:
        verifier, money = Verifier(found), MoneyReport(Period())
        revisions = Revisions(verifier)
        for number, output in enumerate(read_written(outputs, OUTBOUND, progress)):
            place = f"record {number + 1}"
            verifier.publish(output, place, number)
            reckon(output, place, verifier, money)
            if output.topic == DECISIONS:
                revisions.take(output, place, cut=False)

        def expect(output: Output) -> None:
            verifier.expect(output, "all")

        state = Path(scratch) / "state"
        state.mkdir()
        with rarely_collected(), closing(Replay(desk, sink=expect, scratch=state)) as replay:
            lines = replay.feed(read_lines(read_texts(inputs, progress)), on_no_line)
            replay.finish(until)
        verifier.finish()
        say_books(verifier, money)
        return document_of(verifier, found) | {"input_lines": lines}


def document_of(verifier: Verifier, found: Found) -> dict[str, Any]:
    """What both audits tell."""
    return {
        "holds": not verifier.counts,
        "records": found.counts(),
        "accounted_for": verifier.accounted,
        "counts": dict(verifier.counts.most_common()),
        "differences": verifier.told,
    }
