"""The stream of a day: many stories at once, repeats, delays and poison, one message after the other.

Laws
 1. The same seed and number of events give the same messages, byte for byte.
 2. Memory does not grow with the number of events: a fixed number of stories is open, repeats and delays are short.
 3. Within a story each topic keeps its order; across topics a late message is overtaken.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from app.demo.oracle import Expectation
from app.demo.shop.assortment import SHOPS
from app.demo.shop.messages import APPLIED, DUPLICATE, Body, Message, encode, message, timestamp
from app.demo.shop.plots import PLOTS
from app.demo.shop.poison import CONTRADICTIONS, contradiction, draught
from app.demo.shop.story import Step, Story

DAY = timedelta(days=1)
DUPLICATE_SHARE, LATE_SHARE, POISON_SHARE = 0.05, 0.05, 0.01
OPEN_STORIES_MAX = 200
REPEATED_AFTER_MAX = 400
LATE_BY_MAX = 60
CONTRADICTED_SHARE = 0.15
LATE = Expectation("applied", late=True)


def day(events: int, seed: int, start: datetime) -> Iterator[Message]:
    """`events` messages, their times spread over the day that begins at `start` (aware)."""
    assert start.tzinfo is not None, "a day begins at an instant"
    yield from _Day(events, seed, start).messages()


class _Telling:
    """A story that is being told: what is left of it, and which of its topics are held up."""

    def __init__(self, story: Story) -> None:
        self.left = deque(story.steps)
        self.held: dict[str, deque[tuple[Step, datetime]]] = {}
        self.due: dict[str, int] = {}

    @property
    def over(self) -> bool:
        return not self.left and not self.held


class _Day:
    def __init__(self, events: int, seed: int, start: datetime) -> None:
        self._rng = Random(f"{seed}/{events}")  # noqa: S311 - a made-up day must come again, not be unguessable
        self._events, self._start, self._pace = events, start, DAY / max(events, 1)
        self._places = min(OPEN_STORIES_MAX, max(4, events // 60))
        self._open: list[_Telling] = []
        self._left = 0
        self._stories, self._turn, self._poured = 0, 0, 0
        self._repeats: list[tuple[int, int, Message]] = []
        self._captures: deque[Body] = deque(maxlen=16)

    def messages(self) -> Iterator[Message]:
        while self._turn < self._events:
            self._turn += 1
            self._begin_stories()
            yield self._next()

    @property
    def _now(self) -> datetime:
        return self._start + self._pace * (self._turn - 1)

    def _begin_stories(self) -> None:
        """Fills the places, but begins nothing at night that cannot be told to its end."""
        rng = self._rng
        while len(self._open) < self._places and (not self._open or self._turn + self._left < self._events):
            self._stories += 1
            shop = rng.choice(SHOPS)
            market = shop.markets[0] if rng.random() < 0.6 else rng.choice(shop.markets)
            story = Story(rng, shop, market, self._stories)
            (plot,) = rng.choices(list(PLOTS), list(PLOTS.values()))
            plot(story)
            self._open.append(_Telling(story))
            self._left += len(story.steps)

    def _next(self) -> Message:
        if self._repeats and self._repeats[0][0] <= self._turn:
            return heapq.heappop(self._repeats)[2]
        if self._rng.random() < POISON_SHARE:
            return self._poison()
        return self._tell()

    def _tell(self) -> Message:
        """The next step of some open story that has one to tell now."""
        while True:
            place = self._rng.randrange(len(self._open))
            telling = self._open[place]
            told = self._step(telling)
            if telling.over:
                self._open[place] = self._open[-1]
                self._open.pop()
            if told is not None:
                self._left -= 1
                return told
            self._turn_delays(telling)
            if not self._open:
                self._begin_stories()

    def _step(self, telling: _Telling) -> Message | None:
        """A step that was held up and is due, else the next one; None where that one is held up now."""
        for topic, due in telling.due.items():
            if due <= self._turn:
                step, at = telling.held[topic].popleft()
                if not telling.held[topic]:
                    del telling.held[topic], telling.due[topic]
                return self._send(step, at, LATE)
        if not telling.left:
            return None
        step = telling.left.popleft()
        queue = telling.held.get(step.topic)
        if queue is not None:
            queue.append((step, self._now))
            return None
        if telling.left and self._rng.random() < LATE_SHARE * 1.3:
            telling.held[step.topic] = deque([(step, self._now)])
            telling.due[step.topic] = self._turn + 1 + self._rng.randrange(LATE_BY_MAX)
            return None
        return self._send(step, self._now, APPLIED)

    def _turn_delays(self, telling: _Telling) -> None:
        """Where all that is left of a story is held up, it has waited long enough."""
        if not telling.left:
            telling.due = dict.fromkeys(telling.due, self._turn)

    def _send(self, step: Step, at: datetime, expected: Expectation) -> Message:
        body = {**step.body, "occurred_at": timestamp(at)}
        headers = {"traceparent": f"00-{self._rng.getrandbits(128) or 1:032x}-{self._rng.getrandbits(64) or 1:016x}-01"}
        sent = message(step.topic, step.key, encode(body), occurred_at=at, expected=expected, headers=headers)
        if body["type"] == "payment.captured" and "order_id" in body:
            self._captures.append(body)
        if self._rng.random() < DUPLICATE_SHARE * 1.07:
            self._repeat(step, body, headers)
        return sent

    def _repeat(self, step: Step, body: Body, headers: dict[str, str]) -> None:
        """Comes once more, later: byte for byte, or stated anew by another source."""
        again = dict(body)
        if self._rng.random() < 0.3 and step.topic != "disputes":
            again.update(occurred_at=timestamp(self._now + timedelta(seconds=1)), source="platform-retry")
        due = self._turn + 1 + self._rng.randrange(REPEATED_AFTER_MAX)
        copied = message(
            step.topic, step.key, encode(again), occurred_at=self._now, expected=DUPLICATE, headers=headers
        )
        heapq.heappush(self._repeats, (due, self._turn, copied))

    def _poison(self) -> Message:
        self._poured += 1
        if self._captures and self._rng.random() < CONTRADICTED_SHARE:
            bad = contradiction(self._captures.popleft(), self._rng.choice(CONTRADICTIONS))
        else:
            merchant = self._rng.choice(SHOPS).merchant_id
            bad = draught(self._rng, self._poured, merchant, timestamp(self._now))
        refused = Expectation("refused", bad.codes)
        return message(bad.topic, bad.key, bad.value, occurred_at=self._now, expected=refused)
