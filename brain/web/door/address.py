"""From where a request comes, and under which name it asks for us: what a proxy says is believed of our own proxy only.

Why from the right: each proxy appends the address it saw. What stands left of the first address that is not one of our
proxies was written by whoever sent the request, and may say anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from starlette.types import Scope

Networks = Sequence[IPv4Network | IPv6Network]
FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")
PROXIED = "brain.proxied"
"""Key of the scope: whether anything says that the request came through a proxy, believed or not."""


def trusted(address: str, networks: Networks) -> bool:
    try:
        found = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in network for network in networks if network.version == found.version)


def client_of(peer: str, forwarded: str, networks: Networks) -> str:
    """The rightmost address that is not one of our proxies; `peer` itself unless it is one. A hop that is no address ends the
    walk: what is left of it cannot be judged."""
    here = peer
    for hop in reversed([part.strip() for part in forwarded.split(",")] if forwarded else []):
        if not trusted(here, networks):
            return here
        try:
            here = str(ip_address(hop.strip("[]")))
        except ValueError:
            return here
    return here


def settle(scope: Scope, networks: Networks) -> None:
    """Write into the scope of a request or socket who really asks (`client`) and how (`scheme`)."""
    client = scope.get("client")
    peer = client[0] if client else ""
    headers = scope["headers"]
    scope[PROXIED] = any(name in FORWARDED for name, _ in headers)
    if not trusted(peer, networks):
        return
    said = ",".join(value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for")
    found = client_of(peer, said[-2000:], networks)
    if found != peer:
        scope["client"] = (found, 0)
    scheme = next((v.decode("latin-1").strip() for n, v in headers if n == b"x-forwarded-proto"), "")
    if scheme in ("http", "https"):
        secure = scheme == "https"
        scope["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else scheme


def host_of(scope: Scope) -> str:
    """The host name a request asks for, lower case, without port; "" for none, for two, and for one that cannot be read."""
    said = [value for name, value in scope["headers"] if name == b"host"]
    if len(said) != 1:
        return ""
    text = said[0].decode("latin-1")
    if any(c in text for c in "/\\@?# ,\t"):
        return ""
    try:
        return (urlsplit(f"//{text}").hostname or "").lower()
    except ValueError:
        return ""
