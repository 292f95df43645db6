"""The one thing that the console changes: a verdict is sent to `reviews`, and the worker decides what follows."""

from typing import Any

import structlog
from aiohttp import web

from app.console.guarding import RefusedError, posted_by, require_token
from app.console.offering import offer
from app.console.pages import address
from app.console.ports import NotTakenError, Snapshot
from app.console.reading import case_page, place_in, snapshot_of
from app.console.reviewing import Form, MistakenError, event_id_of, event_of, form_of
from app.console.shared import SHARED, USER
from app.console.subjects import Subject, subject_in
from app.metrics import CONSOLE_REVIEWS

_log = structlog.get_logger(__name__)


async def answer(request: web.Request) -> web.StreamResponse:
    """Sends the verdict of a form, unless the case is not the one any more that its reader saw."""
    posted = await posted_by(request)
    require_token(request, posted)
    try:
        form = form_of(posted)
    except MistakenError as mistake:
        raise RefusedError(400, "form", "This form is not complete", f"Nothing was sent. {mistake}") from mistake
    snapshot = await snapshot_of(request, form.case_id)
    subject = subject_in(snapshot, form.kind, form.subject_id)
    if subject is None:
        raise RefusedError(404, "no_subject", "The case has nothing of that id", "Nothing was sent.")
    return await _Answering(request, form, snapshot, subject).answer()


class _Answering:
    """One form, met by the case as it is now."""

    def __init__(self, request: web.Request, form: Form, snapshot: Snapshot, subject: Subject) -> None:
        self._request, self._form, self._snapshot, self._subject = request, form, snapshot, subject
        self._shared, self._user = request.app[SHARED], request[USER]

    async def answer(self) -> web.StreamResponse:
        """Sends what the form says, or shows the case again with what is in the way."""
        form, snapshot, subject, now = self._form, self._snapshot, self._subject, self._shared.clock()
        if self._shared.outbox.was_sent(event_id_of(form, self._user.name)):
            return self._go_on()  # the same form once more
        sent = self._shared.outbox.unanswered(form.case_id, subject)
        try:
            event = event_of(form, subject, snapshot, self._user.name, now)
        except MistakenError as mistake:
            return self._again(422, str(mistake), keep=True)
        if form.version != str(snapshot["version"]) or form.revision != str(subject.revision or ""):
            text = "The case has changed since you looked at it. Nothing was sent: look again, and decide anew."
            return self._again(409, text, keep=True)
        if sent is not None and self._shared.outbox.is_pending(sent):
            return self._again(409, "A verdict on it is on its way already. Yours was not sent.", keep=False)
        offered = offer(subject, snapshot, self._user, now)
        if form.verdict not in offered.verdicts:
            text = " ".join(offered.reasons) or "That is no verdict for it."
            raise RefusedError(403, "not_offered", "This is not yours to decide", f"Nothing was sent. {text}")
        try:
            await self._shared.sending.send(event)
        except NotTakenError as why:
            _log.warning("review_not_taken", event_id=event["event_id"], actor=self._user.name, reason=str(why))
            self._count("not_taken")
            text = (
                f"Kafka has not confirmed it ({why}). Send it again from here: it counts once, also if it had arrived."
            )
            return self._again(503, text, keep=True, token=form.token)
        self._shared.outbox.add(form.case_id, subject, event["event_id"], form.verdict, self._user.name)
        self._count("sent")
        _log.info(
            "review_sent", event_id=event["event_id"], actor=self._user.name, kind=form.kind, verdict=form.verdict
        )
        return self._go_on()

    def _count(self, result: str) -> None:
        self._shared.metrics.add(CONSOLE_REVIEWS, 1, self._subject.kind, self._form.verdict, result)

    def _again(self, status: int, notice: str, *, keep: bool, token: str | None = None) -> web.Response:
        """The case as it is now, with what was typed where it may be sent again."""
        kept: dict[str, Any] = {"note": self._form.note, "amount": self._form.amount, "token": token} if keep else {}
        focus = f"{self._subject.kind}:{self._subject.id}"
        return case_page(self._request, self._snapshot, focus=focus, status=status, notice=notice, kept=kept)

    def _go_on(self) -> web.Response:
        """Back to the case, by an address that can be loaded again without sending anything."""
        subject = f"{self._subject.kind}:{self._subject.id}"
        where = address("/case", id=self._form.case_id, subject=subject, **place_in(self._request))
        return web.Response(status=303, headers={"Location": where})
