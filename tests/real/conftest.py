"""The set and the events that are made of it, once for all tests of the room; and the broker of the tier `kafka`."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kafka.conftest import bootstrap, network, own_broker  # noqa: F401  fixtures, used by their names
from tests.real import online_retail
from tests.real.online_retail import Sale, Stream, read_data, stream_of


class Year(NamedTuple):
    """The events of the whole set, and the file of their lines."""

    stream: Stream
    file: Path


@pytest.fixture(scope="package")
def sales() -> list[Sale]:
    return read_data()


@pytest.fixture(scope="package")
def year(sales: list[Sale], tmp_path_factory: pytest.TempPathFactory) -> Year:
    stream, file = stream_of(sales), tmp_path_factory.mktemp("online-retail") / "events.jsonl"
    online_retail.write(stream, file)
    return Year(stream, file)
