"""The rules of a document: each condition compiled, each reason a code that the outcome can have."""

from collections.abc import Sequence

from app.domain.policy_terms import Rule
from app.domain.reasons import OUTCOMES, Outcome, ReasonCode
from app.policies.conditions import Compiler, ConditionRefusedError
from app.policies.model import RuleTerm
from app.policies.problems import Location, Problem, Source, did_you_mean

_OUTCOMES = {"deny": Outcome.DENY, "review": Outcome.HOLD, "approve": Outcome.APPROVE}
_SAYS = {Outcome.DENY: "a denial", Outcome.HOLD: "a hold", Outcome.APPROVE: "an approval"}
# Codes that state what somebody did or what is waited for: said by a rule, they would not be true.
_NEVER = {
    ReasonCode.STATUTORY_RIGHT,
    ReasonCode.REVIEW_APPROVED,
    ReasonCode.PRE_DISPUTE_REFUND,
    ReasonCode.REDUCED,
    ReasonCode.ALREADY_CREDITED_BY_NETWORK,
    ReasonCode.DISPUTE_LOST,
    ReasonCode.REVIEW_DENIED,
    ReasonCode.NEEDS_SECOND_REVIEWER,
    ReasonCode.AWAITING_RETURN,
    ReasonCode.AWAITING_PAYMENT,
    ReasonCode.AWAITING_ORDER,
    ReasonCode.AWAITING_HISTORY,
    ReasonCode.DISPUTE_OPEN,
    ReasonCode.INFORMATION_NEEDED,
}


def codes_for(then: str) -> list[str]:
    """The reason codes that a rule with this outcome may give."""
    return [reason.value for reason, outcome in OUTCOMES.items() if outcome is _OUTCOMES[then] and reason not in _NEVER]


def rules_of(
    terms: Sequence[RuleTerm | None], source: Source, compiler: Compiler
) -> tuple[tuple[Rule, ...], list[Problem]]:
    """The rules that can be asked, and what is wrong with the others. None stands for one that cannot be read."""
    problems: list[Problem] = []
    rules: list[Rule] = []
    names: set[str] = set()
    for index, term in enumerate(terms):
        if term is None:
            continue
        place: Location = ("rules", index)
        if term.name in names:
            problems.append(source.problem((*place, "name"), "expected each name once", "choose another name"))
        names.add(term.name)
        if term.reason not in codes_for(term.then):
            text = f"expected a reason code that `{term.then}` can have"
            problems.append(source.problem((*place, "reason"), text, _why_not(term)))
        try:
            condition = compiler(term.when)
        except ConditionRefusedError as error:
            problems.append(source.problem((*place, "when"), f"expected {error.expected}", error.hint))
            continue
        rules.append(Rule(**term.model_dump(), condition=condition))
    return tuple(rules), problems


def _why_not(term: RuleTerm) -> str:
    if term.reason not in {reason.value for reason in ReasonCode}:
        return did_you_mean(term.reason, codes_for(term.then))
    reason = ReasonCode(term.reason)
    if OUTCOMES[reason] is not _OUTCOMES[term.then]:
        return f"it speaks for {_SAYS[OUTCOMES[reason]]}; known: {', '.join(codes_for(term.then))}"
    return f"it states what a rule cannot know; known: {', '.join(codes_for(term.then))}"
