"""How far the group has come: is what it has not read still there, and does anybody work on what waits?"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping

from confluent_kafka import KafkaError, KafkaException

from app.doctor.finding import Finding, fine, look, wrong
from app.doctor.installation import Installation
from app.runtime import clients, faults, preflight
from app.runtime.exits import UnsafeError
from app.runtime.group_offsets import committed_by_group
from app.runtime.records import OnBroker
from topics.catalogue import TOPICS

MOVES_S = 5.0
"""A worker with work commits at least every commit interval, and the largest round takes less."""


def offsets(installation: Installation) -> Iterator[Finding]:
    """Input that is gone, a group that begins on old topics, and work on which nobody is."""
    config = installation.config
    places = installation.places(config.topic(agent.topic) for agent in installation.topology.agents)
    committed = _committed(installation, places)
    first, end = installation.beginnings(places), installation.ends(places, committed=False)
    gone = [
        wrong("group", f"{_holds(place, first, end)}, the group stands at {at}", faults.GONE, UnsafeError.code)
        for place, at in committed.items()
        if not first[place] <= at <= end[place]
    ]
    if gone:
        yield from gone
        return
    if not committed:
        consumer = clients.group_consumer(config, lambda _: None)
        try:
            preflight.refuse_old_topics(config, installation.topology, TOPICS, consumer)
        finally:
            consumer.close()
    yield from _work(installation, places, committed)


def _work(installation: Installation, places: list[OnBroker], committed: Mapping[OnBroker, int]) -> Iterator[Finding]:
    lag = _lag(installation, places, committed)
    members = _members(installation)
    who = f"{members} {'worker' if members == 1 else 'workers'} in the group {installation.config.app_id}"
    by_topic = ", ".join(f"{topic} {count}" for topic, count in lag.items())
    waits = f"{who}, {lag.total()} messages wait ({by_topic})" if lag else f"{who}, nothing waits"
    if not members:
        yield look("group", waits, "Start workers: refundry worker")
    elif not lag or _moves(installation, places, committed):
        yield fine("group", waits)
    else:
        cure = "Ask a worker: /readyz on its OPS_BIND says what it waits for; its log says what it could not do"
        yield look("group", f"{waits} and nothing was committed for {_patience(installation):.0f} s", cure)


def _moves(installation: Installation, places: list[OnBroker], before: Mapping[OnBroker, int]) -> bool:
    """Whether something is committed while we look."""
    end = time.monotonic() + _patience(installation)
    while time.monotonic() < end:
        time.sleep(0.5)
        if _committed(installation, places) != before:
            return True
    return False


def _patience(installation: Installation) -> float:
    return MOVES_S + 2 * installation.settings.commit_interval_ms / 1000


def _lag(installation: Installation, places: list[OnBroker], committed: Mapping[OnBroker, int]) -> Counter[str]:
    first, end = installation.beginnings(places), installation.ends(places, committed=True)
    lag: Counter[str] = Counter()
    for place in places:
        lag[place[0]] += max(0, end[place] - committed.get(place, first[place]))
    return +lag


def _committed(installation: Installation, places: list[OnBroker]) -> dict[OnBroker, int]:
    """The group's offsets, where it has some."""
    config = installation.config
    found = committed_by_group(config, places, patience=config.limits.patience)
    return {(at.topic, at.partition): at.offset for at in found}


def _members(installation: Installation) -> int:
    config = installation.config

    def ask() -> int:
        """How many members the group has; none where no worker ever ran."""
        answer = installation.admin.describe_consumer_groups(
            [config.app_id], request_timeout=config.limits.call_timeout
        )
        try:
            return len(answer[config.app_id].result().members)
        except KafkaException as failure:
            if failure.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return 0  # no worker ever ran
            raise

    return faults.insist(ask, what="who is in the group", patience=config.limits.patience)


def _holds(place: OnBroker, first: Mapping[OnBroker, int], end: Mapping[OnBroker, int]) -> str:
    return f"{place[0]}/{place[1]} holds {first[place]} to {end[place]}"
