"""`refundry rates`: exchange rates for all workers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import msgspec

from app.cli.failures import ExitCode, Failure
from app.cli.kafka import config_of, read_whole, write
from app.cli.noun import Noun
from app.cli.options import FILE, config_option, output_option, settings_of
from app.cli.replay import progress_of
from app.cli.showing import show_rows
from app.replay.rates import Quote, read_quotes
from topics.catalogue import FX_RATES
from topics.codec import Received, read
from topics.keys import key_of

COLUMNS = ("pair", "status", "rates", "first", "last")
NEW, CHANGED, UNCHANGED = "new", "changed", "unchanged"
DETAILS = 10

Known = dict[bytes, tuple[Decimal, str]]
"""By key the rate that is published, and its source."""


@click.group(cls=Noun, short_help="Publish exchange rates.")
def command() -> None:
    """Publish exchange rates, by which decisions estimate what a refund in another currency will cost."""


@command.command()
@click.argument("file", type=FILE)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="Only rates of this day (YYYY-MM-DD) and later ones.",
)
@click.option("--replace", is_flag=True, help="Publish rates that differ from those that are published, too.")
@click.option("--dry-run", is_flag=True, help="Show what would be published, and publish nothing.")
@config_option
@output_option
def publish(*, file: str, since: Any, replace: bool, dry_run: bool, config: Path | None, output: str) -> None:
    """Publish the rates in FILE to all workers: JSON lines of fx-rates bodies, or the ECB's CSV, compressed or not.

    What is published already is passed over. A rate that was published otherwise would let the same events be decided
    otherwise than they were: nothing is published then (exit code 5), unless --replace is given. Every worker holds
    all rates in memory: of a history of decades --since takes what refunds can still ask for.
    """
    runtime = config_of(settings_of(config))
    known: Known = {}
    read_whole(runtime, {FX_RATES: lambda key, body: _learn(known, key, body)})
    sorted_out: dict[str, dict[bytes, Quote]] = {NEW: {}, CHANGED: {}, UNCHANGED: {}}
    with progress_of([file]) as progress:
        for key, quote in _last_of_each(read_quotes(file, progress), since.date() if since else date.min):
            sorted_out[_status(known.get(key), quote)][key] = quote
    changed = sorted_out[CHANGED]
    if changed and not replace:
        raise Failure(
            f"nothing was published: {len(changed):,} rates are published otherwise",
            "--replace publishes them all the same; decisions that were made stay as they are",
            code=ExitCode.UNSAFE,
            details=[_difference(key, known[key], quote) for key, quote in list(changed.items())[:DETAILS]],
        )
    if not dry_run:
        write(runtime, FX_RATES, [(key, _body(quote)) for key, quote in (sorted_out[NEW] | changed).items()])
    show_rows(list(_rows(sorted_out)), COLUMNS, output)


def _learn(known: Known, key: bytes | None, body: bytes | None) -> None:
    """A record of the topic, as every worker hears it: what cannot be read is passed over."""
    if key is None:
        return
    received = read(FX_RATES, key, body, timestamp=0, secret=b"")
    if isinstance(received, Received):
        known[key] = (Decimal(received.event.rate), received.event.source)
    elif body is None:
        known.pop(key, None)


def _last_of_each(quotes: Iterable[Quote], since: date) -> Iterator[tuple[bytes, Quote]]:
    """By key what the file says last, as the topic keeps it."""
    last = {_key(quote): quote for quote in quotes if quote.as_of >= since}
    return iter(sorted(last.items(), key=lambda item: item[1].as_of))


def _key(quote: Quote) -> bytes:
    key = key_of(FX_RATES, quote._asdict() | {"as_of": quote.as_of.isoformat()})
    assert key is not None, "all parts of the key are there"
    return key.encode()


def _body(quote: Quote) -> bytes:
    return msgspec.json.encode(quote._asdict())


def _status(known: tuple[Decimal, str] | None, quote: Quote) -> str:
    if known is None:
        return NEW
    return UNCHANGED if known[0] == Decimal(quote.rate) else CHANGED


def _difference(key: bytes, known: tuple[Decimal, str], quote: Quote) -> str:
    return f"{key.decode()}: {known[0]} by {known[1]} is published, {quote.rate} by {quote.source} was given"


def _rows(sorted_out: dict[str, dict[bytes, Quote]]) -> Iterator[dict[str, Any]]:
    days: defaultdict[tuple[str, str], list[date]] = defaultdict(list)
    for status, quotes in sorted_out.items():
        for quote in quotes.values():
            days[f"{quote.base}/{quote.quote}", status].append(quote.as_of)
    for (pair, status), of_pair in sorted(days.items()):
        yield {
            "pair": pair,
            "status": status,
            "rates": len(of_pair),
            "first": min(of_pair).isoformat(),
            "last": max(of_pair).isoformat(),
        }
