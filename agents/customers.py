"""Listens to `customers`: what is said of a customer goes to where their history is."""

from agents.desk import Desk
from agents.intake import journal_headers, receive
from app.runtime.topology import Agent, Batch, Message, Output, Round
from topics.catalogue import CUSTOMER_ACTIVITY, CUSTOMERS
from topics.codec import Received


def agent(desk: Desk) -> Agent:
    """The agent of `customers`."""

    def pass_on(message: Message, received: Received, round_: Round) -> None:
        event = received.event
        key = f"{event.merchant_id}/{event.customer_id}"
        round_.publish(Output(CUSTOMER_ACTIVITY, key.encode(), received.body, journal_headers(message, received)))

    def handle(batch: Batch, round_: Round) -> None:
        receive(desk, batch, round_, pass_on)

    return Agent("customers", CUSTOMERS, handle)
