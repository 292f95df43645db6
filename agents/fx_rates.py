"""Listens to `fx-rates`: keeps the rates, and refuses what is none. Every worker reads them whole besides."""

from agents.desk import Desk
from agents.intake import receive
from app.runtime.topology import Agent, Batch, Message, Round
from topics.catalogue import FX_RATES
from topics.codec import Received


def agent(desk: Desk) -> Agent:
    """The agent of `fx-rates`."""

    def pass_on(message: Message, received: Received, round_: Round) -> None:  # noqa: ARG001 - all are passed so
        rate = received.event
        desk.results[message.topic, "applied"] += 1
        desk.rates.add(rate.base, rate.quote, rate.as_of, rate.rate)

    def handle(batch: Batch, round_: Round) -> None:
        receive(desk, batch, round_, pass_on)

    return Agent("fx_rates", FX_RATES, handle)
