"""Runs the counting topology on a real broker under an installation of its own, and judges what was committed."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from app.runtime import clients, topics_admin
from app.runtime.config import RuntimeConfig
from app.runtime.seals import KEY
from app.runtime.store import row_of
from tests.kafka.counting import CATALOGUE, IN, JOURNAL, OUT, TABLE, TOPOLOGY, Count, config_of
from tests.kafka.harness import Load, Workers, lag, module, read_all, wait_for

KEYS = 97


class Installation:
    """Topics under a prefix of their own, workers that count, and the verdict on what they did."""

    def __init__(self, bootstrap: str, name: str, directory: Path, **settings: Any) -> None:
        self.settings = {
            "bootstrap_servers": bootstrap,
            "app_id": "counting",
            "prefix": f"{name}-",
            "state_dir": str(directory / "state"),
            **settings,
        }
        self.settings["app_id"] = f"counting-{name}"
        self.bootstrap = bootstrap
        self.directory = directory
        self.config: RuntimeConfig = config_of(self.settings)
        self.keys_per_event = KEYS
        self._loads: list[Load] = []

    def create_topics(self) -> None:
        admin = clients.admin(self.config)
        wanted = topics_admin.wanted_topics(self.config, TOPOLOGY, CATALOGUE)
        findings = topics_admin.plan(wanted, topics_admin.existing_topics(admin, wanted, self.config))
        topics_admin.create(admin, wanted, findings, self.config)
        wait_for("topics are there", lambda: not self._missing(), 20)

    def _missing(self) -> list[str]:
        known = clients.admin(self.config).list_topics(timeout=5).topics
        return [
            topic.name
            for topic in topics_admin.wanted_topics(self.config, TOPOLOGY, CATALOGUE)
            if topic.name not in known
        ]

    def load(self, rate: float) -> Load:
        load = Load(self.bootstrap, self.config.topic(IN), lambda i: (b"key-%d" % (i * 7919 % KEYS), b"%d" % i), rate)
        load.start()
        self._loads.append(load)
        return load

    @contextmanager
    def workers(self, **settings: Any) -> Iterator[Workers]:
        merged = {**self.settings, **settings}

        def command(slot: int) -> list[str]:
            return module("tests.kafka.counting", json.dumps({**merged, "slot": str(slot)}))

        try:
            with Workers(command, self.directory / "workers.log") as workers:
                yield workers
        except BaseException:
            # else the load of a test that failed goes on beside all tests after it, in their process
            for load in self._loads:
                load.end()
            raise

    def lag(self) -> int:
        return lag(self.bootstrap, self.config.app_id, [self.config.topic(IN), self.config.topic(JOURNAL)])

    def counted(self) -> int:
        """How many events are counted, as a reader of committed records sees it now. An open transaction hides what
        follows it, so this does not wait for the end.
        """
        return len(read_all(self.bootstrap, self.config.topic(OUT), whole=False))

    def open_records(self) -> int:
        """How many records of the changelog no transaction has committed or aborted yet."""
        name = self.config.changelog(TABLE)
        every = read_all(self.bootstrap, name, committed=False)
        return len(every) - len(read_all(self.bootstrap, name, whole=False))

    def wait_until_counted(self, sent: int, seconds: float = 120.0) -> None:
        wait_for(f"{sent} events are counted", lambda: self.counted() >= sent, seconds, every=0.5)

    def verdict(self, sent: int) -> dict[str, int]:
        """0 of everything when each event was counted exactly once, in order, and the changelog says the same."""
        records = [
            (record.key(), json.loads(record.value())) for record in read_all(self.bootstrap, self.config.topic(OUT))
        ]
        ids = Counter(body["id"] for _, body in records)
        numbers: dict[bytes, list[int]] = defaultdict(list)
        for key, body in records:
            numbers[key].append(body["n"])
        state = self.state()
        return {
            "duplicates": len(records) - len(ids),
            "lost": len(set(range(sent)) - ids.keys()),
            "invented": len(ids.keys() - set(range(sent))),
            "wrong counts": sum(said != list(range(1, len(said) + 1)) for said in numbers.values()),
            "wrong state": sum(state.get(key) != len(said) for key, said in numbers.items())
            + len(state.keys() - numbers.keys()),
        }

    def state(self) -> dict[bytes, int]:
        """The counts by key, as the changelog holds them."""
        decode = msgspec.msgpack.Decoder(Count).decode
        return {
            record.key(): decode(row_of(record.value())).n
            for record in read_all(self.bootstrap, self.config.changelog(TABLE))
            if record.key() != KEY
        }


RIGHT = {"duplicates": 0, "lost": 0, "invented": 0, "wrong counts": 0, "wrong state": 0}
