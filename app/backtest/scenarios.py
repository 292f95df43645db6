"""Scenarios tried: does each come out as its author expects, and which rules never held in any of them?"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from agents import Desk
from app.backtest.scenario_files import Expected, Told
from app.backtest.world import Decision
from app.domain.policy import Policies
from app.domain.policy_terms import Condition
from app.policies import Problem, Written, compile_condition
from app.replay import HASH_KEY, Replay
from app.replay.run import rarely_collected
from app.runtime.topology import Output
from topics.catalogue import DEAD_LETTERS, DECISIONS
from topics.dead_letters import CODE, MESSAGE

_decode = msgspec.json.Decoder(Decision).decode


class CountedCondition:
    """A condition that remembers how often it was met and how often it could not judge. Implements `Condition`."""

    def __init__(self, condition: Condition) -> None:
        self.reads = condition.reads
        self.met = 0
        self.not_judged = 0
        self._condition = condition

    def __call__(self, facts: Mapping[str, Any]) -> bool | None:
        """What the condition says."""
        met = self._condition(facts)
        self.met += met is True
        self.not_judged += met is None
        return met


def counted(source: str) -> CountedCondition:
    """A compiler of conditions that count."""
    return CountedCondition(compile_condition(source))


class Result(msgspec.Struct, frozen=True):
    """One scenario as it came out; `problems` is empty where all was as expected."""

    scenario: str
    file: str
    problems: tuple[Problem, ...]


class Coverage(msgspec.Struct, frozen=True):
    """One rule, and in how many assessments of all scenarios its condition was met or could not judge."""

    policy: str
    version: int
    rule: str
    met: int
    not_judged: int


def try_scenarios(told: Sequence[Told], policies: Sequence[Written]) -> list[Result]:
    """Each scenario in a world of its own, under the same policies."""
    book = Policies(written.policy for written in policies)
    with rarely_collected():
        return [_try(one, book) for one in told]


def coverage(policies: Sequence[Written]) -> list[Coverage]:
    """What the conditions counted; the policies were read with the compiler `counted`."""
    return [
        Coverage(policy.id, policy.version, rule.name, rule.condition.met, rule.condition.not_judged)
        for policy, _ in policies
        for rule in policy.rules
        if isinstance(rule.condition, CountedCondition)
    ]


def _try(told: Told, book: Policies) -> Result:
    decisions: dict[str, Decision] = {}
    refused: list[str] = []

    def take(output: Output) -> None:
        if output.topic == DECISIONS and output.value is not None:
            decision = _decode(output.value)
            decisions[decision.request_id] = decision
        elif output.topic == DEAD_LETTERS:
            headers = dict(output.headers)
            refused.append(f"{headers[CODE].decode()}: {headers[MESSAGE].decode()}")

    scenario, problems = told.scenario, list[Problem]()
    with TemporaryDirectory(prefix="refundry-scenario-") as scratch:
        desk = Desk(secret=HASH_KEY.encode(), policies=book)
        with closing(Replay(desk, sink=take, scratch=Path(scratch))) as replay:
            for index, line in enumerate(told.lines()):
                replay.feed((line,), lambda _: None)
                replay.settle()
                problems += [told.source.problem(("events", index), f"refused: {text}") for text in refused]
                refused.clear()
            replay.settle(scenario.until)
    for index, expected in enumerate(scenario.expect):
        for name, text in _differences(expected, decisions.get(expected.request_id)):
            problems.append(told.source.problem(("expect", index, name), text))
    return Result(scenario.scenario, told.source.name, tuple(problems))


def _differences(expected: Expected, decision: Decision | None) -> list[tuple[str, str]]:
    """What is otherwise than expected: the field, and what came instead."""
    if decision is None:
        return [("request_id", f"expected a decision on {expected.request_id}, there is none")]
    codes = [reason.code for reason in decision.reasons]
    rules = [reason.rule for reason in decision.reasons]
    amount = decision.amount.amount_minor if decision.amount else None
    because = f"{decision.outcome} because of {', '.join(codes) or 'nothing'}"
    found = []
    if expected.outcome != decision.outcome:
        found.append(("outcome", f"expected {expected.outcome}, it was {because}"))
    if expected.amount_minor not in (None, amount):
        found.append(("amount_minor", f"expected {expected.amount_minor}, it was {amount}"))
    if expected.reason is not None and expected.reason not in codes:
        found.append(("reason", f"expected {expected.reason}, it was {because}"))
    if expected.rule is not None and expected.rule not in rules:
        found.append(("rule", f"expected {expected.rule}, it was said by {', '.join(rules) or 'nobody'}"))
    if expected.waiting_for not in (None, decision.waiting_for):
        found.append(("waiting_for", f"expected {expected.waiting_for}, it was {decision.waiting_for or 'nothing'}"))
    return found
