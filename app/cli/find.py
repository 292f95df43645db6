"""`refundry find`: from any number that a desk has in hand to its case."""

from pathlib import Path
from typing import Any

import click
import msgspec

from app.cli.cases import known, written
from app.cli.kafka import config_of
from app.cli.options import FILE, config_option, output_option, settings_of
from app.cli.published import Published
from app.cli.read_side import asked
from app.cli.records import read_topics
from app.cli.showing import show_rows
from app.readside.answering import CASES_MAX
from app.readside.document import Document, read
from app.readside.numbers import number_in
from app.replay.reading import read_written
from app.runtime.topology import Message
from topics.case_ids import number_of
from topics.catalogue import SNAPSHOTS

COLUMNS = ("kind", "status", "merchant_id", "order_id", "case_id")


class Hits:
    """Takes snapshots and keeps the newest of each case in which a number stands, over all merchants or in one's."""

    def __init__(self, number: str, merchant_id: str | None) -> None:
        self._number, self._merchant_id = number, merchant_id
        self._written = msgspec.json.encode(number)  # as it stands in a snapshot
        self.published = Published()
        self._documents: dict[str, Document] = {}

    def take(self, message: Message) -> None:
        """Looks at one record; the last per case counts."""
        case_id = (message.key or b"").decode(errors="replace")
        if message.value is None:
            self._documents.pop(case_id, None)
            return
        named = self._written in message.value or number_of(case_id) == self._number
        if not named and case_id not in self._documents:
            return
        if (document := self.published.read(message, read)) is None:
            return
        if named:
            self._documents[case_id] = document
        else:
            del self._documents[case_id]

    def rows(self) -> list[dict[str, Any]]:
        """One row per case, in the order of their ids."""
        return [
            {
                "kind": number.kind,
                "status": number.status,
                "merchant_id": document.merchant_id,
                "order_id": document.order_id,
                "case_id": case_id,
            }
            for case_id, document in sorted(self._documents.items())
            if self._merchant_id in (None, document.merchant_id)
            and (number := number_in(case_id, document, self._number))
        ]


@click.command(short_help="Find the case of any number: of an order, refund, dispute, payment, request …")
@click.argument("number", metavar="ID")
@click.option("--merchant", metavar="ID", help="Look among this merchant's cases alone.")
@click.option("--snapshots", multiple=True, type=FILE, help="Look into what a replay wrote, again for more files.")
@config_option
@output_option
def command(number: str, merchant: str | None, snapshots: tuple[str, ...], config: Path | None, output: str) -> None:
    """Find the cases in which ID stands, whatever it is the number of.

    An order, a payment, a capture, a request, an instruction, a refund, its reference at the acquirer, a dispute, a
    return or a review. It is looked for in the read side, where there is one; else in all snapshots on Kafka.
    """
    hits = Hits(number, merchant)
    rows = _rows(hits, number, merchant, snapshots, config)
    hits.published.tell()
    if not rows:
        raise hits.published.nothing("no case has this number", "ids are case-sensitive, and are looked for as a whole")
    if len(rows) >= CASES_MAX:
        click.echo(f"refundry: the first {CASES_MAX} are shown; name a merchant with --merchant", err=True)
    show_rows(rows[:CASES_MAX], COLUMNS, output)


def _rows(
    hits: Hits, number: str, merchant: str | None, snapshots: tuple[str, ...], config: Path | None
) -> list[dict[str, Any]]:
    if snapshots:
        for record in read_written(snapshots, (SNAPSHOTS,)):
            hits.take(written(record))
        return hits.rows()
    settings = settings_of(config)
    for case_id, snapshot in asked(settings, lambda answers: answers.number(number, merchant)):
        hits.take(known(case_id, snapshot))
    if not (rows := hits.rows()):
        read_topics(config_of(settings), (SNAPSHOTS,), hits.take)
        rows = hits.rows()
    return rows
