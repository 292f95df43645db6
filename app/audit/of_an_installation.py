"""The audit of an installation: its journal told again, and all that lies on its topics held against that.

Laws
 1. Workers may go on meanwhile. What a record of the journal led to was committed together with the group's position
    behind it. So what lies before the group's position at the beginning must be on the topics; and what is found on
    them was led to by what lies before the group's position after all of them were read.
 2. What is committed may lie behind a transaction that is open still: of another worker, or hanging. So topics are read
    up to where they end for everybody, and open transactions are waited for. While one does not end nothing is judged,
    and that is said: what cannot be seen yet is not missing.
 3. What retention took is no difference: of a topic whose first records are gone, what is older than those left is
    counted apart. Of a case whose beginning the journal no longer has nothing can be said, and that is said.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from confluent_kafka import Consumer

from agents import Desk
from app.audit.books import say_books
from app.audit.found import Found, Record
from app.audit.of_a_replay import document_of
from app.audit.published import Began, Published, Went
from app.audit.retelling import Rate, Retelling
from app.audit.telling import Tally, Telling, headless_of
from app.audit.verifying import Verifier
from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.group_offsets import committed_by_group
from app.runtime.records import OnBroker
from app.runtime.spans import Span, read_spans, spans_of
from app.runtime.topology import Message
from topics.catalogue import DECISIONS, JOURNAL, LEDGER, SNAPSHOTS
from topics.partitioning import partition_of

HEADLESS = "of cases whose beginning the journal no longer has"


class Stretch(NamedTuple):
    """A partition of the journal, and up to which offset what it led to has to be there."""

    place: OnBroker
    span: Span
    must: int

    @property
    def cut(self) -> bool:
        """Whether its first records are gone."""
        return self.span.low > 0


class Audit:
    """One audit. `rates` in the order in which they were published; the desk has the published policies."""

    def __init__(self, config: RuntimeConfig, desk: Desk, rates: Sequence[Rate]) -> None:
        self._config, self._desk, self._rates = config, desk, rates
        self._tally = Tally()

    def run(self, *, began: Began, went: Went) -> dict[str, Any]:
        """What was found, as data. `began` is told how many offsets there are, `went` how many went by.

        Raises UnreachableError where Kafka does not answer or a transaction does not end, and the WorkerStopError that
        fits.
        """
        consumer, tally = clients.reader(self._config, committed=True), self._tally
        ends = clients.reader(self._config, committed=False)
        with (
            TemporaryDirectory(prefix="refundry-audit-") as scratch,
            Found(Path(scratch)) as found,
            closing(consumer),
            closing(ends),
        ):
            verifier = Verifier(found)
            published = Published(verifier, tally.passed_over)
            must = self._positions()
            published.read(consumer, ends, self._config, began, went)
            stretches = self._stretches(ends, must, self._positions())
            began(sum((one.span.end - one.span.start) * (2 if one.cut else 1) for one in stretches))
            for one in stretches:
                directory = Path(scratch) / f"cases-{one.place[1]}"
                if one.cut:
                    tally.headless |= self._headless(consumer, one, found, Path(f"{directory}-before"), went)
                self._judge(consumer, one, (verifier, found, published), directory, went)
            tally.passed_over[HEADLESS] += sum(self._is_headless(record) for record, _ in found.unaccounted())
            verifier.finish(self._is_headless, causes=True)
            for record in found.without_cause(DECISIONS):
                what = "its cause is not in the journal of its case"
                verifier.say("without a cause", record.topic, record.name, record.place, what)
            # of a ledger whose first entries are gone the sums are not known
            say_books(verifier, published.money, lambda case_id: not published.is_cut(LEDGER, case_id.encode()))
            return document_of(verifier, found) | {
                "journal_records": tally.journal_records,
                "cases": tally.cases,
                "handler_failed": tally.handler_failed,
                "not_judged": dict(+tally.passed_over),
            }

    def _judge(
        self,
        consumer: Consumer,
        stretch: Stretch,
        into: tuple[Verifier, Found, Published],
        directory: Path,
        went: Went,
    ) -> None:
        verifier, found, published = into
        with closing(Retelling(self._desk, self._rates, directory)) as retelling:
            telling = Telling(retelling, published, stretch.must)

            def hear(messages: Sequence[Message]) -> None:
                telling.judge(messages, verifier, found, self._tally)

            read_spans(consumer, JOURNAL, {stretch.place: stretch.span}, hear, went)
            telling.end(verifier, found, self._tally)

    def _headless(self, consumer: Consumer, stretch: Stretch, found: Found, directory: Path, went: Went) -> set[str]:
        """The cases of a partition whose beginning is gone. It is told once for that alone, before it is judged."""
        count = len(spans_of(consumer, self._config, JOURNAL))
        here = [
            case_id for case_id in found.names(SNAPSHOTS) if partition_of(case_id.encode(), count) == stretch.place[1]
        ]
        with closing(Retelling(self._desk, self._rates, directory)) as retelling:

            def hear(messages: Sequence[Message]) -> None:
                for message in messages:
                    retelling.tell(message)

            read_spans(consumer, JOURNAL, {stretch.place: stretch.span}, hear, went)
            return headless_of(retelling, found, here)

    def _positions(self) -> dict[int, int]:
        """How far the group has come in the journal, by partition; empty where no worker ever committed."""
        config, name = self._config, self._config.topic(JOURNAL)
        admin, limits = clients.admin(config), config.limits
        numbers = faults.insist(
            lambda: clients.partitions_of(admin, name, timeout=limits.call_timeout),
            what="which partitions the journal has",
            patience=limits.patience,
        )
        found = committed_by_group(config, [(name, number) for number in numbers], patience=limits.patience)
        return {at.partition: at.offset for at in found}

    def _stretches(self, ends: Consumer, must: dict[int, int], may: dict[int, int]) -> list[Stretch]:
        """Where no worker ever committed, all of the journal led to what is there."""
        found = []
        for place, span in sorted(spans_of(ends, self._config, JOURNAL).items()):
            nothing = span.low if must or may else span.end
            end = min(may.get(place[1], nothing), span.end)
            found.append(Stretch(place, span._replace(end=end), min(must.get(place[1], nothing), end)))
        return found

    def _is_headless(self, record: Record) -> bool:
        return record.case_id in self._tally.headless
