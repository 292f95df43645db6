"""What all pages share: the parts that the console was given, and who is asking."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from aiohttp import web

from app.console.addresses import Network
from app.console.ports import ReadSide, Reviews
from app.console.sending import Sending
from app.console.sent import Outbox
from app.console.sessions import Session, Sessions
from app.console.throttle import Throttle
from app.console.users import User, Users
from app.metrics import Metrics

HASHED_AT_ONCE: Final = 2
"""Passwords. Each takes 32 MiB and a core for a moment; others wait."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Shared:
    """The parts. `behind_tls`: browsers reach it over https alone, by way of a proxy. `proxies`: those whose word on
    addresses counts. `clock`: the time of day; `ticks`: seconds that only go forward.
    """

    read_side: ReadSide
    reviews: Reviews
    users: Users
    behind_tls: bool = False
    proxies: Sequence[Network] = ()
    metrics: Metrics = field(default_factory=Metrics)
    clock: Callable[[], datetime] = _now
    ticks: Callable[[], float] = monotonic

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.ticks)
        self.throttle = Throttle(self.ticks)
        self.outbox = Outbox(self.ticks)
        self.sending = Sending(self.reviews)
        self.hashing = asyncio.Semaphore(HASHED_AT_ONCE)

    @property
    def cookie(self) -> str:
        """The name of the cookie; over https one that no other host and no plain connection can set."""
        return "__Host-refundry" if self.behind_tls else "refundry"


SHARED: Final = web.AppKey("shared", Shared)
SESSION: Final = web.RequestKey("session", Session)
USER: Final = web.RequestKey("user", User)
