"""Where lines come from: files one after the other, compressed or not, and what cannot be read."""

import gzip
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from app.replay import files
from app.replay.files import Text, UnreadableFileError, read_texts, size_of


def texts(*paths: object) -> list[Text]:
    return list(read_texts([str(path) for path in paths], lambda _: None))


def test_files_are_read_one_after_the_other_with_the_numbers_of_their_lines(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"1\n2")
    (tmp_path / "b").write_bytes(b"3\n")
    found = texts(tmp_path / "a", tmp_path / "b")
    assert [(Path(text.file).name, text.number, text.content) for text in found] == [
        ("a", 1, b"1\n"),
        ("a", 2, b"2"),
        ("b", 1, b"3\n"),
    ]
    assert found[2].place == f"{tmp_path}/b:1"


def test_a_compressed_file_is_read_whatever_its_name(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(b"1\n2\n"))
    assert [text.content for text in texts(tmp_path / "a.jsonl")] == [b"1\n", b"2\n"]


def test_standard_input_is_read_compressed_or_not(monkeypatch: pytest.MonkeyPatch):
    for content in (b"1\n2\n", gzip.compress(b"1\n2\n")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert [text.place for text in texts("-")] == ["standard input:1", "standard input:2"]


def test_a_byte_order_mark_at_the_start_of_a_file_is_passed_over(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf1\n\xef\xbb\xbf2\n")
    assert [text.content for text in texts(tmp_path / "a")] == [b"1\n", b"\xef\xbb\xbf2\n"]


def test_a_line_that_is_too_long_is_not_held_and_the_next_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "LINE_BYTES_MAX", 10)
    (tmp_path / "a").write_bytes(b"x" * 10 + b"\n" + b"y" * 95 + b"\n" + b"z\n" + b"w" * 50)
    found = [(text.number, text.content) for text in texts(tmp_path / "a")]
    assert found == [(1, b"x" * 10 + b"\n"), (2, None), (3, b"z\n"), (4, None)]


def test_an_empty_file_has_no_lines(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"")
    assert texts(tmp_path / "a") == []


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"line\n" * 1000)[:-20], gzip.compress(b"line\n" * 1000)[:40] + b"\x00" * 50],
    ids=["cut off", "overwritten"],
)
def test_a_compressed_file_that_is_damaged_says_so(tmp_path: Path, content: bytes):
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"a\.gz"):
        texts(tmp_path / "a.gz")


def test_a_file_that_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(UnreadableFileError, match=r"nothing: No such file"):
        texts(tmp_path / "nothing")


def test_progress_adds_up_to_the_size_of_the_files(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"some words\n" * 20_000)
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"some words\n" * 20_000))
    paths = [str(tmp_path / "a"), str(tmp_path / "b.gz")]
    told: list[int] = []
    assert sum(1 for _ in read_texts(paths, told.append)) == 40_000
    assert sum(told) == size_of(paths)
    assert len(told) > 10


def test_the_size_of_standard_input_is_not_known():
    unknown: Any = size_of(["-"])
    assert unknown is None
