"""Requests that ended without money: the newest stay whole, of the older ones only what tells a repetition.

Anybody may ask again after a denial, and a case must not grow by it until its row no longer fits.
"""

from hashlib import blake2b

from app.domain.case import Case, Request
from app.domain.disputes.evidence import denials_shown

KEPT = 200
WITHOUT_MONEY = frozenset({"denied", "withdrawn"})


def content_of_request(case: Case, request_id: str) -> bytes | None:
    """The hash of what the request said, however long ago it ended; None where nobody asked under this id."""
    request = case.requests.get(request_id)
    return request.content if request is not None else case.ended_requests.get(_key(request_id))


def has_ended(case: Case, request_id: str) -> bool:
    """Whether the request was denied or withdrawn."""
    request = case.requests.get(request_id)
    return is_over(request) if request is not None else _key(request_id) in case.ended_requests


def is_over(request: Request) -> bool:
    """Whether nothing follows from the request any more: it ended, and no money is on its way."""
    return request.status in WITHOUT_MONEY


def forget_ended(case: Case) -> None:
    """Keeps of all but the newest such requests their identity alone.

    Our own answer to an alert stays: it is one. So does what is shown in a dispute, which may come to a further stage.
    """
    if len(case.requests) <= KEPT:
        return
    shown = {request.request_id for request in denials_shown(case)} if case.disputes else set()
    ended = [request for request in case.requests.values() if is_over(request) and request.alert_id is None]
    for request in ended[:-KEPT]:
        if request.request_id in shown:
            continue
        case.ended_requests[_key(request.request_id)] = request.content
        del case.requests[request.request_id]


def _key(request_id: str) -> bytes:
    return blake2b(request_id.encode(), digest_size=8).digest()
