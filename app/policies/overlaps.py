"""Which policies cannot stand side by side: at no time may two of them speak for the same merchant."""

from collections.abc import Iterable
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

from app.domain.policy import Policy


class Overlap(NamedTuple):
    """Two versions that collide, the one that starts earlier first: `of` says on what, `since` from when."""

    first: Policy
    second: Policy
    of: str
    since: datetime


class _Reign(NamedTuple):
    """A version, and until when it is the one in force of its policy (None: for good)."""

    policy: Policy
    until: datetime | None


def overlaps(policies: Iterable[Policy]) -> list[Overlap]:
    """All collisions: versions of one policy that start at once, and policies that name one merchant at one time."""
    by_id: dict[str, list[Policy]] = {}
    for policy in policies:
        by_id.setdefault(policy.id, []).append(policy)
    found: list[Overlap] = []
    naming: dict[str, list[_Reign]] = {}
    for _, versions in sorted(by_id.items()):
        versions.sort(key=lambda policy: (policy.effective_from, policy.version))
        for index, policy in enumerate(versions):
            following = versions[index + 1] if index + 1 < len(versions) else None
            if following and following.effective_from == policy.effective_from:
                found.append(Overlap(policy, following, "effective_from", policy.effective_from))
            for merchant_id in policy.merchants:
                reign = _Reign(policy, following.effective_from if following else None)
                naming.setdefault(merchant_id, []).append(reign)
    for merchant_id, reigns in naming.items():
        found += _meetings(merchant_id, reigns)
    return found


def _meetings(merchant_id: str, reigns: list[_Reign]) -> list[Overlap]:
    met: dict[tuple[str, str], Overlap] = {}
    for one, other in combinations(reigns, 2):
        since = max(one.policy.effective_from, other.policy.effective_from)
        # Versions of one policy never meet here: each reigns until the next one starts.
        if all(reign.until is None or since < reign.until for reign in (one, other)):
            # Once per pair of policies: their later versions collide for the same reason.
            pair = (one.policy.id, other.policy.id)
            earlier, later = sorted((one.policy, other.policy), key=lambda policy: (policy.effective_from, policy.id))
            met.setdefault(pair, Overlap(earlier, later, merchant_id, since))
    return list(met.values())
