"""How a snapshot stays below the limit of a message, whatever its case holds.

The timeline goes first, then the titles, then the evidence of disputes, then what is settled; of what is left then, as
much is listed as there is room for: of each list at most so many rows.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from app.domain.disputes.evidence import LINES_SHOWN
from app.domain.disputes.lifecycle import ENDS
from app.domain.refunds.lifecycle import IN_FLIGHT

BYTES_MAX = 900 * 1024
MOST_PARTS = 20
"""Of what a request asks for, and of the verdicts on it."""
ID_BYTES = 512
"""Of an id of 128 characters, each of the longest that there are."""
LINE_IDS = 9
"""So many ids a line of the order takes: its own two, and a title of 500 characters, which may be escaped."""


def fitted(body: dict[str, Any]) -> dict[str, Any]:
    """The body, below the limit of a message."""
    if _at_most_bytes(body) <= BYTES_MAX or _fits(body):
        return body
    body["truncated"] = True
    for shorten in SHORTEN:
        shorten(body)
        if _fits(body):
            break
    return body


def _fits(body: dict[str, Any]) -> bool:
    return len(msgspec.json.encode(body)) <= BYTES_MAX


def _at_most_bytes(body: dict[str, Any]) -> int:
    """What the body takes at the very most, without encoding it: rows by their ids, and what goes with them."""
    order = body["order"] or {"lines": (), "shipping": ()}
    ids = 2 * (len(body["timeline"]) + len(body["deadlines"]) + len(order["shipping"]))
    ids += 5 * (len(body["alerts"]) + len(body["instructions"]) + len(body["flags"]))
    ids += LINE_IDS * len(order["lines"])
    described = LINE_IDS * min(len(order["lines"]), LINES_SHOWN)
    for payment in body["payments"]:
        ids += 3 + 2 * len(payment["captures"])
    for request in body["requests"]:
        ids += 6 + 3 * len(request["verdicts"]) + 2 * len(request["scope"].get("lines", ()))
    for dispute in body["disputes"]:
        ids += 12 + len(dispute["fees"]) + (80 + described) * len(dispute["evidence"]["have"])
    return 16 * ID_BYTES + ids * ID_BYTES


def _without_timeline(body: dict[str, Any]) -> None:
    body["timeline"] = []


def _without_titles(body: dict[str, Any]) -> None:
    for line in body["order"]["lines"] if body["order"] else ():
        line["title"] = None


def _without_evidence(body: dict[str, Any]) -> None:
    for dispute in body["disputes"]:
        dispute["evidence"]["have"] = []


def _without_settled(body: dict[str, Any]) -> None:
    body["instructions"] = [i for i in body["instructions"] if i["status"] in IN_FLIGHT]
    body["requests"] = [r for r in body["requests"] if r["status"] == "held"]
    body["disputes"] = [d for d in body["disputes"] if d["state"] not in ENDS]
    body["alerts"] = [a for a in body["alerts"] if a["waiting"]]


def _with_at_most(rows: int, body: dict[str, Any]) -> None:
    """Of each list so many: the newest of what goes on, and the first of what was bought."""
    for name in ("instructions", "requests", "disputes", "alerts"):
        body[name] = body[name][-rows:]
    for request in body["requests"]:
        request["verdicts"] = request["verdicts"][-rows:]
        if "lines" in request["scope"]:
            request["scope"] = request["scope"] | {"lines": request["scope"]["lines"][:rows]}
    for dispute in body["disputes"]:
        dispute["fees"] = dispute["fees"][-rows:]
    if body["order"]:
        for name in ("lines", "shipping"):
            body["order"][name] = body["order"][name][:rows]
    for payment in body["payments"]:
        payment["captures"] = payment["captures"][-rows:]
    body["payments"] = body["payments"][:rows]
    body["deadlines"] = body["deadlines"][:rows]


SHORTEN: tuple[Callable[[dict[str, Any]], None], ...] = (
    _without_timeline,
    _without_titles,
    _without_evidence,
    _without_settled,
    *(partial(_with_at_most, rows) for rows in (200, 50, 10, 1)),
)
