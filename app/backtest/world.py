"""One course of events under one book of policies, and what was decided in it.

A world hears what happened and decides for itself; answers of the provider to instructions that it never gave are
passed over, since they follow from the decisions of another world.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from agents import Desk
from agents.casework import TABLE
from app.domain.case import Case
from app.domain.records import Alerted, Booked, Counted, Told
from app.replay import Replay
from app.replay.lines import Line
from app.runtime.topology import Output
from topics.catalogue import DECISIONS, ORDERS, PAYMENTS, REFUND_INSTRUCTIONS

NOT_COMPARED = (Told, Alerted, Booked, Counted)
"""What follows from decisions, and from which no decision follows."""
_MAY_ANSWER = (b'"refund.', b'"store_credit.')


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units of its currency."""

    amount_minor: int
    currency: str


class Reason(msgspec.Struct, frozen=True):
    """Why: the code and the rule that gave it."""

    code: str
    rule: str


class Decision(msgspec.Struct, frozen=True):
    """A decision as it would be published, as far as comparing needs it."""

    type: str
    merchant_id: str
    order_id: str | None
    request_id: str
    revision: int
    amount: Money | None
    reasons: tuple[Reason, ...] = ()
    waiting_for: str | None = None

    @property
    def outcome(self) -> str:
        """approved, denied, held or withdrawn."""
        return self.type.removeprefix("refund.")

    @property
    def code(self) -> str:
        """The decisive reason; empty where there is none."""
        return self.reasons[0].code if self.reasons else ""

    @property
    def paid_minor(self) -> int:
        """What goes out, in minor units: nothing unless it is approved."""
        return self.amount.amount_minor if self.outcome == "approved" and self.amount else 0


class Key(NamedTuple):
    """Which request of which order of which merchant."""

    merchant_id: str
    order_id: str | None
    request_id: str


class _Instruction(msgspec.Struct):
    instruction_id: str


class _Answer(msgspec.Struct):
    """An event of the provider. Refunds made outside name no instruction."""

    type: str = ""
    instruction_id: str | None = None
    refund_id: str | None = None


_decode_decision = msgspec.json.Decoder(Decision).decode
_decode_instruction = msgspec.json.Decoder(_Instruction).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode


class World:
    """Decides messages in their order. `scratch` is an empty directory for state that does not fit into memory."""

    def __init__(self, desk: Desk, *, scratch: Path) -> None:
        self._decisions: dict[Key, Decision] = {}
        self._given: set[str] = set()
        self._foreign_refunds: set[str] = set()
        self._looked_at: tuple[list[Output], int] = ([], 0)
        self._replay = Replay(desk, sink=self._take, scratch=scratch, unsaid=NOT_COMPARED)
        self.passed_over = 0

    def hear(self, line: Line) -> None:
        """One message, unless it answers an instruction of another world."""
        if line.topic in (PAYMENTS, ORDERS) and self._is_foreign(line.value):
            self.passed_over += 1
            self._replay.pass_over(line)
        else:
            self._replay.feed((line,), _no_line)

    def pass_over(self, line: Line) -> None:
        """One message that is not decided: time goes on."""
        self._replay.pass_over(line)

    def move_on(self, clock: int) -> None:
        """What another world that hears the same has found of a message that is not decided."""
        self._replay.move_on(clock)

    @property
    def clock(self) -> int:
        """The time in this world, in ms since the epoch."""
        return self._replay.clock

    def finish(self, until: datetime | None = None) -> Mapping[Key, Decision]:
        """Moves the clock on to `until` and returns the last decision on every request."""
        self._replay.settle(until)
        return self._decisions

    def disputed_cases(self) -> Iterator[Case]:
        """The cases that have disputes, as they are now."""
        return (case for _, case in self._replay.rows(TABLE) if case.disputes)

    def close(self) -> None:
        """Lets go of the state."""
        self._replay.close()

    def _take(self, output: Output) -> None:
        if output.value is None:
            return
        if output.topic == DECISIONS:
            decision = _decode_decision(output.value)
            self._decisions[Key(decision.merchant_id, decision.order_id, decision.request_id)] = decision
        elif output.topic == REFUND_INSTRUCTIONS:
            self._given.add(_decode_instruction(output.value).instruction_id)

    def _look_at_what_is_under_way(self) -> None:
        """What a world has given is complete only with what its log has not handed out yet."""
        said = self._replay.unsaid
        known, seen = self._looked_at
        for output in said[seen:] if said is known else said:
            if output.topic == REFUND_INSTRUCTIONS:
                self._take(output)
        self._looked_at = said, len(said)

    def _is_foreign(self, value: bytes | None) -> bool:
        if value is None or not any(mark in value for mark in _MAY_ANSWER):
            return False
        try:
            answer = _decode_answer(value)
        except msgspec.DecodeError:
            return False  # whatever it is, it becomes a dead letter
        if not answer.type.startswith(("refund.s", "refund.f", "refund.rev", "store_credit.")):
            return False
        self._look_at_what_is_under_way()
        if answer.instruction_id in self._given:
            return False
        if answer.instruction_id is None:
            return answer.refund_id in self._foreign_refunds
        if answer.refund_id is not None:
            self._foreign_refunds.add(answer.refund_id)
        return True


def _no_line(line: object) -> None:
    raise AssertionError(line)
