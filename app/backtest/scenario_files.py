"""Scenario files: small stories that a policy's author writes beside it, events in and expected decisions out.

    scenario: a gift card goes to review
    events:
      - type: order.placed
        currency: EUR
        lines: [{line_id: l1, sku: gift, kind: gift_card, quantity: 1, amount_minor: 5000}]
      - {type: payment.captured, amount: {amount_minor: 5000, currency: EUR}, method: {kind: card}}
      - {type: refund.requested, request_id: r1, requested_by: customer, reason: other, scope: {kind: full}}
    expect:
      - {request_id: r1, outcome: held, rule: gift_cards_are_reviewed}

An event is a body of the contract. What a story need not say is filled in: ids, the merchant, the order `o1`, the
payment `p1`, and times a minute apart.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from agents.desk import milliseconds
from app.policies import PoliciesRefusedError, Problem, marked_yaml
from app.policies.problems import Source, did_you_mean
from app.policies.values import as_moment
from app.replay.lines import Line, right_key
from topics.catalogue import CATALOGUE, DISPUTES, INBOUND, ORDERS, PAYMENTS, REVIEWS
from topics.twins import tag_of

FOLDER = "scenarios"
FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)
STEP = timedelta(minutes=1)
MERCHANT = "shop"

Outcome = Literal["approved", "denied", "held", "withdrawn"]
Moment = Annotated[datetime, BeforeValidator(as_moment)]


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Expected(_Closed):
    """What is expected of the last decision on a request; what is left out may be anything."""

    request_id: str = Field(description="the id of a request among the events")
    outcome: Outcome = Field(description="one of approved, denied, held, withdrawn")
    amount_minor: int | None = Field(default=None, description="minor units of the order's currency")
    reason: str | None = Field(default=None, description="a reason code of the decision")
    rule: str | None = Field(default=None, description="a rule among the decision's reasons")
    waiting_for: str | None = Field(default=None, description="what a held request waits for")


class Scenario(_Closed):
    """One story. `until` moves the clock on at its end, so that waits end."""

    scenario: str = Field(min_length=1, max_length=200, description="a sentence that says what the story shows")
    merchant_id: str = Field(default=MERCHANT, description="a merchant id")
    start: Moment = Field(default=FIRST, description="a time with offset, like 2026-01-05T12:00:00Z")
    until: Moment | None = Field(default=None, description="a time with offset, like 2026-02-05T12:00:00Z")
    events: list[dict[str, Any]] = Field(min_length=1, max_length=1000, description="a list of events, like {type: …}")
    expect: list[Expected] = Field(min_length=1, description="a list of expected decisions, like {request_id: …}")


class Told(msgspec.Struct, frozen=True):
    """A scenario and where it stands."""

    scenario: Scenario
    source: Source

    def lines(self) -> Iterator[Line]:
        """The events as messages, in order. A line has the number of its event."""
        at = self.scenario.start
        for number, event in enumerate(self.scenario.events, 1):
            topic = TOPICS[event["type"]]
            body = self._defaults(topic, number, at) | event
            value = msgspec.json.encode(body)
            at = _moment(body["occurred_at"], at)
            key = right_key(topic, value)
            yield Line(topic, key.encode() if key else None, value, (), milliseconds(at))
            at += STEP

    def _defaults(self, topic: str, number: int, at: datetime) -> dict[str, Any]:
        named = {"event_id": f"e{number}", "occurred_at": at, "merchant_id": self.scenario.merchant_id}
        if topic in (PAYMENTS, DISPUTES):
            return named | {"order_id": "o1", "payment_id": "p1"}
        return named | {"order_id": "o1"} if topic in (ORDERS, REVIEWS) else named


def _moment(written: Any, otherwise: datetime) -> datetime:
    """The time that an event gives itself; one that is none is refused where the event is read."""
    try:
        return written if isinstance(written, datetime) else as_moment(written)
    except PydanticCustomError:
        return otherwise


def _topics() -> dict[str, str]:
    found = {}
    for topic in INBOUND:
        for model in CATALOGUE[topic].types:
            if tag := tag_of(model):
                found[tag[1]] = topic
    return found


TOPICS: dict[str, str] = _topics()
"""The topic of every inbound type."""


def read_scenarios(directory: Path) -> list[Told]:
    """The scenarios in the folder `scenarios` of a directory of policies. Raises `PoliciesRefusedError`."""
    problems: list[Problem] = []
    try:
        files = sorted(path for path in (directory / FOLDER).iterdir() if path.suffix in (".yaml", ".yml"))
    except FileNotFoundError:
        files = []
    except OSError as error:
        raise PoliciesRefusedError([_unreadable(directory / FOLDER, error)]) from None
    told: list[Told] = []
    for file in files:
        try:
            told.append(_read(file))
        except PoliciesRefusedError as error:
            problems += error.problems
    if problems:
        raise PoliciesRefusedError(problems)
    return told


def _read(file: Path) -> Told:
    try:
        with file.open("rb") as stream:
            body = stream.read(marked_yaml.MAX_BYTES + 1)
    except OSError as error:
        raise PoliciesRefusedError([_unreadable(file, error)]) from None
    marked = marked_yaml.read(body)
    source = Source(str(file), marked.lines)
    problems = [Problem(source.name, flaw.line, "", flaw.message, flaw.hint) for flaw in marked.flaws]
    if problems or not isinstance(marked.value, dict):
        raise PoliciesRefusedError(
            problems or [source.problem((), "expected a scenario", "like scenario: …, events: …")]
        )
    problems += _wrong_types(marked.value.get("events"), source)
    try:
        scenario = Scenario.model_validate(marked.value)
    except ValidationError as error:
        problems += [_explained(dict(detail), source) for detail in error.errors()]
        raise PoliciesRefusedError(sorted(problems, key=lambda problem: problem.line or 0)) from None
    if problems:
        raise PoliciesRefusedError(problems)
    return Told(scenario, source)


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(str(path), None, "", error.strerror or "unreadable", "check that it exists and can be read")


def _wrong_types(events: Any, source: Source) -> list[Problem]:
    """Events of no type that the contract knows; what is no event is told elsewhere."""
    return [
        source.problem(
            ("events", index, "type"),
            "expected an inbound type of the contract",
            did_you_mean(str(event.get("type")), TOPICS),
        )
        for index, event in enumerate(events if isinstance(events, list) else [])
        if isinstance(event, dict) and event.get("type") not in TOPICS
    ]


def _explained(detail: dict[str, Any], source: Source) -> Problem:
    location = tuple(detail["loc"])
    model = Expected if location[0] == "expect" and len(location) > 2 else Scenario
    name = str(location[-1])
    if detail["type"] == "extra_forbidden":
        return source.problem(location, "unknown key", did_you_mean(name, model.model_fields))
    field = model.model_fields.get(name) or Scenario.model_fields[str(location[0])]
    word = "missing, expected" if detail["type"] == "missing" else "expected"
    return source.problem(location, f"{word} {field.description}")
