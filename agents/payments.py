"""Listens to `payments`: money taken and given back goes to the case of the payment's order."""

from agents.desk import Desk
from agents.intake import receive
from agents.links import resolve
from app.runtime.topology import Agent, Batch, Message, Round
from topics.catalogue import PAYMENTS
from topics.codec import Received


def agent(desk: Desk) -> Agent:
    """The agent of `payments`."""

    def pass_on(message: Message, received: Received, round_: Round) -> None:
        resolve(desk, message, received, round_)

    def handle(batch: Batch, round_: Round) -> None:
        receive(desk, batch, round_, pass_on)

    return Agent("payments", PAYMENTS, handle)
