"""The trial itself: collects both sides of a run, then asks every rule."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

from app.demo.oracle.books import Books
from app.demo.oracle.heard import Heard
from app.demo.oracle.rules import bookkeeping, conservation, finality, law, once, sums, telling
from app.demo.oracle.said import Said
from app.demo.oracle.trial import Trial, amount_of
from app.demo.oracle.verdict import Figures, Verdict, Violation
from app.demo.oracle.wire import Body, Record

Rule = Callable[[Trial], Iterator[Violation]]
RULES: tuple[Rule, ...] = (
    once.one_content_under_one_id,
    once.one_approval_per_request,
    once.instructions_follow_approvals,
    once.cancels_are_of_instructions,
    law.approvals_within_refundable,
    law.breaches_are_alerted_once,
    sums.decisions_add_up,
    sums.lines_close_to_the_cent,
    finality.revisions_count_up,
    finality.final_is_final,
    finality.every_request_is_answered,
    finality.what_waits_has_an_end,
    telling.told_once,
    telling.told_after_the_decision,
    telling.told_after_the_answer,
    telling.nobody_is_left_untold,
    telling.alerts_are_raised_once,
    telling.alerts_have_their_fact,
    telling.disputes_are_alerted,
    conservation.dead_letters_have_one_origin,
    conservation.poison_is_refused_and_nothing_else,
    conservation.orders_have_their_case,
    conservation.verdicts_are_refused_only_too_late,
    conservation.verdicts_are_heard,
    bookkeeping.snapshots_add_up,
    bookkeeping.snapshots_equal_the_books,
    bookkeeping.snapshots_know_the_decisions,
    bookkeeping.ledger_equals_the_books,
)


class Judge:
    """Takes the records of a run as they come, in any interleaving of inputs and outputs, and judges at the end.

    The run must be quiet by then: all inputs handled, all outputs taken. `total_order` and `exactly_once` say what the
    transport promises (see `Trial`).
    """

    def __init__(self, *, total_order: bool, exactly_once: bool) -> None:
        """Nothing was taken yet."""
        self._total_order, self._exactly_once = total_order, exactly_once
        self._heard, self._said = Heard(), Said()

    def hear(self, record: Record) -> None:
        """An inbound record, as it was sent."""
        self._heard.take(record)

    def see(self, record: Record) -> None:
        """An outbound record, as it was committed; records of other topics are passed over."""
        self._said.take(record)

    def verdict(self) -> Verdict:
        """Asks every rule. A record in a shape that a rule cannot read is a violation like any other."""
        trial = self._trial()
        violations: list[Violation] = []
        for rule in RULES:
            try:
                violations.extend(rule(trial))
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as problem:
                what = f"{type(problem).__name__}: {problem}"
                violations.append(Violation("P8", "unreadable_shape", rule.__name__, what))
        return Verdict(tuple(violations), trial.figures)

    def _trial(self) -> Trial:
        said = self._said
        facts = self._heard.settle({letter.origin for letter in said.dead if letter.origin is not None})
        instructions: dict[tuple[str, str, str], dict[str, Body]] = defaultdict(dict)
        for (merchant, instruction_id), body in said.executes.items():
            request = (merchant, body.get("order_id") or "", body.get("request_id") or "")
            instructions[request][instruction_id] = body
        trial = Trial(
            arrivals=self._heard.arrivals,
            facts=facts,
            said=said,
            books=Books(facts, said),
            by_request=dict(said.by_request()),
            instructions=dict(instructions),
            historical={o for o, bodies in said.decisions.items() if any(b.get("historical") for b in bodies)},
            total_order=self._total_order,
            exactly_once=self._exactly_once,
            figures=Figures(),
        )
        _count(trial)
        return trial


def judge(inputs: Iterable[Record], outputs: Iterable[Record], *, total_order: bool, exactly_once: bool) -> Verdict:
    """The verdict on a run of which both sides are at hand."""
    court = Judge(total_order=total_order, exactly_once=exactly_once)
    for record in inputs:
        court.hear(record)
    for record in outputs:
        court.see(record)
    return court.verdict()


def _count(trial: Trial) -> None:
    figures, said = trial.figures, trial.said
    figures.inputs = len(trial.arrivals)
    figures.duplicates_absorbed = trial.facts.duplicates
    figures.late = sum(a.expectation is not None and a.expectation.late for a in trial.arrivals.values())
    figures.dead_letters = Counter(letter.code for letter in said.dead)
    figures.outputs = Counter(said.counts)
    figures.outputs_repeated = len(said.repeated)
    figures.requests = len(trial.facts.requests)
    figures.outcomes = Counter(bodies[-1]["type"].removeprefix("refund.") for bodies in trial.by_request.values())
    for _, body in trial.approvals():
        figures.approved_minor[body["amount"]["currency"]] += amount_of(body)
