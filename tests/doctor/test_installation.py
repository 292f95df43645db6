"""How the doctor asks Kafka: what is not answered is not taken for an answer."""

from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka.admin import ListOffsetsResultInfo

from app.doctor import Verdict, topics
from app.doctor.installation import Installation
from app.runtime.config import Limits, RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.topology import Topology
from app.settings import load_settings
from tests.runtime.failing_broker import FailingBroker


class Answering:
    """Leaders that answer these offsets, one after the other; librdkafka says -1001 where no answer came."""

    def __init__(self, *offsets: int) -> None:
        self._offsets = list(offsets)

    def list_topics(self, **_: Any) -> None:
        """Who leads is no question here."""

    def list_offsets(self, wanted: dict[Any, Any], **_: Any) -> dict[Any, Future[Any]]:
        offset = self._offsets.pop(0) if len(self._offsets) > 1 else self._offsets[0]
        answers: dict[Any, Future[Any]] = {place: Future() for place in wanted}
        for answer in answers.values():
            answer.set_result(ListOffsetsResultInfo(offset, -1, -1))
        return answers


def asking(monkeypatch: pytest.MonkeyPatch, state_dir: Path, *offsets: int) -> Installation:
    monkeypatch.setattr(Installation, "admin", Answering(*offsets))
    config = RuntimeConfig(bootstrap_servers="127.0.0.1:1", state_dir=state_dir, limits=Limits(patience=0.5))
    return Installation(load_settings({}), config, Topology((), ()))


def test_where_a_leader_does_not_answer_it_is_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = asking(monkeypatch, tmp_path, -1001, 7)
    assert asked.beginnings([("orders", 0)]) == {("orders", 0): 7}


def test_an_offset_that_is_none_is_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="_TIMED_OUT"):
        asking(monkeypatch, tmp_path, -1001).beginnings([("orders", 0)])


def test_a_partition_that_no_broker_leads_at_the_moment_is_asked_about_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with FailingBroker() as broker:
        broker.create_topic("orders")
        broker.lead("orders", None)
        config = RuntimeConfig(bootstrap_servers=broker.bootstrap, state_dir=tmp_path, limits=Limits(patience=20.0))
        ready = [1]  # between two questions it gets its leader, once
        monkeypatch.setattr("app.runtime.faults.time.sleep", lambda _: ready and broker.lead("orders", ready.pop()))
        asked = Installation(load_settings({}), config, Topology((), ()))
        assert asked.ends([("orders", 0)], committed=False) == {("orders", 0): 0}


@pytest.mark.parametrize(("in_sync", "verdict"), [("1", Verdict.LOOK), ("2", Verdict.OK), (None, Verdict.OK)])
def test_three_copies_of_which_one_is_enough_to_acknowledge_are_worth_a_look(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_sync: str | None, verdict: Verdict
) -> None:
    config = RuntimeConfig(bootstrap_servers="127.0.0.1:1", state_dir=tmp_path)
    installation = Installation(load_settings({}), config, Topology((), ()))
    partitions = {0: SimpleNamespace(replicas=[1, 2, 3])}
    known = {topic.name: SimpleNamespace(partitions=partitions) for topic in installation.wanted}

    def settings(resources: list[Any], **_: Any) -> dict[Any, Future[Any]]:
        answers: dict[Any, Future[Any]] = {resource: Future() for resource in resources}
        for resource, answer in answers.items():
            own = in_sync if resource.name == "case-events" else "2"
            answer.set_result({} if own is None else {"min.insync.replicas": SimpleNamespace(value=own)})
        return answers

    broker = SimpleNamespace(list_topics=lambda **_: SimpleNamespace(topics=known), describe_configs=settings)
    monkeypatch.setattr(Installation, "admin", broker)
    (found,) = topics.replicas(installation)
    assert found.verdict is verdict
    assert ("case-events" in found.found) == (verdict is Verdict.LOOK)
