"""P3 and P4: each request one final outcome by legal steps, and what is not final waits for something named."""

from collections.abc import Iterator

from app.demo.oracle.said import FINAL
from app.demo.oracle.trial import ALERT_PREFIX, Request, Trial, named
from app.demo.oracle.verdict import Violation
from app.demo.oracle.wire import Body

OUTCOMES = FINAL | {"refund.held"}
WITHOUT_LIMIT = frozenset({"dispute"})


def revisions_count_up(trial: Trial) -> Iterator[Violation]:
    """Decisions on a request are numbered 1, 2, 3, in the order in which they are published."""
    for request, decisions in trial.by_request.items():
        revisions = [body["revision"] for body in decisions]
        if revisions != list(range(1, len(revisions) + 1)):
            yield Violation("P3", "revision_gap", named(request), f"revisions {revisions}")


def final_is_final(trial: Trial) -> Iterator[Violation]:
    """Held may become anything; nothing comes after approved, denied or withdrawn."""
    for request, decisions in trial.by_request.items():
        types = [body["type"] for body in decisions]
        unknown = [name for name in types if name not in OUTCOMES]
        if unknown:
            yield Violation("P3", "unknown_outcome", named(request), f"no outcome: {unknown}")
        end = next((n for n, name in enumerate(types) if name in FINAL), len(types))
        if types[end + 1 :]:
            yield Violation("P3", "decision_after_final", named(request), " -> ".join(types))


def every_request_is_answered(trial: Trial) -> Iterator[Violation]:
    """Who asked is answered, and nobody else is."""
    for request, fact in trial.facts.requests.items():
        if request not in trial.by_request:
            yield Violation("P3", "lost_request", named(request), f"asked by {fact.event_id}, never decided")
    for request in trial.by_request:
        if request not in trial.facts.requests and not request[2].startswith(ALERT_PREFIX):
            yield Violation("P3", "decision_without_request", named(request), "nobody asked")


def what_waits_has_an_end(trial: Trial) -> Iterator[Violation]:
    """A held request says what it waits for and until when; a dispute alone has no limit."""
    for request, decisions in trial.by_request.items():
        yield from _waits(request, decisions[-1])


def _waits(request: Request, last: Body) -> Iterator[Violation]:
    if last["type"] != "refund.held":
        return
    waiting_for = last.get("waiting_for")
    if not waiting_for:
        yield Violation("P4", "wait_without_cause", named(request), "held, and for nothing")
    elif waiting_for not in WITHOUT_LIMIT and not last.get("wait_until"):
        yield Violation("P4", "wait_without_end", named(request), f"held for {waiting_for}, without a time")
