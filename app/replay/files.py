"""Where a replay's lines come from: files one after the other, compressed or not, or standard input."""

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, NamedTuple, cast

LINE_BYTES_MAX = 8 << 20
STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINES_PER_REPORT = 512


class Text(NamedTuple):
    """A line of a file, numbered from 1. `content` is None where it is longer than LINE_BYTES_MAX."""

    file: str
    number: int
    content: bytes | None

    @property
    def place(self) -> str:
        """Such as `day.jsonl:3`, so that editors jump to it."""
        return f"{self.file}:{self.number}"


class UnreadableFileError(Exception):
    """A file cannot be opened, or ends in the middle."""


def size_of(files: Sequence[str]) -> int | None:
    """How many bytes the files have as they are stored; None where that cannot be known."""
    if STANDARD_INPUT in files:
        return None
    try:
        return sum(Path(file).stat().st_size for file in files)
    except OSError:
        return None


def read_texts(files: Sequence[str], progress: Callable[[int], None]) -> Iterator[Text]:
    """The lines of the files in order. `progress` is told now and then how many stored bytes more were read.

    Raises UnreadableFileError.
    """
    for file in files:
        name = "standard input" if file == STANDARD_INPUT else file
        try:
            with nullcontext(sys.stdin.buffer) if file == STANDARD_INPUT else Path(file).open("rb") as stored:
                yield from _lines_of(stored, name, progress)
        except (EOFError, zlib.error) as error:
            raise UnreadableFileError(f"{name}: compressed, and ends in the middle or is damaged") from error
        except OSError as error:
            raise UnreadableFileError(f"{name}: {error.strerror or error}") from error


def _lines_of(stored: IO[bytes], name: str, progress: Callable[[int], None]) -> Iterator[Text]:
    reader = stored if isinstance(stored, BufferedReader) else BufferedReader(cast("RawIOBase", stored))
    plain: BufferedIOBase = gzip.GzipFile(fileobj=reader) if reader.peek(2).startswith(_GZIP) else reader
    number, told = 0, 0
    while line := plain.readline(LINE_BYTES_MAX + 1):
        number += 1
        content: bytes | None = line
        if len(line) > LINE_BYTES_MAX and not line.endswith(b"\n"):
            content = None
            while line and not line.endswith(b"\n"):
                line = plain.readline(LINE_BYTES_MAX)
        elif number == 1:
            content = line.removeprefix(_BYTE_ORDER_MARK)
        yield Text(name, number, content)
        if number % _LINES_PER_REPORT == 0:
            told += _report(reader, told, progress)
    _report(reader, told, progress)


def _report(stored: BufferedReader, told: int, progress: Callable[[int], None]) -> int:
    try:
        more = os.lseek(stored.fileno(), 0, os.SEEK_CUR) - told
    except OSError:
        return 0  # a pipe has no position
    progress(more)
    return more
