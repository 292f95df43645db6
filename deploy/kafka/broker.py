"""A real Apache Kafka on this machine, without containers: one node, loopback only, its data in a directory of its own.

    python deploy/kafka/broker.py                 fetches the jars once (43 MB), starts, prints the address, runs until
                                                  Ctrl-C; what it stored is there again at the next start
    python deploy/kafka/broker.py --fresh         forgets what was stored before

As a module: `with Broker(directory) as broker: broker.bootstrap`; `stop`, `kill` and `start` for tests of faults, and
a second door for clients that must come through a proxy. Three of them with one `Cluster` are what production looks
like: each record on three, two must have it.
"""
# ruff: noqa: INP001  a script in a folder of deployment, no package

import argparse
import base64
import fcntl
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

HERE = Path(__file__).resolve().parent
RUN = HERE.parent.parent / ".run" / "kafka"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
_NOT_FOR_CONNECTIONS = range(10_000, 32_000)

_PROXIED = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port},PROXIED://127.0.0.1:{door.port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{door.proxy_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
"""


class MissingToolError(Exception):
    """The broker cannot run on this machine; the text says what is lacking and how to get it."""


def find_java() -> str:
    """The `java` to use. MissingToolError where there is none, or one older than 17."""
    java = shutil.which("java")
    hint = "Kafka needs Java 17 or newer: install openjdk-17-jre-headless (Debian, Ubuntu) or temurin@17 (macOS)"
    if java is None:
        raise MissingToolError(f"no `java` on the PATH. {hint}.")
    text = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603  from PATH
    version = text.partition('"')[2].partition(".")[0].partition('"')[0]
    if not version.isdigit() or int(version) < 17:
        raise MissingToolError(f"`java` is of version {version or 'unknown'}. {hint}.")
    return java


def fetch_jars(libs: Path = RUN / "libs") -> Path:
    """Copies Kafka's jars into `libs` unless they are there. MissingToolError without Maven or without the jars."""
    if (libs / "complete").exists():
        return libs
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingToolError("no `mvn` on the PATH. It fetches Kafka's jars: install maven (Debian, Ubuntu, macOS).")
    libs.parent.mkdir(parents=True, exist_ok=True)
    with (libs.parent / "fetching").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # tests in several processes want them at once
        if (libs / "complete").exists():
            return libs
        shutil.rmtree(libs, ignore_errors=True)
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={libs}", "-DincludeScope=runtime"]
        command = [maven, "-q", "-B", "-ntp", "-f", str(HERE / "pom.xml"), *copy]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed arguments
        if done.returncode != 0:
            raise MissingToolError(f"Maven could not fetch Kafka's jars:\n{done.stdout[-2000:]}")
        (libs / "complete").touch()
    return libs


@dataclass(frozen=True)
class Cluster:
    """What the brokers of one cluster know of each other: its id, and where the controller in each of them listens."""

    id: str
    controllers: dict[int, int]

    @property
    def voters(self) -> str:
        """As the setting wants it."""
        return ",".join(f"{node}@127.0.0.1:{port}" for node, port in self.controllers.items())


class Door(NamedTuple):
    """Another port of the broker, and that of the proxy in front of it, which clients that come by it are told."""

    port: int
    proxy_port: int


class Broker:
    """One broker process. `port` None: free ones. Its output is in `<directory>/broker.log`.

    `cluster`: the one that it belongs to as `node`; None: it is alone.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        heap: str = "1g",
        cluster: Cluster | None = None,
        node: int = 1,
        door: Door | None = None,
    ) -> None:
        self.directory = directory
        self.port, controller = _ports(directory, port)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._cluster = cluster or Cluster(new_id(), {node: controller})
        self._node = node
        self._heap = heap
        self._door = door
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The broker's process."""
        assert self._process is not None, "started"
        return self._process.pid

    def start(self) -> None:
        """Starts the broker on what it stored before and waits until it answers. RuntimeError where it does not."""
        java, libs = find_java(), fetch_jars()
        configuration = self._format(java, libs)
        level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        command = [java, f"-Xmx{self._heap}", "-Xms256m", level, "-cp", f"{libs}/*", "kafka.Kafka", str(configuration)]
        log = self.directory / "broker.log"
        with log.open("ab") as out:
            # a session of its own: Ctrl-C at the terminal is for us, and we stop the broker in order
            self._process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)  # noqa: S603  fixed arguments
        if not _poll(self._answers, START_SECONDS_MAX):
            self.kill()
            raise RuntimeError(f"the broker did not start; its last words:\n{_tail(log)}")

    def stop(self) -> None:
        """Ends it in order; what it cannot finish in time is killed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._end(signal.SIGKILL)

    def wait(self) -> int:
        """Blocks until the process ends; its exit code."""
        assert self._process is not None, "started"
        return self._process.wait()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _format(self, java: str, libs: Path) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        data = self.directory / "data"
        configuration = self.directory / "server.properties"
        replicas = min(3, len(self._cluster.controllers))
        ports = {"port": self.port, "controller_port": self._cluster.controllers[self._node]}
        text = (
            (HERE / "server.properties")
            .read_text()
            .format(
                **ports,
                node=self._node,
                voters=self._cluster.voters,
                replicas=replicas,
                in_sync=max(1, replicas - 1),
                data=data,
            )
        )
        if self._door is not None:
            text += _PROXIED.format(**ports, door=self._door)
        configuration.write_text(text)
        if not (data / "meta.properties").exists():
            tool = [java, "-cp", f"{libs}/*", "kafka.tools.StorageTool", "format"]
            command = [*tool, f"--cluster-id={self._cluster.id}", "-c", str(configuration)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  fixed arguments
            if done.returncode != 0:
                raise RuntimeError(f"the broker's storage could not be formatted:\n{done.stdout}{done.stderr}")
        return configuration

    def _answers(self) -> bool:
        assert self._process is not None, "started"
        if self._process.poll() is not None:
            raise RuntimeError(f"the broker ended at once; its last words:\n{_tail(self.directory / 'broker.log')}")
        quiet = {"log_level": 0, "socket.timeout.ms": 1000, "reconnect.backoff.max.ms": 100}
        try:
            return bool(AdminClient({"bootstrap.servers": self.bootstrap, **quiet}).list_topics(timeout=1).brokers)
        except KafkaException:
            return False


def new_id() -> str:
    """The id of a new cluster."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens at now, and that no connection is given: a broker that comes back finds its own."""
    shuffled = random.sample(_NOT_FOR_CONNECTIONS, len(_NOT_FOR_CONNECTIONS))
    return list(itertools.islice(filter(_is_free, shuffled), count))


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def _ports(directory: Path, port: int | None) -> tuple[int, int]:
    """The node's own port and its controller's. Stored data remembers the controller's, so a port is kept with it."""
    kept = directory / "ports"
    if kept.exists():
        known, controller = (int(word) for word in kept.read_text().split())
        return port or known, controller
    own, controller = free_ports(2)
    chosen = port or own, controller
    directory.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{chosen[0]} {chosen[1]}")
    return chosen


def _poll(ready: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.05)
    return False


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.exists() else "(no log)"


def main() -> int:
    """Runs a broker until it is told to stop."""
    parser = argparse.ArgumentParser(description="A real Apache Kafka on this machine, on loopback, no containers.")
    parser.add_argument("--port", type=int, default=9092, help="where clients connect (default: 9092)")
    where = "where it stores (default: .run/kafka/data)"
    parser.add_argument("--directory", type=Path, default=RUN / "data", help=where)
    parser.add_argument("--fresh", action="store_true", help="forget what was stored before")
    parser.add_argument("--fetch", action="store_true", help="only fetch the jars")
    arguments = parser.parse_args()
    try:
        find_java()
        fetch_jars()
        if arguments.fetch:
            return 0
        if arguments.fresh:
            shutil.rmtree(arguments.directory, ignore_errors=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with Broker(arguments.directory, port=arguments.port) as broker:
            sys.stdout.write(f"Kafka is ready at {broker.bootstrap} (pid {broker.pid}); Ctrl-C stops it.\n")
            sys.stdout.write(f"export REFUNDRY_KAFKA_BOOTSTRAP_SERVERS={broker.bootstrap}\n")
            sys.stdout.flush()
            return broker.wait()
    except KeyboardInterrupt:
        return 0
    except (MissingToolError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 4


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
