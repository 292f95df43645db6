"""The smallest topology that has everything: two hops, a table, an output per event. It counts events by key.

`python -m tests.kafka.counting SETTINGS` runs one worker of it; SETTINGS is the JSON of what `config_of` takes.
"""

import json
import logging
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from app.runtime.config import Limits, Mode, RuntimeConfig
from app.runtime.exits import leave
from app.runtime.topology import Agent, Batch, Output, Round, TableSpec, Topology
from topics.catalogue import Topic

IN, JOURNAL, OUT, BEATS, TABLE = "events", "journal", "counted", "beats", "counts"

CATALOGUE = (
    # longer than any test's oldest record: a broker first deletes what is too old 30 s after its start, amid a test
    Topic(IN, "key", "in", "delete", 30, (), "the test", "door"),
    Topic(JOURNAL, "key", "internal", "delete", None, (), "door", "counter"),
    Topic(OUT, "key", "out", "delete", 7, (), "counter", "the judge"),
    Topic("dead-letters", "any", "out", "delete", 30, (), "both", "the judge"),
    Topic(BEATS, "`in`", "internal", "delete", 30, (), "who beats", "nobody"),
)


class Count(msgspec.Struct):
    n: int = 0
    ballast: bytes = b""


def door(batch: Batch, round_: Round) -> None:
    for message in batch.messages:
        round_.at(message)
        round_.publish(Output(JOURNAL, message.key, message.value))


def counter(ballast: int) -> Agent:
    """Counts; each row weighs `ballast` bytes more, which no compression takes away."""

    def count(batch: Batch, round_: Round) -> None:
        table = round_.table(TABLE, batch.partition)
        for message in batch.messages:
            round_.at(message)
            assert message.key is not None
            key = message.key.decode()
            row = table.get(key) or Count()
            row.n += 1
            row.ballast = random.randbytes(ballast)
            table.put(key, row, due=None)
            body = json.dumps({"id": int(message.value or b"0"), "n": row.n}).encode()
            round_.publish(Output(OUT, message.key, body))

    return Agent("counter", JOURNAL, count)


def never(round_: Round, partition: int, key: str, due: int, now: int) -> None:
    raise AssertionError("no row of this table falls due")


def topology(ballast: int = 0, *, beats: bool = False) -> Topology:
    """`beats`: with heartbeats, that is with something to say while nobody says anything."""
    table = TableSpec(TABLE, (JOURNAL,), msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Count).decode, never)
    agents = (Agent("door", IN, door), counter(ballast))
    if not beats:
        return Topology(agents=agents, tables=(table,))
    return Topology(agents=(*agents, Agent("beats", BEATS, lambda *_: None)), tables=(table,), heartbeats=BEATS)


TOPOLOGY = topology()


def config_of(settings: dict[str, Any]) -> RuntimeConfig:
    """The runtime's configuration. `crash`: how likely the process kills itself at each point of a round; `hold`: for
    how many seconds it waits at the point `hold_at`; by default that is in an open transaction whose records are
    produced and whose offsets are not.
    """
    settings = {"ops_bind": "127.0.0.1:0", "partitions": 4, **settings}
    crash, hold, hold_at = (
        settings.pop(*one) for one in (("crash", 0.0), ("hold", 0.0), ("hold_at", "before_offsets"))
    )
    limits = {"session_timeout_ms": 6000, "transaction_timeout_ms": 6000, "restore_stall": 20.0}
    limits.update(settings.pop("limits", {}))
    state_dir, mode = Path(settings.pop("state_dir")), Mode(settings.pop("mode", "transactional"))

    def probe(point: str) -> None:
        if hold and point == hold_at:
            logging.getLogger(__name__).info("holding a transaction open")
            time.sleep(hold)
        if random.random() < crash:
            if point == "before_commit":
                # inside the commit: somewhere in its few milliseconds
                threading.Timer(random.random() * 0.01, os.kill, (os.getpid(), signal.SIGKILL)).start()
                return
            os.kill(os.getpid(), signal.SIGKILL)

    return RuntimeConfig(**settings, state_dir=state_dir, mode=mode, limits=Limits(**limits), probe=probe)


def main() -> None:
    from app.runtime.claim import claim  # noqa: PLC0415  as below
    from app.runtime.run import run_worker  # noqa: PLC0415  the tests import this file and need no Faust

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s")
    settings = json.loads(sys.argv[1])
    made = topology(settings.pop("ballast", 0), beats=bool(settings.get("heartbeat_s")))
    with claim(config_of(settings)) as claimed:
        leave(run_worker(made, claimed, {}, catalogue=CATALOGUE))


if __name__ == "__main__":
    main()
