"""The single values of settings: how each is written, and what is made of it.

A refusal says what is expected and never repeats the value: it may be a secret in the wrong place.
"""

import re
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

MAX_PORT = 65_535

_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_FAULT_POINT = re.compile(r"[a-z_]{1,64}(:[1-9][0-9]{0,8})?")

FAULT_POINTS = {
    "exactly_once": ("before_produce", "before_offsets", "before_commit", "after_commit"),
    "at_least_once": ("before_produce", "before_changelog", "before_commit", "after_commit"),
}
"""What a round passes on its way to the broker, in order, by the guarantee."""


def refused(expected: str, hint: str) -> PydanticCustomError:
    """A refusal of a value: what was expected, and what to type instead."""
    return PydanticCustomError("refused", "refused", {"expected": expected, "hint": hint})


def split_address(address: str) -> tuple[str, int]:
    """`127.0.0.1:9464` as host and port; the brackets of an IPv6 host are taken off."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def as_address(given: str) -> str:
    """One host:port. Port 0: any free one."""
    match = _HOST_PORT.fullmatch(given)
    if not match or int(match[2]) > MAX_PORT:
        raise refused("host:port", "like 127.0.0.1:9464, an IPv6 host in brackets")
    return given


def as_servers(given: str) -> str:
    """One host:port or several with commas."""
    servers = [server.strip() for server in given.split(",")]
    for server in servers:
        match = _HOST_PORT.fullmatch(server)
        if not match or not 0 < int(match[2]) <= MAX_PORT:
            raise refused("host:port, several with commas", "like kafka-1:9092,kafka-2:9092; no scheme before the host")
    return ",".join(servers)


def as_redis_url(given: SecretStr) -> SecretStr:
    """The address of a Redis, with its login if it needs one."""
    try:
        parts = urlsplit(given.get_secret_value())
        whole = parts.scheme in {"redis", "rediss", "unix"} and bool(parts.hostname or parts.path) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise refused("a Redis URL", "like redis://localhost:6379/0, with TLS rediss://user:password@host:6380/0")
    return given


def as_moment(given: Any) -> datetime:
    """An RFC 3339 time with offset, in UTC. YAML and TOML may have read it already."""
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise refused("a time with offset", "like 2026-01-01T00:00:00Z")


def as_state_dir(given: Path) -> Path:
    """A directory; `~` is the home directory."""
    try:
        return given.expanduser()
    except RuntimeError:
        raise refused("a directory", "there is no home directory here: write the whole path") from None


def as_fault_points(given: Any) -> tuple[str, ...]:
    """Names with commas between them, each with the number of the pass that is meant where it is not the first."""
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise refused("names with commas", "like before_commit")
    points = tuple(name.strip() for name in names if name.strip())
    if not all(_FAULT_POINT.fullmatch(name) for name in points):
        raise refused("names with commas", "like before_commit,after_commit:20 for the twentieth pass")
    return points


def as_networks(given: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses or networks with commas between them."""
    texts = given.split(",") if isinstance(given, str) else given
    try:
        return tuple(ip_network(text.strip()) for text in texts)
    except (ValueError, TypeError, AttributeError):
        hint = "like 10.0.0.7,10.1.0.0/16; host names are not looked up"
        raise refused("addresses or networks with commas", hint) from None
