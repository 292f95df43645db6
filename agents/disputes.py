"""Listens to `disputes`: what networks say of a payment goes to the case of its order."""

from agents.desk import Desk
from agents.intake import receive
from agents.links import resolve
from app.runtime.topology import Agent, Batch, Message, Round
from topics.catalogue import DISPUTES
from topics.codec import Received


def agent(desk: Desk) -> Agent:
    """The agent of `disputes`."""

    def pass_on(message: Message, received: Received, round_: Round) -> None:
        resolve(desk, message, received, round_)

    def handle(batch: Batch, round_: Round) -> None:
        receive(desk, batch, round_, pass_on)

    return Agent("disputes", DISPUTES, handle)
