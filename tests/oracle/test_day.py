"""The run that was written by hand is one that the contract allows."""

import pytest

from app.demo.oracle import Expectation
from tests.oracle.day import correct_run
from topics.codec import Unreadable, read

INPUTS = correct_run().inputs


@pytest.mark.parametrize("record", INPUTS, ids=lambda record: "-".join(map(str, record.position)))
def test_every_input_that_is_called_good_is_valid_by_the_contract(record):
    key = record.key.encode()
    found = read(record.topic, key, record.value, timestamp=-1, secret=b"x" * 32)
    unreadable = Expectation.of(record.headers).codes == ("not_json",)
    assert isinstance(found, Unreadable) == unreadable, found
