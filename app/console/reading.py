"""The pages that read: the queue, the next case, a case, a search, and the counts that a page asks for again."""

import asyncio
import math
from typing import Any, Final, get_args

from aiohttp import web

from app.console.guarding import RefusedError
from app.console.pages import REFRESHED, address, page
from app.console.ports import KINDS, Behind, Filter, Snapshot, Task
from app.console.shared import SHARED, USER
from app.console.subjects import moment
from app.console.users import Role
from app.console.viewing import cards_of, timeline_of, totals_of
from topics.reviews import SubjectKind

ROWS: Final = 50
PAGE, PAGES_MAX = 200, 100
"""So far the next case is looked for, in tasks at once and in all."""
NUMBER_MAX: Final = 300


async def queue(request: web.Request) -> web.StreamResponse:
    """What waits for a person, the first to be due first."""
    shared, wanted = request.app[SHARED], _filter(request)
    counts = await asyncio.to_thread(shared.read_side.counts, wanted.merchant_id)
    tasks = await asyncio.to_thread(shared.read_side.line, wanted, _behind(request), ROWS + 1)
    more = tasks[ROWS - 1] if len(tasks) > ROWS else None
    return page(
        request,
        "queue",
        wanted=wanted,
        kinds=KINDS,
        counts=counts,
        rows=[(task, _address_of(task, wanted), _is_sent(request, task)) for task in tasks[:ROWS]],
        further=_list_behind(more, wanted) if more is not None else "",
        first=_behind(request) is None,
        ended="end" in request.query,
    )


async def counts(request: web.Request) -> web.StreamResponse:
    """The counts alone, for the script of the pages."""
    found = await asyncio.to_thread(request.app[SHARED].read_side.counts, _filter(request).merchant_id)
    return web.json_response({**found.by_kind, "all": sum(found.by_kind.values())})


async def following(request: web.Request) -> web.StreamResponse:
    """Goes to the next case behind the one that is looked at, passing over what its reader has nothing to do with."""
    shared, wanted, behind = request.app[SHARED], _filter(request), _behind(request)
    for _ in range(PAGES_MAX):
        tasks = await asyncio.to_thread(shared.read_side.line, wanted, behind, PAGE)
        for task in tasks:
            if _is_for(request, task):
                raise web.HTTPSeeOther(_address_of(task, wanted))
        if len(tasks) < PAGE:
            break
        behind = Behind(tasks[-1].score, tasks[-1].id)
    raise web.HTTPSeeOther(address("/", kind=wanted.kind, merchant=wanted.merchant_id, end="1"))


async def case(request: web.Request) -> web.StreamResponse:
    """One case, whole."""
    snapshot = await snapshot_of(request, request.query.get("id", ""))
    return case_page(request, snapshot, focus=request.query.get("subject", ""))


async def snapshot_of(request: web.Request, case_id: str) -> Snapshot:
    """The newest snapshot of a case. RefusedError where there is none."""
    found = await asyncio.to_thread(request.app[SHARED].read_side.case, case_id[:NUMBER_MAX])
    if found is None:
        raise RefusedError(
            404,
            "no_case",
            "There is no such case",
            "Ids are case-sensitive. Search finds a case by any of its numbers.",
        )
    return found


def case_page(
    request: web.Request,
    snapshot: Snapshot,
    *,
    focus: str,
    status: int = 200,
    notice: str = "",
    kept: dict[str, Any] | None = None,
) -> web.Response:
    """The page of a case. `focus`: the subject to be judged; `kept`: what was typed in its form and not sent."""
    shared = request.app[SHARED]
    now = shared.clock()
    cards = cards_of(snapshot, request[USER], now, shared.outbox)
    cards.sort(key=lambda card: f"{card.subject.kind}:{card.subject.id}" != focus or not card.subject.waits)
    return page(
        request,
        "case",
        status=status,
        case=snapshot,
        waiting=[card for card in cards if card.subject.waits],
        others=[card for card in cards if not card.subject.waits],
        totals=totals_of(snapshot),
        timeline=timeline_of(snapshot),
        as_of=moment(snapshot["occurred_at"]),
        next_case=_following_address(request, snapshot["case_id"]),
        queue=address("/", kind=_filter(request).kind, merchant=_filter(request).merchant_id),
        place=place_in(request),
        again=address("/case", id=snapshot["case_id"], subject=focus, **place_in(request), **{REFRESHED: "1"}),
        pending=any(card.pending for card in cards),
        notice=notice,
        kept=kept or {},
        focus=focus,
    )


async def search(request: web.Request) -> web.StreamResponse:
    """The cases in which a number stands."""
    number = request.query.get("q", "").strip()[:NUMBER_MAX]
    hits = await asyncio.to_thread(request.app[SHARED].read_side.find, number) if number else []
    return page(request, "search", number=number, hits=hits)


def _filter(request: web.Request) -> Filter:
    kind: Any = request.query.get("kind")
    merchant = request.query.get("merchant") or None
    return Filter(kind if kind in get_args(SubjectKind) else None, merchant[:64] if merchant else None)


def _behind(request: web.Request) -> Behind | None:
    """The place that an address names, None where it names none."""
    try:
        score = float(request.query.get("score", ""))
    except ValueError:
        return None
    return Behind(score, request.query.get("task", "")) if math.isfinite(score) else None


def _address_of(task: Task, wanted: Filter) -> str:
    """The page of a task's case, which knows where in the line it stands."""
    return address(
        "/case",
        id=task.case_id,
        subject=f"{task.kind}:{task.subject_id}",
        kind=wanted.kind,
        merchant=wanted.merchant_id,
        score=repr(task.score),
        task=task.id,
    )


def _list_behind(task: Task, wanted: Filter) -> str:
    return address("/", kind=wanted.kind, merchant=wanted.merchant_id, score=repr(task.score), task=task.id)


def _following_address(request: web.Request, case_id: str) -> str:
    return address("/next", case=case_id, **place_in(request))


def place_in(request: web.Request) -> dict[str, str]:
    """Where in the line its reader stands, as an address carries it."""
    return {name: request.query.get(name, "") for name in ("kind", "merchant", "score", "task")}


def _is_for(request: web.Request, task: Task) -> bool:
    """Not of the case that is looked at, not judged here a moment ago, and not for an approver where one is none."""
    passed_over = task.second and request[USER].role is Role.ANALYST
    return task.case_id != request.query.get("case") and not passed_over and not _is_sent(request, task)


def _is_sent(request: web.Request, task: Task) -> bool:
    outbox = request.app[SHARED].outbox
    sent = outbox.on(task.case_id, task.kind, task.subject_id, task.revision)
    return sent is not None and outbox.is_pending(sent)
