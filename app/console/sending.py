"""Sending verdicts without holding up whoever reads: on threads of their own, so many at once, each for so long.

The read side's answers share a small pool of threads. A Kafka that is away would fill it with verdicts that wait, and
nobody could look at a case any more.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import structlog

from app.console.ports import NotTakenError, Reviews

AT_ONCE: Final = 8
"""Verdicts. While Kafka answers, each takes some milliseconds."""
WITHIN_S: Final = 15.0
"""A little more than the writer itself waits for Kafka."""
_log = structlog.get_logger(__name__)


class Sending:
    """Hands verdicts to their writer. All calls come from one event loop."""

    def __init__(self, reviews: Reviews) -> None:
        self._reviews = reviews
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reviews")
        self._under_way: set[Future[None]] = set()

    async def send(self, event: Mapping[str, Any]) -> None:
        """Returns when the broker has it. NotTakenError where it does not say so in time, or too many wait already."""
        self._under_way = {one for one in self._under_way if not one.done()}
        if len(self._under_way) >= AT_ONCE:
            raise NotTakenError(f"{AT_ONCE} others wait for it already")
        sent = self._threads.submit(self._reviews.send, event)
        self._under_way.add(sent)
        answer = asyncio.wrap_future(sent)
        try:
            # what is under way goes on when the time is over, and keeps its place until its thread is free
            await asyncio.wait_for(asyncio.shield(answer), WITHIN_S)
        except TimeoutError as late:
            raise NotTakenError("no answer in time") from late
        finally:
            if not answer.done():  # nobody waits for it any more
                answer.add_done_callback(partial(_tell_late, event.get("event_id")))


def _tell_late(event_id: str | None, answer: asyncio.Future[None]) -> None:
    """What became of a verdict after its sender was told that there is no answer, where that is an error."""
    error = None if answer.cancelled() else answer.exception()
    if error is not None:
        reason = str(error) if isinstance(error, NotTakenError) else type(error).__name__
        _log.warning("review_not_taken_late", event_id=event_id, reason=reason)
