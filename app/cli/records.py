"""Where commands read whole topics: on Kafka as they are now, or in what a replay wrote."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.kafka import config_of, require_topics
from app.cli.options import FILE, config_option, settings_of
from app.cli.replay import progress_of
from app.cli.showing import counted
from app.replay.reading import read_written
from app.runtime import clients
from app.runtime.config import RuntimeConfig
from app.runtime.records import OnBroker
from app.runtime.spans import Spans, read_spans, size_of, spans_of
from app.runtime.topology import Message

F = TypeVar("F", bound=Callable[..., Any])
Hear = Callable[[Message], None]

READINGS_MAX = 4
"""Topics are read one after the other while workers go on; what was said in between is read then."""


def records_options(command: F) -> F:
    """`--records FILE`, as the argument `records`, and `--config`."""
    chosen = click.option(
        "--records",
        multiple=True,
        type=FILE,
        help="Read what a replay wrote (- is standard input), again for more files; else Kafka.",
    )
    return chosen(config_option(command))


def read_records(
    topics: Sequence[str],
    hear: Hear,
    *,
    records: Sequence[str],
    config: Path | None,
    go_on: Callable[[], bool] = lambda: False,
) -> None:
    """Hands over every record of the topics, one topic after the other; in files as they come.

    On Kafka: what is committed up to where the topics end now; and while `go_on` says so, a few times, what was
    committed since. In files the partition is 0, offset and time are -1. Raises UnreadableFileError and the
    WorkerStopError that fits.
    """
    if records:
        with progress_of(records) as progress:
            for output in read_written(records, topics, progress):
                hear(Message(output.topic, 0, -1, -1, output.key, output.value, output.headers))
    else:
        read_topics(config_of(settings_of(config)), topics, hear, go_on=go_on)


def read_topics(
    config: RuntimeConfig, topics: Sequence[str], hear: Hear, *, go_on: Callable[[], bool] = lambda: False
) -> None:
    """The same of Kafka alone."""
    require_topics(config, topics)

    def hear_all(messages: Iterable[Message]) -> None:
        for message in messages:
            hear(message)

    ends: dict[OnBroker, int] = {}
    with closing(clients.reader(config, committed=True)) as consumer, counted("read") as (total, advance):
        for _ in range(READINGS_MAX):
            spans = {topic: _since(ends, spans_of(consumer, config, topic)) for topic in topics}
            total(sum(map(size_of, spans.values())))
            for topic, of in spans.items():
                read_spans(consumer, topic, of, hear_all, advance)
                ends |= {place: span.end for place, span in of.items()}
            if not go_on():
                return


def _since(ends: Mapping[OnBroker, int], spans: Spans) -> Spans:
    """The spans without what was read before."""
    return {place: span._replace(start=max(span.start, ends.get(place, 0))) for place, span in spans.items()}
