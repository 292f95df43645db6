"""A heartbeat passes the stations of an event, and leaves nothing behind there."""

from agents import Desk, assemble
from app.runtime.round import Staging
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Batch, Message, Output
from tests.agents.shop import Shop
from tests.domain.events import amount, asked, captured, placed
from topics.catalogue import HEARTBEATS, JOURNAL
from topics.heartbeats import IN, OUT

BEAT = b"1772541000123"


def beat(offset: int, key: bytes | None, value: bytes = BEAT, topic: str = HEARTBEATS) -> Message:
    return Message(topic, 3, offset, 0, key, value, ())


def handled(*messages: Message) -> list[Output]:
    """What a round says that was given these, in partition 3."""
    staging = Staging(assemble(Desk(secret=b"x")), version="0")
    staging.open("cases", 3, MemoryStore())
    staging.run([Batch(messages[0].topic, 3, messages)])
    assert not staging.changes
    return staging.outputs


def test_a_beat_goes_into_the_journal_and_out_again_in_its_own_partition() -> None:
    assert handled(beat(0, IN)) == [Output(JOURNAL, None, BEAT, partition=3)]
    assert handled(beat(0, None, topic=JOURNAL)) == [Output(HEARTBEATS, OUT, BEAT, partition=3)]
    assert handled(beat(0, OUT)) == []


def test_of_many_beats_the_last_one_is_led_on() -> None:
    assert [out.value for out in handled(beat(0, IN, b"1"), beat(1, IN, b"2"), beat(2, OUT, b"0"))] == [b"2"]
    passing = [beat(n, None, b"%d" % n, JOURNAL) for n in range(5)]
    assert [out.value for out in handled(*passing)] == [b"4"]


def is_beat(out: Output) -> bool:
    return out.topic == HEARTBEATS or (out.topic == JOURNAL and out.key is None)


def decided(*, beats: bool) -> Shop:
    """A request that is approved, with or without a beat after every event."""
    shop = Shop()
    for said in (placed(), captured("100.00", order_id="o1"), asked(scope=amount("10.00"))):
        shop.publish(said)
        if beats:
            shop.append(HEARTBEATS, IN, BEAT)
    return shop


def test_with_beats_between_them_events_come_to_the_same_bytes() -> None:
    alone, with_beats = decided(beats=False), decided(beats=True)
    assert len(alone.bodies("refund-decisions", "refund.approved")) == 1
    assert [out for out in with_beats.outputs if not is_beat(out)] == alone.outputs
    assert len([out for out in with_beats.outputs if is_beat(out)]) == 2 * 3
    assert with_beats.rows("cases") == alone.rows("cases")
    assert with_beats.desk.results == alone.desk.results
