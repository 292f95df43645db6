"""Where commands read whole topics: on Kafka as they are now, or in what a replay wrote."""

from collections.abc import Callable, Iterable, Sequence
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
from app.runtime.spans import read_spans, size_of, spans_of
from app.runtime.topology import Message

F = TypeVar("F", bound=Callable[..., Any])
Hear = Callable[[Message], None]


def records_options(command: F) -> F:
    """`--records FILE`, as the argument `records`, and `--config`."""
    chosen = click.option(
        "--records",
        multiple=True,
        type=FILE,
        help="Read what a replay wrote (- is standard input), again for more files; else Kafka.",
    )
    return chosen(config_option(command))


def read_records(topics: Sequence[str], hear: Hear, *, records: Sequence[str], config: Path | None) -> None:
    """Hands over every record of the topics, one topic after the other; in files as they come.

    On Kafka: what is committed up to where the topics end now. In files the partition is 0, offset and time are -1.
    Raises UnreadableFileError and the WorkerStopError that fits.
    """
    if records:
        with progress_of(records) as progress:
            for output in read_written(records, topics, progress):
                hear(Message(output.topic, 0, -1, -1, output.key, output.value, output.headers))
    else:
        read_topics(config_of(settings_of(config)), topics, hear)


def read_topics(config: RuntimeConfig, topics: Sequence[str], hear: Hear) -> None:
    """The same of Kafka alone."""
    require_topics(config, topics)

    def hear_all(messages: Iterable[Message]) -> None:
        for message in messages:
            hear(message)

    with closing(clients.reader(config, committed=True)) as consumer, counted("read") as (total, advance):
        spans = {topic: spans_of(consumer, config, topic) for topic in topics}
        total(sum(map(size_of, spans.values())))
        for topic, of in spans.items():
            read_spans(consumer, topic, of, hear_all, advance)
