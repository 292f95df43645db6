"""What is told of a round that committed: once, in numbers to the metrics and in one line to the log."""

import logging
import time
from collections import Counter
from collections.abc import Iterable

from app import metrics as m
from app.metrics import Metrics
from app.runtime.positions import Taken
from app.runtime.round import Staging
from app.runtime.topology import Output
from topics.dead_letters import CODE

_log = logging.getLogger(__name__)


def account(  # noqa: PLR0917  what a round was, in order
    metrics: Metrics, taken: Taken, staging: Staging, fired: int, handling: float, committing: float
) -> None:
    """Tells what a round took and said, before `staging` forgets it. `handling` and `committing` are seconds."""
    now, messages, changes = time.time(), 0, 0
    for batch in taken.batches:
        messages += len(batch.messages)
        metrics.add(m.MESSAGES, len(batch.messages), batch.topic)
        metrics.set(m.MESSAGE_AGE, now - batch.messages[0].timestamp / 1000, batch.topic)
    for topic, said in Counter([output.topic for output in staging.outputs]).items():
        metrics.add(m.OUTPUTS, said, topic)
    if staging.refused:
        for code, letters in Counter(_codes(staging.outputs)).items():
            metrics.add(m.DEAD_LETTERS, letters, code)
    for (table, _), rows in staging.changes.items():
        changes += len(rows)
        metrics.add(m.CHANGES, len(rows), table)
    metrics.add(m.TIMERS, fired)
    metrics.add(m.ROUNDS, 1, "committed")
    metrics.observe(m.ROUND_SECONDS, handling)
    metrics.observe(m.COMMIT_SECONDS, committing)
    metrics.set(m.LAST_COMMIT, now)
    if _log.isEnabledFor(logging.DEBUG):
        counts = {"messages": messages, "outputs": len(staging.outputs), "rows": changes, "timers": fired}
        spans = {"handling_ms": round(1000 * handling, 1), "committing_ms": round(1000 * committing, 1)}
        _log.debug("a round was committed", extra={**counts, **spans})


def _codes(outputs: Iterable[Output]) -> list[str]:
    return [content.decode() for output in outputs for name, content in output.headers if name == CODE]
