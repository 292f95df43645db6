"""All questions, in the order in which they depend on each other, and what becomes of one that cannot be answered."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from app.doctor import group, here, policies, topics, transactions
from app.doctor.finding import Finding, Verdict, fine, look, wrong
from app.doctor.installation import Installation
from app.runtime import faults
from app.runtime.exits import WorkerStopError


class Question(NamedTuple):
    """`needs`: what must not be wrong for the question to have an answer."""

    about: str
    ask: Callable[[Installation], Iterable[Finding]]
    needs: tuple[str, ...] = ()


def _broker(installation: Installation) -> Iterator[Finding]:
    config = installation.config
    brokers = faults.insist(
        lambda: installation.admin.list_topics(timeout=config.limits.call_timeout).brokers,
        what=f"asking {config.bootstrap_servers}",
        patience=config.limits.patience,
    )
    yield fine("broker", f"{len(brokers)} at {config.bootstrap_servers}")


QUESTIONS = (
    Question("settings", here.settings_of_a_worker),
    Question("state directory", here.state_directory),
    Question("Redis", here.redis_server),
    Question("broker", _broker),
    Question("topics", topics.as_planned, needs=("broker",)),
    Question("replicas", topics.replicas, needs=("broker", "topics")),
    Question("transactions", transactions.standing_still, needs=("broker",)),
    Question("publishers", topics.placement, needs=("broker", "topics")),
    Question("policies", policies.readable, needs=("broker", "topics")),
    Question("group", group.offsets, needs=("broker", "topics")),
)


def examine(installation: Installation) -> Iterator[Finding]:
    """The answers, one question after the other. What cannot be asked because of another finding says so."""
    verdicts: dict[str, Verdict] = {}
    for question in QUESTIONS:
        missing = [name for name in question.needs if verdicts.get(name) is Verdict.WRONG]
        if missing:
            found = [look(question.about, "not looked at", f"first: {missing[0]}")]
        else:
            found = _answers(question, installation)
        verdicts[question.about] = Verdict.WRONG if any(one.verdict is Verdict.WRONG for one in found) else Verdict.OK
        yield from found


def _answers(question: Question, installation: Installation) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(question.ask(installation))
    except WorkerStopError as stop:
        found.append(wrong(question.about, stop.reason, stop.hint, stop.code))
    return found
