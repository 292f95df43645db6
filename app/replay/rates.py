"""Exchange rates from a file: JSON lines of `fx-rates` bodies, or the table that the European Central Bank publishes.

The ECB's CSV has a column per currency and a row per day: how many units of it one euro is. "N/A", empty cells and
currencies that are no longer are passed over.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

from app.domain.rates import Rates
from app.replay.files import Text, read_texts
from app.replay.lines import right_key
from topics.catalogue import FX_RATES
from topics.codec import Unreadable, read
from topics.currencies import EXPONENTS

ECB, ECB_BASE = "ecb", "EUR"
_NONE = {"", "N/A"}
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


class RatesRefusedError(Exception):
    """A file of rates cannot be used; says where and what was expected."""


class Quote(NamedTuple):
    """On a day (`as_of`) one unit of `base` is `rate` units of `quote`, a decimal string, as `source` says."""

    base: str
    quote: str
    as_of: date
    rate: str
    source: str


def read_rates(file: str) -> Rates:
    """All rates of the file, as decisions look them up. Raises RatesRefusedError and UnreadableFileError."""
    rates = Rates()
    for quote in read_quotes(file):
        rates.add(quote.base, quote.quote, quote.as_of, quote.rate)
    return rates


def read_quotes(file: str, progress: Callable[[int], None] = lambda _: None) -> Iterator[Quote]:
    """What the file says, line by line. `progress` is told now and then how many bytes more were read.

    Raises RatesRefusedError and UnreadableFileError.
    """
    texts = (text for text in read_texts([file], progress) if text.content is None or text.content.strip())
    first = next(texts, None)
    if first is None:
        return
    rows = _whole(chain([first], texts))
    if first.content is not None and first.content.lstrip().startswith(b"{"):
        for place, content in rows:
            yield _of_body(place, content)
    else:
        yield from _of_table(rows)


def _whole(texts: Iterable[Text]) -> Iterator[tuple[str, bytes]]:
    for text in texts:
        if text.content is None:
            raise RatesRefusedError(f"{text.place}: expected a shorter line")
        yield text.place, text.content


def _of_body(place: str, content: bytes) -> Quote:
    key = right_key(FX_RATES, content)
    received = read(FX_RATES, key.encode() if key else b"", content, timestamp=-1, secret=b"")
    if isinstance(received, Unreadable):
        raise RatesRefusedError(f"{place}: {received.message}")
    event = received.event
    return Quote(event.base, event.quote, event.as_of, event.rate, event.source)


def _of_table(rows: Iterator[tuple[str, bytes]]) -> Iterator[Quote]:
    place, head = next(rows)
    columns = _cells(head)
    if columns[0] != "Date":
        raise RatesRefusedError(f"{place}: expected JSON lines of fx-rates bodies, or a CSV whose first column is Date")
    for place, content in rows:
        cells = _cells(content)
        try:
            day = date.fromisoformat(cells[0])
        except ValueError:
            raise RatesRefusedError(f"{place}: expected a day as YYYY-MM-DD in the first column") from None
        yield from _of_day(place, day, columns[1:], cells[1:])


def _of_day(place: str, day: date, columns: Sequence[str], cells: Sequence[str]) -> Iterator[Quote]:
    for currency, cell in zip(columns, cells, strict=False):  # the rows end with a comma
        if cell in _NONE or currency not in EXPONENTS:
            continue
        if not _NUMBER.fullmatch(cell) or not cell.strip("0."):
            raise RatesRefusedError(f"{place}: {currency}: expected a rate above zero, such as 1.0842, or N/A")
        yield Quote(ECB_BASE, currency, day, cell, ECB)


def _cells(content: bytes) -> list[str]:
    return [cell.strip() for cell in content.decode("utf-8", "replace").split(",")]
