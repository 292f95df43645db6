"""The published policies, read as every worker reads them before it starts."""

from collections.abc import Iterator
from threading import Event

from app.doctor.finding import Finding, fine, look, wrong
from app.doctor.installation import Installation
from app.domain.policy import Policies, PolicyChangedError
from app.policies import PoliciesRefusedError, read_record
from app.runtime.exits import MisconfiguredError
from app.runtime.global_topics import GlobalTopics
from topics.catalogue import POLICIES

_CURE = (
    "Delete the topic, then `refundry topics create` and `refundry policy publish` of every version: no other writer"
)


def readable(installation: Installation) -> Iterator[Finding]:
    """Whether the topic can be read to its end and every policy on it can be used."""
    known, refused = Policies(), list[str]()
    read: set[tuple[str, int]] = set()

    def hear(key: bytes | None, body: bytes | None) -> None:
        try:
            policy = read_record(key, body)
            known.add(policy)
            read.add((policy.id, policy.version))
        except (PoliciesRefusedError, PolicyChangedError) as error:
            refused.append(str(error))

    topics = GlobalTopics(installation.config, {POLICIES: hear})
    try:
        topics.read_whole(Event())
    finally:
        topics.close()
    for reason in refused:
        yield wrong("policies", reason, _CURE, MisconfiguredError.code)
    if not read and not refused:
        yield look("policies", "none is published: the built-in one speaks", "refundry policy publish DIRECTORY")
    elif not refused:
        yield fine("policies", f"{len(read)} versions of {len({name for name, _ in read})} can be used")
