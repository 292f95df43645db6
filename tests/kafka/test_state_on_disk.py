"""The state directory full, read-only or corrupt, and a changelog of which little is left: rebuilt, or an end that says why."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from app.runtime.store.rocks import LAYOUT
from tests.kafka.counted import RIGHT, Installation
from tests.kafka.counting import TABLE
from tests.kafka.harness import Workers, admin, module, read_all, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

RATE = 500
BALLAST = 20_000
FILE_BYTES = (
    200_000  # above the log and the manifest of the database, below what a full buffer of rows comes to on disk
)


@pytest.fixture
def installation(bootstrap: str, tmp_path: Path) -> Installation:
    made = Installation(bootstrap, f"disk-{time.time_ns()}", tmp_path)
    made.create_topics()
    return made


def confined(installation: Installation, how: list[str], **settings: object) -> Workers:
    """Workers as on a machine with less."""

    def command(slot: int) -> list[str]:
        worker = module("tests.kafka.counting", json.dumps({**installation.settings, **settings, "slot": str(slot)}))
        return module("tests.kafka.confined", *how, *worker)

    return Workers(command, installation.directory / "confined.log")


def count_some(installation: Installation, events: int) -> int:
    """A worker counts so many and more, and stops in order; how many were sent."""
    with installation.workers() as workers:
        workers.start(0)
        load = installation.load(RATE)
        wait_for(f"{events} are counted", lambda: installation.counted() >= events, 40)
        sent = load.stop()
        installation.wait_until_counted(sent)
        assert workers.stop() == {0: 0}
    return sent


def test_a_full_state_directory_ends_the_worker_and_the_next_one_reads_the_changelog(
    installation: Installation,
) -> None:
    with confined(installation, ["--file-bytes", str(FILE_BYTES)], ballast=BALLAST) as workers:
        workers.start(0)
        load = installation.load(RATE)
        wait_for("the worker met the end of its disk", lambda: workers.exits[4] > 0, 60)
        assert set(workers.exits) == {4}
        sent = load.stop()
    said = (installation.directory / "confined.log").read_text()
    assert "File too large" in said
    assert "Free the disk" in said
    with installation.workers() as workers:
        workers.start(0)
        installation.wait_until_counted(sent)
    assert installation.verdict(sent) == RIGHT


def test_a_state_directory_that_is_read_only_ends_the_worker_with_its_name(
    installation: Installation, tmp_path: Path
) -> None:
    state = tmp_path / "read-only"
    state.mkdir(mode=0o555)
    with confined(installation, ["--obey-modes"], state_dir=str(state)) as workers:
        workers.start(0)
        wait_for("the worker ended", lambda: workers.exits[4] > 0, 30)
    said = (installation.directory / "confined.log").read_text()
    assert f"state directory {state}/{installation.config.app_id}: Permission denied" in said
    assert "Give STATE_DIR a directory that can be written" in said


def left_of(installation: Installation, topic: str) -> float:
    """Which share of a topic's offsets still has a record; transaction markers have none."""
    records = read_all(installation.bootstrap, topic)
    ends = {record.partition(): record.offset() + 1 for record in records}
    return len(records) / sum(ends.values())


def rows_are_garbage(store: Path) -> None:
    for file in store.glob("*.sst"):
        size = file.stat().st_size
        file.write_bytes(random.randbytes(size))


def manifest_is_cut(store: Path) -> None:
    for file in store.glob("MANIFEST-*"):
        file.write_bytes(file.read_bytes()[:20])


def files_are_missing(store: Path) -> None:
    for file in store.glob("*.sst"):
        file.unlink()


@pytest.mark.long
@pytest.mark.parametrize("damage", [rows_are_garbage, manifest_is_cut, files_are_missing])
def test_a_corrupt_state_directory_is_rebuilt(installation: Installation, damage: Callable[[Path], None]) -> None:
    sent = count_some(installation, 500)
    store = Path(installation.settings["state_dir"]) / installation.config.app_id / "slot-0" / LAYOUT
    assert list(store.glob("*.sst")), "there was state on the disk"
    damage(store)
    with installation.workers() as workers:
        workers.start(0)
        load = installation.load(RATE)
        wait_for("more is counted", lambda: installation.counted() > sent, 60)
        again = load.stop()
        wait_for("all is counted", lambda: installation.counted() >= sent + again, 60)
    state = installation.state()
    assert sum(state.values()) == sent + again, "nothing was forgotten and nothing counted twice"


@pytest.mark.long
def test_a_changelog_that_was_compacted_to_the_last_row_of_each_key_restores_the_same_state(
    installation: Installation, tmp_path: Path
) -> None:
    changelog = installation.config.changelog(TABLE)
    hard = {
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.001",
        "delete.retention.ms": "0",
        "max.compaction.lag.ms": "100",
    }
    entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in hard.items()]
    resource = ConfigResource(ResourceType.TOPIC, changelog, incremental_configs=entries)
    client = admin(installation.bootstrap)
    client.incremental_alter_configs([resource])[resource].result(20)
    sent = count_some(installation, 2000)
    before = installation.state()
    wait_for("it was compacted", lambda: left_of(installation, changelog) < 0.3, 60, every=1.0)
    assert installation.state() == before
    with installation.workers(state_dir=str(tmp_path / "elsewhere")) as workers:
        workers.start(0)
        load = installation.load(RATE)
        wait_for("more is counted", lambda: installation.counted() > sent, 60)
        again = load.stop()
        wait_for("all is counted", lambda: installation.counted() >= sent + again, 60)
    assert sum(installation.state().values()) == sent + again
