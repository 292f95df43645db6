"""Listens to `orders`: what a shop says of an order goes to the order's case."""

from agents.desk import Desk
from agents.intake import receive, to_order_case
from app.runtime.topology import Agent, Batch, Round
from topics.catalogue import ORDERS


def agent(desk: Desk) -> Agent:
    """The agent of `orders`."""

    def handle(batch: Batch, round_: Round) -> None:
        receive(desk, batch, round_, to_order_case)

    return Agent("orders", ORDERS, handle)
