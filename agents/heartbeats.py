"""Listens to `heartbeats`: leads a beat the way of an event, from the door through the journal and out again.

Of the beats in a batch the last one is led on, which proves no less. So where old ones are read again, after the
group's offsets were moved back, few are said again.
"""

from app.runtime.topology import Agent, Batch, Message, Output, Round
from topics.catalogue import HEARTBEATS, JOURNAL
from topics.heartbeats import IN, OUT


def agent() -> Agent:
    """The agent of heartbeats. Those that come out it leaves to whoever began them."""

    def handle(batch: Batch, round_: Round) -> None:
        begun = [message for message in batch.messages if message.key == IN]
        if begun:
            round_.at(begun[-1])
            round_.publish(Output(JOURNAL, None, begun[-1].value, partition=batch.partition))

    return Agent("heartbeats", HEARTBEATS, handle)


def out(beat: Message) -> Output:
    """A beat that was met in the journal, on its way out."""
    return Output(HEARTBEATS, OUT, beat.value, partition=beat.partition)
