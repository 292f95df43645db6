"""Ids of what we say, derived from the facts they stand for: the same fact has the same id, whenever it is said."""

from hashlib import blake2b

from app.domain.case import Case, Dispute, Request
from app.domain.disputes.lifecycle import times_reopened


def question_id(case: Case, request: Request) -> str:
    """The id of a request's question to its customer's history: the same request asks the same question."""
    return derive("qst", case.case_id, request.request_id)


def dispute_question_id(case: Case, dispute: Dispute) -> str:
    """The id of a dispute's question to its customer's history: asked anew at each stage and when it comes back."""
    return derive("qst", case.case_id, "dispute", dispute.dispute_id, dispute.stage, times_reopened(dispute))


def derive(prefix: str, *facts: str | int) -> str:
    """A stable id like `dec_5f1c…`: 128 bits of a hash over the facts.

    Facts are kept apart, so ("a","bc") is not ("ab","c").
    """
    told = ""
    for fact in facts:
        part = str(fact)
        told += f"{len(part)}:{part}"
    return f"{prefix}_{blake2b(told.encode(), digest_size=16).hexdigest()}"
