"""From which address somebody comes, as far as that can be known behind proxies.

Each proxy writes the address that it was called from at the end of `X-Forwarded-For`; what stands before it may have
been sent by anybody. So the list is read from its end, past proxies that we know, and the first other one counts.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def address_of(remote: str, forwarded: Sequence[str], proxies: Sequence[Network], *, behind_proxy: bool) -> str | None:
    """The address of whoever asks; None where it is not known.

    `remote`: who called us. `forwarded`: the values of `X-Forwarded-For`, in their order; they count where a proxy of
    `proxies` wrote them. `behind_proxy`: nobody calls us but a proxy, also where none is named.
    """
    steps = [step.strip() for value in forwarded for step in value.split(",")]
    caller = _read(remote)
    if behind_proxy and caller is not None and not _is_known(caller, proxies):
        return None
    for step in (caller, *map(_read, reversed(steps))):
        if step is None or not _is_known(step, proxies):
            return None if step is None else str(step)
    return None


def _is_known(address: Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address  # ::ffff:10.0.0.7, where one socket hears both kinds
