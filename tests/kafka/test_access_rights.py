"""On a broker that refuses what nobody allowed, the rights that deploy/before-live.md names are enough."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from tests.cli.messages import capture, order, request
from tests.console.world import users_file
from tests.kafka.harness import ROOT, free_port, local_broker, wait_for
from tests.kafka.product import Product
from tests.kafka.test_console import Browser, address_in, of, readyz
from tests.kafka.test_dead_letters import today
from tests.readside.server import Server
from topics.catalogue import INBOUND, OUTBOUND, TOPICS
from topics.partitioning import partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

TOPIC, GROUP, IDENTITY = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID
LITERAL, BEGINNING = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
READ, WRITE, DESCRIBE, CREATE = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE, AclOperation.CREATE
CONFIGS = AclOperation.DESCRIBE_CONFIGS
PARTITIONS = 2

PROTECTED = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},LOGIN://127.0.0.1:{door}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{door}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
"""
USERS = ("worker", "release", "duty", "publisher", "read-side", "console")


class Protected(local_broker.Broker):
    """A broker with a second door at which users log in, each with its name as password; they may nothing at first."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.login = free_port()

    def _format(self, java: str, libs: Path) -> Path:
        configuration = super()._format(java, libs)
        users = " ".join(f'user_{name}="{name}"' for name in USERS)
        ports = {"port": self.port, "controller": self._cluster.controllers[self._node], "door": self.login}
        with configuration.open("a") as more:
            more.write("\n" + PROTECTED.format(**ports, users=users))
        return configuration


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Protected]:
    with Protected(tmp_path_factory.mktemp("protected")) as broker:
        yield broker


@pytest.fixture
def product(broker: Protected, tmp_path: Path) -> Product:
    return Product(broker.bootstrap, f"rights{time.time_ns()}", tmp_path, partitions=PARTITIONS, heartbeat_s=5)


def as_user(product: Product, broker: Protected, user: str, **more: Any) -> Product:
    """The same installation, as this user comes to it."""
    directory = product.directory / user
    directory.mkdir(exist_ok=True)
    login = {
        "kafka_bootstrap_servers": f"127.0.0.1:{broker.login}",
        "kafka_security_protocol": "SASL_PLAINTEXT",
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_sasl_username": user,
        "kafka_sasl_password": user,
    }
    return Product(broker.bootstrap, product.prefix.removesuffix("-"), directory, **{**product.given, **login, **more})


def allow(
    broker: Protected, user: str, kind: ResourceType, names: list[str], *what: AclOperation, how: Any = LITERAL
) -> None:
    bindings = [
        AclBinding(kind, name, how, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for name in names
        for operation in what
    ]
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for future in admin.create_acls(bindings).values():
        future.result(20)


def give_rights(broker: Protected, product: Product) -> None:
    """Those of the table."""
    every = [product.prefix + topic.name for topic in TOPICS]
    changelogs = [f"{product.prefix}{product.group}-"]
    own = [product.prefix + name for name in ("case-events", "customer-activity", "merchant-activity", "heartbeats")]
    published, inbound = [product.prefix + name for name in OUTBOUND], [product.prefix + name for name in INBOUND]
    groups = [product.group]
    for user in ("worker", "duty"):
        allow(broker, user, TOPIC, every, READ, CONFIGS)
        allow(broker, user, TOPIC, changelogs, READ, CONFIGS, how=BEGINNING)
    allow(broker, "worker", TOPIC, [*own, *published], WRITE)
    allow(broker, "worker", TOPIC, changelogs, WRITE, how=BEGINNING)
    allow(broker, "worker", IDENTITY, [f"{product.group}-slot"], WRITE, DESCRIBE, how=BEGINNING)
    for user in ("worker", "duty", "read-side", "console", "release"):
        allow(broker, user, GROUP, groups, READ, how=BEGINNING)
    allow(broker, "duty", TOPIC, ["__consumer_offsets"], DESCRIBE)
    allow(broker, "duty", TOPIC, inbound, WRITE)
    allow(broker, "duty", IDENTITY, [f"{product.group}-redrive-slot0"], WRITE, DESCRIBE)
    allow(broker, "release", TOPIC, every, CREATE, DESCRIBE, CONFIGS)
    allow(broker, "release", TOPIC, changelogs, CREATE, DESCRIBE, CONFIGS, how=BEGINNING)
    allow(broker, "release", TOPIC, [product.prefix + name for name in ("policies", "fx-rates")], READ, WRITE)
    allow(broker, "publisher", TOPIC, inbound, WRITE)
    allow(broker, "read-side", TOPIC, [f"{product.prefix}case-snapshots"], READ)
    allow(broker, "console", TOPIC, [f"{product.prefix}dead-letters"], READ)
    allow(broker, "console", TOPIC, [f"{product.prefix}reviews"], WRITE)


def test_the_rights_that_are_written_down_are_enough_for_everybody(broker: Protected, product: Product) -> None:
    give_rights(broker, product)
    release, duty, worker = (as_user(product, broker, user) for user in ("release", "duty", "worker"))
    for command in (("topics", "create"), ("policy", "publish", str(ROOT / "app" / "policies" / "examples"))):
        done = release.run(*command)
        assert done.returncode == 0, done.stderr

    publisher = Producer(
        {
            "bootstrap.servers": f"127.0.0.1:{broker.login}",
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "publisher",
            "sasl.password": "publisher",
            "partitioner": "murmur2_random",
        }
    )

    def publish(topic: str, key: str, line: Any, **where: int) -> None:
        publisher.produce(product.prefix + topic, key=key, value=today(line), **where)
        assert publisher.flush(20) == 0

    publish("orders", "o1", order("o1"))
    publish("payments", "p-o1", capture("o1"))
    publish("orders", "o1", request("o1"))
    with worker.workers() as workers:
        workers.start(0)
        wait_for("a decision", lambda: len(product.records("refund-decisions")) > 0 or workers.code(0) is not None, 60)
        assert workers.code(0) is None, workers.said()
        for command in ("doctor",), ("report", "money"), ("audit", "verify"):
            done = duty.run(*command)
            assert done.returncode == 0, done.stderr
        publish("payments", "p-o2", capture("o2"), partition=1 - partition_of(b"p-o2", PARTITIONS))
        wait_for("a refusal", lambda: len(product.records("dead-letters")) > 0, 60)
        done = duty.run("dead-letters", "redrive", "--code", "wrong_partition", "--yes")
        assert done.returncode == 0, done.stderr
        assert len(product.records("payments")) == 3
        assert workers.stop() == {0: 0}


@pytest.mark.redis
def test_read_side_and_console_need_no_more_than_they_are_given(
    broker: Protected, product: Product, tmp_path: Path
) -> None:
    product.create()
    give_rights(broker, product)
    with Server(tmp_path) as server:
        for user, rights in (
            ("read-side", ["+@read", "+@write", "+@transaction", "+@connection"]),
            ("console", ["+@read", "+@transaction", "+@connection"]),
        ):
            server.client().execute_command("ACL", "SETUSER", user, "on", ">secret", "~refundry:*", *rights)
        console_at, follower_at = (f"127.0.0.1:{free_port()}" for _ in range(2))
        users = {"console_users": str(users_file(tmp_path / "users.yaml")), "console_bind": "127.0.0.1:0"}

        def known_as(user: str, ops: str) -> Product:
            url = f"redis://{user}:secret@127.0.0.1:{server.port}/0"
            return as_user(product, broker, user, redis_url=url, ops_bind=ops, **users)

        with (
            of(known_as("read-side", follower_at), "projections", "run") as follower,
            of(known_as("console", console_at), "console") as console,
        ):
            follower.start(0)
            console.start(0)
            for address in (follower_at, console_at):
                wait_for("it is ready", lambda address=address: readyz(address) == "ready\n", 60)
            said = product.directory / "console" / "console.log"
            wait_for("the console serves", lambda: address_in(said) != "", 60)
            ann = Browser(address_in(said), "ann")
            assert "Nothing waits here." in ann.get("/").text
            assert console.stop(seconds=30) == {0: 0}
            assert follower.stop(seconds=30) == {0: 0}
