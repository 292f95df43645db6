"""A storm over a whole installation: real workers on three brokers, a shop's day, and fault after fault."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.demo.oracle import Verdict
from app.runtime import faults
from tests.faults.schedule import Fault
from tests.kafka.harness import ROOT, Workers, wait_for
from tests.kafka.product import Product
from tests.kafka.state import Compared, compared_tables
from tests.kafka.three_brokers import ThreeBrokers
from tests.kafka.world import Answering, Shop

R = TypeVar("R")

BURST = 500
QUIET_S = 300.0
BACK_S = 90.0
ENDS = {-signal.SIGKILL, 0, 4, 75}
"""How a worker may end in a storm; 3 and 5 ask for a person, and nobody did anything wrong."""


HIT_SHARE = 3 / 4
"""So many of the faults must have hit, or the storm proves little. Some fall into a lull of the workers, or of this
machine.
"""


class Struck(NamedTuple):
    """What came of one fault. `unread`: how many messages waited while it lasted. `took`: whether it did what it is
    named for, as the process, the group or the cluster showed.
    """

    fault: Fault
    unread: int
    took: bool

    @property
    def hit(self) -> bool:
        """Whether it met work in flight."""
        return self.took and self.unread > 0

    def __str__(self) -> str:
        """The fault and what came of it."""
        fault = f"{self.fault.kind} ({self.fault.victim}, {self.fault.seconds:.1f} s)"
        if not self.took:
            return f"{fault} did not take"
        return f"{fault} hit, {self.unread} messages waited" if self.unread else f"{fault} met nothing that waited"


class Report(NamedTuple):
    """What came of a storm. `compared`: by table, what changelog, stores and clean replay agree on."""

    struck: list[Struck]
    exits: Counter[int]
    verdict: Verdict
    compared: Mapping[str, Compared]
    quiet_after: float

    @property
    def hits(self) -> int:
        """How many of the faults met work in flight."""
        return sum(one.hit for one in self.struck)

    @property
    def faults_found(self) -> list[str]:
        """Why the run failed; empty: it did not."""
        found = [str(violation) for violation in self.verdict.violations]
        found += [f"{one.differ} rows of {table} differ" for table, one in self.compared.items() if one.differ]
        found += [f"no row of {table} was there to compare" for table, one in self.compared.items() if not one.rows]
        found += [f"a worker ended with {code}" for code in self.exits if code not in ENDS]
        if self.verdict.figures.outputs_repeated:
            found.append(f"{self.verdict.figures.outputs_repeated} outputs were said twice")
        if not self.struck or self.hits < HIT_SHARE * len(self.struck):
            found.append(f"{self.hits} of {len(self.struck)} faults hit while work was in flight, too few")
        return found


class Storm:
    """One installation with `slots` workers. `tell` hears what happens."""

    def __init__(
        self, three: ThreeBrokers, directory: Path, *, seed: int, slots: int, tell: Callable[[str], None]
    ) -> None:
        self._three = three
        self._slots = slots
        self._seed = seed
        self._tell = tell
        # small rounds: a burst is many of them, and a fault falls into the middle of one
        self._product = Product(three.bootstrap, f"storm{seed}", directory, round_messages=100)

    def rage(self, planned: Iterable[Fault], *, end: float) -> Report:
        """Strikes with the faults until `end` (of the monotonic clock), waits until all is quiet, and judges."""
        product, planned = self._product, list(planned)
        product.create(ROOT / "app" / "policies" / "examples")
        shop = Shop(product.bootstrap, product.prefix, BURST * (len(planned) + 1), self._seed)
        struck: list[Struck] = []
        with product.workers() as workers, Answering(product.bootstrap, product.prefix) as world:
            workers.start(*range(self._slots))
            for fault in planned:
                if time.monotonic() > end:
                    break
                before = _patient(product.handled)
                shop.publish(BURST)
                wait_for("the workers are at work", lambda before=before: _patient(product.handled) > before, BACK_S)
                struck.append(self._strike(fault, workers))
                self._tell(str(struck[-1]))
            shop.publish_rest()
            stopped = time.monotonic()
            wait_for("everything is decided and answered", lambda: self._is_quiet(world), QUIET_S, every=0.5)
            quiet_after = time.monotonic() - stopped
            workers.stop()
        return Report(struck, workers.exits, product.judged(), compared_tables(product), quiet_after)

    def _strike(self, fault: Fault, workers: Workers) -> Struck:
        """Strikes, and looks how much waits while a worker is struck: what is counted before may be done by then."""
        began, victim = time.monotonic(), fault.victim

        def unread_while_it_lasts(more: float = 0.0) -> int:
            unread = _patient(self._product.unread)
            _last(fault.seconds + more - (time.monotonic() - began))
            return unread

        match fault.kind:
            case "kill":
                took = workers.kill(victim) == -signal.SIGKILL
                unread = _patient(self._product.unread)
            case "kill in recovery":
                took = workers.kill(victim) == -signal.SIGKILL
                restored, starts = _count(workers, "restored "), workers.starts
                unread = unread_while_it_lasts()
                wait_for("it was started again", lambda: workers.starts > starts, BACK_S)
                took &= _count(workers, "restored ") == restored
                took &= workers.kill(victim) == -signal.SIGKILL
            case "freeze" | "freeze and fence":
                shares = _count(workers, "assigned ")
                workers.signal(victim, signal.SIGSTOP)
                took = workers.code(victim) is None
                unread = unread_while_it_lasts()
                if fault.kind == "freeze and fence":
                    took &= _count(workers, "assigned ") > shares
                workers.signal(victim, signal.SIGCONT)
            case "terminate":
                took = workers.stop(victim) == {victim: 0}
                unread = unread_while_it_lasts()
                workers.start(victim)
            case "join and leave":
                shares = _count(workers, "assigned ")
                workers.start(self._slots)
                unread = unread_while_it_lasts(3)
                took = _count(workers, "assigned ") > shares
                workers.stop(self._slots)
            case "stop a broker" | "kill a broker":
                broker = self._three.brokers[victim]
                # counted before: while it is away, who asks may go on waiting for just that one to answer
                unread = _patient(self._product.unread)
                took = broker._process.poll() is None
                (broker.stop if fault.kind == "stop a broker" else broker.kill)()
                _last(fault.seconds)
                broker.start()
                wait_for("it has all that the others have", self._three.in_sync, BACK_S)
            case _:
                raise AssertionError(fault.kind)
        return Struck(fault, unread, took)

    def _is_quiet(self, world: Answering) -> bool:
        sent, product = world.sent, self._product
        return (
            _patient(product.unread) == 0
            and _patient(world.has_heard_all)
            and world.sent == sent
            and _patient(product.unread) == 0
        )


def _count(workers: Workers, said: str) -> int:
    """How often the workers said something so far."""
    return workers.said().count(said)


def _patient(call: Callable[[], R]) -> R:
    """The answer of a cluster of which a broker may be away for a moment."""
    return faults.insist(call, what="asking the cluster", patience=BACK_S)


def _last(seconds: float) -> None:
    """Lets a fault last: here the passing of time is the thing itself."""
    time.sleep(max(0.0, seconds))
