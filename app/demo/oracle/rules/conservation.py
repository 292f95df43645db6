"""P8: what came in was applied, is a duplicate, or is a dead letter; each once, and nothing else is."""

from collections import defaultdict
from collections.abc import Iterator

from app.demo.oracle.said import FINAL, DeadLetter
from app.demo.oracle.trial import Trial, named
from app.demo.oracle.verdict import Violation
from app.demo.oracle.wire import Position

VERDICTS = frozenset({"approve", "deny"})


def dead_letters_have_one_origin(trial: Trial) -> Iterator[Violation]:
    """Each dead letter is of one message that was sent, holds its bytes, and stands alone for it."""
    by_origin: dict[Position, list[DeadLetter]] = defaultdict(list)
    for letter in trial.said.dead:
        arrival = trial.arrivals.get(letter.origin) if letter.origin is not None else None
        if arrival is None:
            yield Violation(
                "P8", "dead_letter_of_nothing", _where(letter.origin), f"{letter.code}, and no such message"
            )
            continue
        by_origin[arrival.position].append(letter)
        if not letter.redacted and letter.content != arrival.content:
            yield Violation("P8", "dead_letter_altered", _where(letter.origin), "not the bytes that were sent")
    for position, letters in by_origin.items():
        same = len({(letter.code, letter.content) for letter in letters}) == 1
        if len(letters) > 1 and (trial.exactly_once or not same):
            yield Violation("P8", "dead_letter_repeated", _where(position), f"{len(letters)} of them")


def poison_is_refused_and_nothing_else(trial: Trial) -> Iterator[Violation]:
    """The sender knows which messages are poison: those are dead letters with their code, the others are not."""
    codes: dict[Position, str] = {letter.origin: letter.code for letter in trial.said.dead if letter.origin is not None}
    for position, arrival in trial.arrivals.items():
        expected, code = arrival.expectation, codes.get(position)
        if expected is None:
            continue
        if expected.fate != "refused" and code is not None and code not in expected.codes:
            yield Violation("P8", "good_event_refused", _where(position), f"{code}, and nothing is wrong with it")
        elif expected.fate == "refused" and code is None:
            wanted = " or ".join(expected.codes)
            yield Violation("P8", "poison_without_dead_letter", _where(position), f"should be refused as {wanted}")
        elif expected.fate == "refused" and code not in expected.codes:
            detail = f"refused as {code}, not as {' or '.join(expected.codes)}"
            yield Violation("P8", "dead_letter_code_wrong", _where(position), detail)


def orders_have_their_case(trial: Trial) -> Iterator[Violation]:
    """Every order that was placed is a case with a snapshot."""
    for merchant, order_id in trial.facts.orders:
        if f"{merchant}/{order_id}" not in trial.said.snapshots:
            yield Violation("P8", "lost_order", f"{merchant}/{order_id}", "placed, and there is no snapshot of it")


def verdicts_are_refused_only_too_late(trial: Trial) -> Iterator[Violation]:
    """A reviewer may be overtaken by the end of the request, and by nothing else."""
    for fact in trial.facts.refused:
        expected = trial.arrivals[fact.position].expectation
        of_request = fact.type == "review.resolved" and fact.body["subject"]["kind"] == "refund_request"
        if of_request and expected is not None and expected.fate == "applied":
            request = (fact.merchant, fact.body["order_id"], fact.body["subject"]["id"])
            decisions = trial.by_request.get(request, [])
            if not any(body["type"] in FINAL for body in decisions):
                yield Violation("P8", "good_event_refused", named(request), "a verdict, and the request is still open")


def verdicts_are_heard(trial: Trial) -> Iterator[Violation]:
    """A request on which a reviewer gave a verdict does not wait for a first review any more."""
    for request, facts in trial.facts.verdicts.items():
        decisions = trial.by_request.get(request)
        given = any(fact.body["verdict"] in VERDICTS and fact.body.get("revision") is None for fact in facts)
        if decisions and given and decisions[-1].get("waiting_for") == "review":
            yield Violation("P8", "lost_verdict", named(request), "a verdict was given, and it waits for one")


def _where(position: Position | None) -> str:
    return "unknown" if position is None else "/".join(map(str, position))
