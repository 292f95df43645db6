"""What people decided about what was held for them."""

from typing import Literal

from topics.envelope import Amount, Body, Id, Misfit, Note, OrderEvent, Revision

SubjectKind = Literal["refund_request", "dispute", "alert"]
Verdict = Literal["approve", "deny", "ask", "contest", "accept", "refund", "ignore"]

VERDICTS: dict[SubjectKind, tuple[str, ...]] = {
    "refund_request": ("approve", "deny", "ask"),
    "dispute": ("contest", "accept"),
    "alert": ("refund", "ignore"),
}
"""What can be said of each kind of subject."""


class ReviewSubject(Body):
    """What was reviewed: a request, a dispute or an alert, by its id."""

    kind: SubjectKind
    id: Id


class ReviewResolved(OrderEvent):
    """A verdict. One on an older `revision` than the last is refused by the rules."""

    type: Literal["review.resolved"]
    review_id: Id
    subject: ReviewSubject
    verdict: Verdict
    amount: Amount | None = None
    revision: Revision | None = None
    reviewer_id: Id
    note: Note | None = None

    def check(self) -> None:
        """The verdict must be one that the subject can have."""
        possible = VERDICTS[self.subject.kind]
        if self.verdict not in possible:
            raise Misfit("verdict", f"for a {self.subject.kind} one of: {', '.join(possible)}")
