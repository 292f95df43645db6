"""Transactions that stand still.

While a transaction is open on a partition, a reader of committed records is given nothing behind its first record: the
last stable offset stays there. The broker ends what a dead worker left open; a broker that is killed may lose that end,
and then the transaction hangs: readers, restores and commits of offsets wait behind it for ever.

So the last stable offsets are watched. One that has not moved for longer than any transaction of this installation
lives, the broker's clean-up included, is told with the command that ends it and what must be done around that. The last
stable offset is where the transaction starts, which is how that command knows it.
"""

import time
from collections.abc import Iterator

from app.doctor.finding import Finding, fine, look, wrong
from app.doctor.installation import Installation
from app.runtime.exits import UnreachableError
from app.runtime.records import OnBroker
from topics.catalogue import INBOUND

OFFSETS = "__consumer_offsets"
CLEAN_UP_S = 10.0
"""The broker looks so often for transactions that are out of time, by its own default."""
_LOOK_AGAIN_S = 0.5
_THEN = "then move the group back, as app/runtime/README.md says: what is aborted may have its offsets committed"


def standing_still(installation: Installation) -> Iterator[Finding]:
    """The transactions that no worker can still have open. Waits only while one is open that may be living."""
    inbound = {installation.config.topic(name) for name in INBOUND}
    places = installation.places(topic.name for topic in installation.wanted)
    places += _of_the_group(installation.config.app_id, installation.places([OFFSETS]))
    seconds = installation.config.limits.transaction_timeout_ms / 1000 + CLEAN_UP_S
    still = _still_open(installation, places, seconds)
    if not still:
        yield fine("transactions", f"none hangs on {len(places)} partitions")
    for (topic, number), start in sorted(still.items()):
        found = f"{topic}/{number}: open since offset {start}, for more than {seconds:.0f} s"
        abort = (
            f"kafka-transactions.sh --bootstrap-server {installation.config.bootstrap_servers} abort "
            f"--topic {topic} --partition {number} --start-offset {start}"
        )
        if topic in inbound:
            # publishers may take longer than we do, and the broker lets them
            yield look("transactions", found, f"If `kafka-transactions.sh find-hanging` names it: {abort}")
        else:
            yield wrong("transactions", found, f"Stop the workers; {abort}; {_THEN}", UnreachableError.code)


def _of_the_group(group: str, offsets: list[OnBroker]) -> list[OnBroker]:
    """The partition that keeps the group's offsets: by Java's hash of its name, as the broker places it."""
    hashed = 0
    for letter in group:
        hashed = (31 * hashed + ord(letter)) & 0xFFFFFFFF
    signed = hashed - (1 << 32) if hashed >= 1 << 31 else hashed
    return [place for place in offsets if place[1] == abs(signed) % len(offsets)]


def _still_open(installation: Installation, places: list[OnBroker], seconds: float) -> dict[OnBroker, int]:
    """Where transactions start that were open all the time, for so many seconds."""
    still = _open(installation, places)
    end = time.monotonic() + seconds
    while still and time.monotonic() < end:
        time.sleep(_LOOK_AGAIN_S)
        now = _open(installation, list(still))
        still = {place: start for place, start in still.items() if now.get(place) == start}
    return still


def _open(installation: Installation, places: list[OnBroker]) -> dict[OnBroker, int]:
    """The last stable offsets that are not at the end. The end is asked first: it only grows."""
    end = installation.ends(places, committed=False)
    stable = installation.ends(places, committed=True)
    return {place: stable[place] for place in places if stable[place] < end[place]}
