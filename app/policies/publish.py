"""What publishing a directory of policies would write, and what forbids it. Pure: nothing is written here."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.policy import Policy
from app.policies.document import Publication, key_of, published
from app.policies.load import Written
from app.policies.overlaps import overlaps
from app.policies.problems import Problem

NOTICE = timedelta(hours=1)


class Plan(NamedTuple):
    """`publications` in the order in which to write them; `unchanged` is published already.

    Any refusal forbids the whole plan (exit code 5): a part of a change of policies is a policy nobody wrote.
    """

    publications: list[Publication]
    unchanged: list[Policy]
    refusals: list[Problem]


def plan(existing: Iterable[Policy], wanted: Sequence[Written], *, now: datetime) -> Plan:
    """Compares what is published with what a directory holds, at the (aware) time `now`.

    A version that is published stays as it is. A new version starts at least an hour ahead, so that no event was
    decided under the old one that the new one claims; the first version of a policy may start in the past.
    """
    known = {(policy.id, policy.version): policy for policy in existing}
    firsts = _firsts(known.values(), wanted)
    told = Plan([], [], [])
    for written in sorted(wanted, key=lambda one: (one.policy.id, one.policy.version)):
        policy, source = written
        before = known.get((policy.id, policy.version))
        if before is not None and before.digest == policy.digest:
            told.unchanged.append(policy)
        elif before is not None:
            text = f"{key_of(policy)} is published with other content ({before.digest}), and this ({policy.digest})"
            hint = f"a published version never changes: give this the version {_next_version(known, policy.id)}"
            told.refusals.append(source.problem(("version",), text, hint))
        elif (policy.id, policy.version) not in firsts and policy.effective_from < now + NOTICE:
            hint = f"at the earliest {_later(now):%Y-%m-%dT%H:%M:%SZ}; workers must know it before it speaks"
            told.refusals.append(source.problem(("effective_from",), "expected a start at least an hour ahead", hint))
        else:
            told.publications.append(published(policy))
    told.refusals.extend(_collisions(known.values(), wanted))
    return told if not told.refusals else told._replace(publications=[])


def _firsts(known: Iterable[Policy], wanted: Iterable[Written]) -> set[tuple[str, int]]:
    """The lowest version of each policy that has none published."""
    old = {policy.id for policy in known}
    lowest: dict[str, int] = {}
    for policy, _ in wanted:
        if policy.id not in old:
            lowest[policy.id] = min(policy.version, lowest.get(policy.id, policy.version))
    return set(lowest.items())


def _next_version(known: Iterable[tuple[str, int]], policy_id: str) -> int:
    return 1 + max(version for name, version in known if name == policy_id)


def _later(now: datetime) -> datetime:
    """The next full minute after the notice: by then the author has typed it."""
    return (now + NOTICE + timedelta(minutes=2)).replace(second=0, microsecond=0)


def _collisions(known: Iterable[Policy], wanted: Sequence[Written]) -> list[Problem]:
    """What would collide once all is published. The directory alone was checked when it was loaded."""
    places = {(written.policy.id, written.policy.version): written for written in wanted}
    together = {(policy.id, policy.version): policy for policy in known}
    for key, written in places.items():
        together.setdefault(key, written.policy)
    problems = []
    for overlap in overlaps(together.values()):
        new = [policy for policy in (overlap.second, overlap.first) if (policy.id, policy.version) in places]
        if not new:
            continue
        other = overlap.first if new[0] is overlap.second else overlap.second
        source = places[new[0].id, new[0].version].source
        if overlap.of == "effective_from":
            text, path = f"expected a start of its own, {key_of(other)} is published with the same", "effective_from"
        else:
            text, path = f"expected each merchant in one policy at a time, `{overlap.of}` is in two", "merchants"
        hint = f"{key_of(other)} has it too, both from {overlap.since:%Y-%m-%dT%H:%M:%SZ} on"
        problems.append(source.problem((path,), text, hint))
    return problems
