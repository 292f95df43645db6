"""A policy on the `policies` topic: the key `policy@version`, the canonical document as body.

The digest of a policy is the hash of exactly these bytes, so anybody can check it with `sha256sum`.
"""

from typing import NamedTuple

import msgspec

from app.domain.policy import Policy, canonical
from app.policies.cel import compile_condition
from app.policies.check import policy_of
from app.policies.conditions import Compiler
from app.policies.marked_yaml import MAX_BYTES
from app.policies.problems import PoliciesRefusedError, Problem, Source

# What a document may grow by, when its defaults are written out.
MAX_BODY_BYTES = 2 * MAX_BYTES


class Publication(NamedTuple):
    """One record for the `policies` topic."""

    key: bytes
    body: bytes
    policy: Policy


def published(policy: Policy) -> Publication:
    """The record that says a policy version."""
    return Publication(key_of(policy).encode(), canonical(policy), policy)


def key_of(policy: Policy) -> str:
    """The key of a version: `standard@3`."""
    return f"{policy.id}@{policy.version}"


def read_record(key: bytes | None, body: bytes | None, *, compiler: Compiler = compile_condition) -> Policy:
    """The policy version that a record of the topic says. Raises `PoliciesRefusedError`; its `file` is the key."""
    name = f"policies/{(key or b'').decode('utf-8', 'replace')[:128]}"
    source = Source(name)
    if body is None:
        hint = "publish a new version with `merchants: []` to retire a policy"
        raise PoliciesRefusedError([source.problem((), "a published version cannot be deleted", hint)])
    if len(body) > MAX_BODY_BYTES:
        raise PoliciesRefusedError([source.problem((), f"expected at most {MAX_BODY_BYTES // 1024} KiB", _REPUBLISH)])
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise PoliciesRefusedError([source.problem((), "expected a JSON object", _REPUBLISH)]) from None
    policy = policy_of(value, source, compiler=compiler)
    if key_of(policy).encode() != key:
        problem = Problem(name, None, "policy", "expected the key policy@version of the body", _REPUBLISH)
        raise PoliciesRefusedError([problem])
    return policy


_REPUBLISH = "write to this topic with `refundry policy publish` alone"
