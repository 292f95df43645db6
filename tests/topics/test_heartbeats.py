"""A heartbeat's value is a time and nothing else."""

import pytest

from topics.heartbeats import began, value_of


def test_a_beat_says_when_it_began() -> None:
    assert value_of(1_772_541_000_123) == b"1772541000123"
    assert began(b"1772541000123") == 1_772_541_000_123


@pytest.mark.parametrize("value", [None, b"", b"-5", b"1.5", b"{}", b"soon", b"\xb2", b"9" * 5000])
def test_what_is_no_time_is_no_beat(value: bytes | None) -> None:
    assert began(value) is None
