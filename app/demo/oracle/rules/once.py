"""P1: no double refund, and no record twice."""

from collections.abc import Iterator

from app.demo.oracle.trial import Request, Trial, amount_of, named
from app.demo.oracle.verdict import Violation
from app.demo.oracle.wire import Body


def one_content_under_one_id(trial: Trial) -> Iterator[Violation]:
    """The id is what consumers tell duplicates by: the same id is the same record."""
    for topic, id_ in trial.said.contradicted:
        yield Violation("P1", "same_id_other_content", f"{topic}/{id_}", "two records with this id differ")
    for position in trial.said.nameless:
        yield Violation("P1", "record_without_id", "/".join(map(str, position)), "not an object with an id")
    if trial.exactly_once:
        for topic, id_ in trial.said.repeated:
            yield Violation("P1", "output_repeated", f"{topic}/{id_}", "committed more than once")


def one_approval_per_request(trial: Trial) -> Iterator[Violation]:
    """A request is paid once, however often its event came."""
    for request, decisions in trial.by_request.items():
        count = sum(body["type"] == "refund.approved" for body in decisions)
        if count > 1:
            yield Violation("P1", "double_approval", named(request), f"approved {count} times")


def instructions_follow_approvals(trial: Trial) -> Iterator[Violation]:
    """Each tender of an approval has its instruction, and nobody is paid by any other; a refusal allows one retry."""
    rest = dict(trial.instructions)
    for request, approval in trial.approvals():
        mine = rest.pop(request, {})
        if approval.get("historical"):
            for instruction_id in mine:
                yield Violation("P1", "instruction_of_the_past", named(request), f"{instruction_id} must not be given")
            continue
        yield from _of_tenders(trial, request, approval, mine)
    for request, instructions in rest.items():
        for instruction_id in instructions:
            yield Violation("P1", "instruction_without_approval", named(request), f"{instruction_id} pays all the same")


def _of_tenders(trial: Trial, request: Request, approval: Body, mine: dict[str, Body]) -> Iterator[Violation]:
    owed = {tender["instruction_id"]: tender for tender in approval.get("tenders") or []}
    for instruction_id, tender in owed.items():
        said = mine.get(instruction_id)
        if said is None:
            yield Violation("P8", "lost_instruction", named(request), f"{instruction_id} was promised and never given")
        elif said["amount"] != tender["amount"] or said.get("payment_id", tender["payment_id"]) != tender["payment_id"]:
            yield Violation("P1", "instruction_differs", named(request), f"{instruction_id} is not what was approved")
    retries = [body for instruction_id, body in mine.items() if instruction_id not in owed]
    open_to_retry = [
        (tender["payment_id"], amount_of(tender))
        for instruction_id, tender in owed.items()
        if trial.refused_by_provider(request[0], instruction_id)
    ]
    for body in retries:
        refused = next((one for one in open_to_retry if one == (body.get("payment_id", one[0]), amount_of(body))), None)
        if refused is None:
            detail = f"{body['instruction_id']} pays what another instruction pays already"
            yield Violation("P1", "double_instruction", named(request), detail)
        else:
            open_to_retry.remove(refused)


def cancels_are_of_instructions(trial: Trial) -> Iterator[Violation]:
    """Only what was ordered can be cancelled."""
    for body in trial.said.cancels:
        if (body["merchant_id"], body["instruction_id"]) not in trial.said.executes:
            yield Violation("P1", "cancel_of_nothing", f"{body['merchant_id']}/{body['instruction_id']}", "never given")
