"""Exchange rates from a file: JSON lines of `fx-rates` bodies, or the table that the European Central Bank publishes.

The ECB's CSV has a column per currency and a row per day: how many units of it one euro is. "N/A", empty cells and
currencies that are no longer are passed over.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import chain

from app.domain.rates import Rates
from app.replay.files import Text, read_texts
from app.replay.lines import right_key
from topics.codec import Unreadable, read
from topics.currencies import EXPONENTS

ECB_BASE = "EUR"
_NONE = {"", "N/A"}
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


class RatesRefusedError(Exception):
    """A file of rates cannot be used; says where and what was expected."""


def read_rates(file: str) -> Rates:
    """All rates of the file. Raises RatesRefusedError and UnreadableFileError."""
    rates = Rates()
    texts = (text for text in read_texts([file], lambda _: None) if text.content is None or text.content.strip())
    first = next(texts, None)
    if first is None:
        return rates
    rows = _whole(chain([first], texts))
    if first.content is not None and first.content.lstrip().startswith(b"{"):
        for place, content in rows:
            _add_body(rates, place, content)
    else:
        _add_table(rates, rows)
    return rates


def _whole(texts: Iterable[Text]) -> Iterator[tuple[str, bytes]]:
    for text in texts:
        if text.content is None:
            raise RatesRefusedError(f"{text.place}: expected a shorter line")
        yield text.place, text.content


def _add_body(rates: Rates, place: str, content: bytes) -> None:
    key = right_key("fx-rates", content)
    received = read("fx-rates", key.encode() if key else b"", content, timestamp=-1, secret=b"")
    if isinstance(received, Unreadable):
        raise RatesRefusedError(f"{place}: {received.message}")
    event = received.event
    rates.add(event.base, event.quote, event.as_of, event.rate)


def _add_table(rates: Rates, rows: Iterator[tuple[str, bytes]]) -> None:
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
        _add_day(rates, place, day, columns[1:], cells[1:])


def _add_day(rates: Rates, place: str, day: date, columns: Sequence[str], cells: Sequence[str]) -> None:
    for currency, cell in zip(columns, cells, strict=False):  # the rows end with a comma
        if cell in _NONE or currency not in EXPONENTS:
            continue
        if not _NUMBER.fullmatch(cell) or not cell.strip("0."):
            raise RatesRefusedError(f"{place}: {currency}: expected a rate above zero, such as 1.0842, or N/A")
        rates.add(ECB_BASE, currency, day, cell)


def _cells(content: bytes) -> list[str]:
    return [cell.strip() for cell in content.decode("utf-8", "replace").split(",")]
