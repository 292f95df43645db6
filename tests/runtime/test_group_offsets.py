"""Where a group stands is asked without joining it: no offset is left out, and what is no answer is not taken for one."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from app.runtime import clients
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.group_offsets import committed_by_group

CONFIG = RuntimeConfig(bootstrap_servers="none:1", state_dir=Path("none"), app_id="shop")
PLACES = [("orders", 0), ("orders", 1), ("journal", 0)]
UNKNOWN = KafkaError(KafkaError._WAIT_COORD)


class Consumer:
    """Gives these answers, one after the other; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []
        self.closed = 0

    def committed(self, places: list[TopicPartition], timeout: float) -> Any:
        assert timeout > 0
        self.asked += [(place.topic, place.partition) for place in places]
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> Consumer:
    made = Consumer()

    def reader(config: RuntimeConfig, *, committed: bool, group: str) -> Consumer:
        assert (config, committed, group) == (CONFIG, False, "shop"), "an open transaction would hold it up"
        return made

    monkeypatch.setattr(clients, "reader", reader)
    monkeypatch.setattr("app.runtime.faults.time.sleep", lambda _: None)
    return made


def at(topic: str, number: int, offset: int, error: Any = None) -> Any:
    return SimpleNamespace(topic=topic, partition=number, offset=offset, metadata="partitions=2", error=error)


def found(patience: float = 5.0) -> list[tuple[str, int, int]]:
    return [(one.topic, one.partition, one.offset) for one in committed_by_group(CONFIG, PLACES, patience=patience)]


def test_partitions_without_an_offset_are_left_out_and_those_at_their_beginning_are_not(consumer: Consumer) -> None:
    consumer.answers = [[at("orders", 0, 0), at("orders", 1, OFFSET_INVALID), at("journal", 0, 7)]]
    assert found() == [("orders", 0, 0), ("journal", 0, 7)]
    assert (consumer.asked, consumer.closed) == (PLACES, 1)


@pytest.mark.parametrize("no_answer", [[at("orders", 0, OFFSET_INVALID, UNKNOWN)], KafkaException(UNKNOWN)])
def test_what_is_no_answer_is_asked_again(consumer: Consumer, no_answer: Any) -> None:
    consumer.answers = [no_answer, [at("orders", 0, 3)]]
    assert found() == [("orders", 0, 3)]


def test_a_group_whose_coordinator_stays_away_is_not_one_without_offsets(consumer: Consumer) -> None:
    consumer.answers = [[at("orders", 0, OFFSET_INVALID, UNKNOWN)]]
    with pytest.raises(UnreachableError, match="where the group's offsets are"):
        found(patience=0.0)
    assert consumer.closed == 1


def test_of_no_partitions_nobody_is_asked(consumer: Consumer) -> None:
    assert committed_by_group(CONFIG, [], patience=0.0) == []
    assert consumer.asked == []
