"""A topology whose timers matter: of each key two events belong together, and the second one is waited for.

`python -m tests.runtime.waiting SETTINGS` runs one worker of it, as `tests.kafka.counting` does. An event's value is
the time (ms) until which its key waits for the next one; what came in pairs is said as `paired`, the rest as `late`.
"""

import json
import logging
import sys

import msgspec

from app.runtime.exits import leave
from app.runtime.topology import Agent, Batch, Output, Round, TableSpec, Topology
from tests.kafka.counting import CATALOGUE, IN, JOURNAL, OUT, TABLE, config_of, door


class Wait(msgspec.Struct):
    until: int | None


def pair(batch: Batch, round_: Round) -> None:
    table = round_.table(TABLE, batch.partition)
    for message in batch.messages:
        round_.at(message)
        assert message.key is not None
        key, first = message.key.decode(), table.get(message.key.decode())
        row = Wait(int(message.value or b"0") if first is None else None)
        table.put(key, row, due=row.until)
        round_.publish(Output(OUT, message.key, b"waiting" if first is None else b"paired"))


def late(round_: Round, partition: int, key: str, due: int, now: int) -> None:
    round_.table(TABLE, partition).put(key, Wait(None), due=None)
    round_.publish(Output(OUT, key.encode(), b"late"))


TOPOLOGY = Topology(
    agents=(Agent("door", IN, door), Agent("pairs", JOURNAL, pair)),
    tables=(
        TableSpec(TABLE, (JOURNAL,), msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Wait).decode, late),
    ),
)


def main() -> None:
    from app.runtime.claim import claim  # noqa: PLC0415  as below
    from app.runtime.run import run_worker  # noqa: PLC0415  the tests import this file and need no Faust

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s")
    with claim(config_of(json.loads(sys.argv[1]))) as claimed:
        leave(run_worker(TOPOLOGY, claimed, {}, catalogue=CATALOGUE))


if __name__ == "__main__":
    main()
