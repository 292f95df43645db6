"""Who listens: one small file per input. `assemble` puts them together for whichever runtime runs them."""

from agents import (
    casework,
    customers,
    disputes,
    fx_rates,
    heartbeats,
    history,
    links,
    monitoring,
    orders,
    payments,
    reviews,
)
from agents.desk import Desk
from app.domain.records import Record
from app.runtime.topology import Topology
from topics.catalogue import HEARTBEATS

__all__ = ["Desk", "assemble"]


def assemble(desk: Desk, *, snapshots: bool = True, unsaid: tuple[type[Record], ...] = ()) -> Topology:
    """All agents and tables of the application. `snapshots` False: the engine takes them from the rows at its end.
    `unsaid`: records of cases that whoever runs it does not want to hear of.
    """
    return Topology(
        agents=(
            orders.agent(desk),
            payments.agent(desk),
            disputes.agent(desk),
            reviews.agent(desk),
            customers.agent(desk),
            fx_rates.agent(desk),
            casework.agent(desk, snapshots=snapshots, unsaid=unsaid),
            history.agent(),
            monitoring.agent(desk),
            heartbeats.agent(),
        ),
        tables=(links.table(), casework.table(), history.table(), monitoring.table()),
        heartbeats=HEARTBEATS,
    )
