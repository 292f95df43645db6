"""A storm over a whole installation: real workers on three brokers, a shop's day, and fault after fault."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.demo.oracle import Verdict
from app.runtime import faults
from tests.faults.schedule import Fault
from tests.kafka.harness import ROOT, Workers, wait_for
from tests.kafka.product import Product
from tests.kafka.state import rows_of_changelog, rows_of_replay, rows_of_stores
from tests.kafka.three_brokers import ThreeBrokers
from tests.kafka.world import Answering, Shop

R = TypeVar("R")

BURST = 500
QUIET_S = 300.0
BACK_S = 90.0
ENDS = {-signal.SIGKILL, 0, 4, 75}
"""How a worker may end in a storm; 3 and 5 ask for a person, and nobody did anything wrong."""


class Struck(NamedTuple):
    """One fault as it hit: how many messages waited for the workers at that moment."""

    fault: Fault
    unread: int


class Report(NamedTuple):
    """What came of a storm. `differences`: rows of a table that changelog, clean replay and stores do not agree on."""

    struck: list[Struck]
    exits: Counter[int]
    verdict: Verdict
    differences: Counter[str]
    quiet_after: float

    @property
    def faults_found(self) -> list[str]:
        """Why the run failed; empty: it did not."""
        found = [str(violation) for violation in self.verdict.violations]
        found += [f"{count} rows of {table} differ" for table, count in self.differences.items() if count]
        found += [f"a worker ended with {code}" for code in self.exits if code not in ENDS]
        if self.verdict.figures.outputs_repeated:
            found.append(f"{self.verdict.figures.outputs_repeated} outputs were said twice")
        if not any(struck.unread for struck in self.struck):
            found.append("no fault hit while work was in flight")
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
                unread = _patient(product.unread)
                self._tell(f"{fault.kind} ({fault.victim}, {fault.seconds:.1f} s), {unread} messages wait")
                struck.append(Struck(fault, unread))
                self._strike(fault, workers)
            shop.publish_rest()
            stopped = time.monotonic()
            wait_for("everything is decided and answered", lambda: self._is_quiet(world), QUIET_S, every=0.5)
            quiet_after = time.monotonic() - stopped
            workers.stop()
        return Report(struck, workers.exits, product.judged(), self._differences(), quiet_after)

    def _strike(self, fault: Fault, workers: Workers) -> None:
        match fault.kind:
            case "kill":
                workers.kill(fault.victim)
            case "kill in recovery":
                workers.kill(fault.victim)
                _last(fault.seconds)
                workers.kill(fault.victim)
            case "freeze" | "freeze and fence":
                workers.signal(fault.victim, signal.SIGSTOP)
                _last(fault.seconds)
                workers.signal(fault.victim, signal.SIGCONT)
            case "terminate":
                workers.stop(fault.victim)
                _last(fault.seconds)
                workers.start(fault.victim)
            case "join and leave":
                workers.start(self._slots)
                _last(fault.seconds + 3)
                workers.stop(self._slots)
            case "stop a broker" | "kill a broker":
                broker = self._three.brokers[fault.victim]
                (broker.stop if fault.kind == "stop a broker" else broker.kill)()
                _last(fault.seconds)
                broker.start()
                wait_for("it has all that the others have", self._three.in_sync, BACK_S)
            case _:
                raise AssertionError(fault.kind)

    def _is_quiet(self, world: Answering) -> bool:
        sent, product = world.sent, self._product
        return (
            _patient(product.unread) == 0
            and _patient(world.has_heard_all)
            and world.sent == sent
            and _patient(product.unread) == 0
        )

    def _differences(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for table, topic in (("cases", "case-events"), ("customers", "customer-activity")):
            changelog = rows_of_changelog(self._product, table)
            for other in (rows_of_replay(self._product, table, topic), rows_of_stores(self._product, table)):
                found[table] += sum(
                    changelog.get(place) != other.get(place) for place in changelog.keys() | other.keys()
                )
        return found


def _patient(call: Callable[[], R]) -> R:
    """The answer of a cluster of which a broker may be away for a moment."""
    return faults.insist(call, what="asking the cluster", patience=BACK_S)


def _last(seconds: float) -> None:
    """Lets a fault last: here the passing of time is the thing itself."""
    time.sleep(seconds)
