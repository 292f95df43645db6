"""Raw values made fit to stand in a sentence: one line, no invisible characters, not too long."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from app.texts.formats import plural

TEXT_MAX = 200
PROSE_MAX = 1000
TITLE_MAX = 80
ROWS_MAX = 10

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"  # emoji and Persian are spelled with them
_ELLIPSIS = "…"
_BLANK = re.compile(r"\s+")


def plain(text: str, limit: int) -> str:
    """The text on one line, without control, format and lone surrogate characters, at most `limit` characters long."""
    if len(text) <= limit and text.isprintable():
        return text
    text = _BLANK.sub(" ", text)
    text = "".join(c for c in text if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return shortened(text.strip(), limit)


def shortened(text: str, limit: int) -> str:
    """The text, cut and ended with an ellipsis where it is longer than `limit` characters."""
    return text if len(text) <= limit else _cut(text, limit - 1).rstrip() + _ELLIPSIS


def _cut(text: str, end: int) -> str:
    """The text up to `end`, or a little less: a mark is not torn off the letter that it belongs to."""
    while end and (unicodedata.category(text[end])[0] == "M" or text[end] in _JOINERS or text[end - 1] in _JOINERS):
        end -= 1
    return text[:end]


def counted(locale: str, forms: Mapping[str, str], count: int) -> str:
    """The phrase in the plural form of the number, `{count}` filled in."""
    return (forms.get(plural(locale, count)) or forms["other"]).format(count=count)


def listed(locale: str, words: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """Order lines as a list, one row each; of more than ten the rest is only counted. No lines: an empty text."""
    rows = [f"- {_row(words, line)}" for line in lines[:ROWS_MAX]]
    if len(lines) > ROWS_MAX:
        rows.append(f"- {counted(locale, words['more_lines'], len(lines) - ROWS_MAX)}")
    return "\n".join(rows)


def _row(words: Mapping[str, Any], line: Mapping[str, Any]) -> str:
    title = plain(line.get("title") or "", TITLE_MAX)
    if not title:
        title = words["untitled"].format(line_id=plain(line["line_id"], TITLE_MAX))
    return str(words["line"].format(count=line["quantity"], title=title))
