"""What every rule is given: the facts, what was said, and what the transport promised."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.demo.oracle.books import Books
from app.demo.oracle.heard import Arrival, Fact, Facts
from app.demo.oracle.said import Said
from app.demo.oracle.verdict import Figures
from app.demo.oracle.wire import Body, Position

ALERT_PREFIX = "alert:"
Request = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One run to be judged.

    `total_order`: the inputs stand in the one order in which they were handled, as in a replay. Else only the order of
    each partition is known, as on Kafka. `exactly_once`: no committed record may appear twice; else repeats are only
    counted. `instructions`: what was ordered for each request, by instruction. `historical`: orders of the past,
    decided without acting on them.
    """

    arrivals: dict[Position, Arrival]
    facts: Facts
    said: Said
    books: Books
    by_request: dict[Request, list[Body]]
    instructions: dict[Request, dict[str, Body]]
    historical: set[tuple[str, str]]
    total_order: bool
    exactly_once: bool
    figures: Figures

    def approvals(self) -> Iterator[tuple[Request, Body]]:
        """The approvals, of each request the first."""
        for request, decisions in self.by_request.items():
            found = next((body for body in decisions if body["type"] == "refund.approved"), None)
            if found is not None:
                yield request, found

    def refused_by_provider(self, merchant: str, instruction_id: str) -> bool:
        """Whether the provider said no to the instruction, by itself and not because we cancelled it."""
        name = (merchant, instruction_id)
        facts = [*self.facts.answered.get(name, []), *self.facts.credits.get(name, [])]
        return any(
            fact.type in {"refund.failed", "store_credit.failed"} and fact.body.get("failure_code") != "canceled"
            for fact in facts
        )

    def cause(self, body: Body) -> Fact | None:
        """The inbound event that the output names as its cause."""
        return self.facts.cause(body.get("merchant_id", ""), body.get("cause"))


def named(request: Request) -> str:
    """How violations name a request."""
    return "/".join(request)


def amount_of(body: Body) -> int:
    """Minor units of `amount`, zero where it is null."""
    return int((body.get("amount") or {}).get("amount_minor") or 0)
