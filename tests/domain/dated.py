"""Stories by the calendar: what happens, happens at a moment that is written down, and timers fire on the way there."""

from datetime import UTC, datetime, timedelta
from typing import Any, Self

from app.domain.policy import Policy
from tests.domain.events import Said
from tests.domain.stories import Story

TICK = timedelta(minutes=1)


def moment(text: str) -> datetime:
    """A time in UTC; a date alone is its midnight."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


class Dated(Story):
    """A story that tells the time of what it tells."""

    def __init__(self, terms: Policy | None = None, *, start: str = "2026-01-01", **context: Any) -> None:
        super().__init__(terms, **context)
        self.now = moment(start)

    def on(self, when: str, *events: Said) -> Self:
        """The first event comes at that moment, each other one a minute later; timers that are due come before."""
        self.until(moment(when) - TICK)
        return self.when(*events)

    def until(self, end: datetime | str) -> Self:
        """Time goes by up to a moment, that included; `then` looks at what timers record."""
        at = moment(end) if isinstance(end, str) else end
        return self.later(seconds=(at - self.now).total_seconds())
