"""`refundry find`: from any number that a desk has in hand to its case."""

from pathlib import Path
from typing import Any

import click
import msgspec

from app.cli.cases import SNAPSHOTS, search_topics
from app.cli.failures import ExitCode, Failure
from app.cli.options import FILE, config_option, output_option, settings_of
from app.cli.read_side import asked
from app.cli.showing import show_rows
from app.readside.answering import CASES_MAX
from app.readside.numbers import number_in, order_of, read
from app.replay.reading import read_written

COLUMNS = ("kind", "status", "merchant_id", "order_id", "case_id")


class Hits:
    """Takes snapshots and keeps the newest of each case in which a number stands, over all merchants or in one's."""

    def __init__(self, number: str, merchant_id: str | None) -> None:
        self._number, self._merchant_id = number, merchant_id
        self._written = msgspec.json.encode(number)  # as it stands in a snapshot
        self._snapshots: dict[str, bytes] = {}

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last per case counts."""
        case_id = (key or b"").decode(errors="replace")
        if value is not None and (self._written in value or order_of(case_id) == self._number):
            self._snapshots[case_id] = value
        else:
            self._snapshots.pop(case_id, None)

    def rows(self) -> list[dict[str, Any]]:
        """One row per case, in the order of their ids."""
        documents = [(case_id, read(snapshot)) for case_id, snapshot in sorted(self._snapshots.items())]
        return [
            {
                "kind": number.kind,
                "status": number.status,
                "merchant_id": document.merchant_id,
                "order_id": document.order_id,
                "case_id": case_id,
            }
            for case_id, document in documents
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
    rows = _rows(number, merchant, snapshots, config)
    if not rows:
        hint = "ids are case-sensitive, and are looked for as a whole"
        raise Failure("no case has this number", hint, code=ExitCode.USAGE)
    if len(rows) >= CASES_MAX:
        click.echo(f"refundry: the first {CASES_MAX} are shown; name a merchant with --merchant", err=True)
    show_rows(rows[:CASES_MAX], COLUMNS, output)


def _rows(number: str, merchant: str | None, snapshots: tuple[str, ...], config: Path | None) -> list[dict[str, Any]]:
    hits = Hits(number, merchant)
    if snapshots:
        for record in read_written(snapshots, (SNAPSHOTS,)):
            hits.take(record.key, record.value)
        return hits.rows()
    settings = settings_of(config)
    for case_id, snapshot in asked(settings, lambda answers: answers.number(number, merchant)):
        hits.take(case_id.encode(), snapshot)
    if not (rows := hits.rows()):
        search_topics(settings, {SNAPSHOTS: hits.take})
        rows = hits.rows()
    return rows
