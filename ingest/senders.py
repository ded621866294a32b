"""Who may speak on a telemetry line: pure, from the registrations (`brain tcp`) and what the frames say.

A station that is registered must be switched on, come from its networks, call its own centre and bring its password; then it
speaks for its department, as a department's MQTT account does (`owners.py`). One that is not is let in or not by the catalog
(security.toml, `tcp.unregistered`); let in, it speaks for no station that a registered one speaks for.

Why at the time of storing and by the bytes and the topic alone: a message is read again from the spill and from the dead letter,
and a mended registration should count for what waits there, too. Why nothing is answered, whatever the reason: one who guesses
must not hear from us what he got right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from brain.identity import chain, tcp_stations
from brain.identity.tcp_stations import FORMS, TcpStation
from ingest import feeds
from ingest.feeds import Claim, _wire
from ingest.write.message import ParsedMessage

RULE = "credential"


def judge(message: ParsedMessage, known: Callable[[str, str], TcpStation | None], refuses: bool) -> None:
    """Turn a message away, or note for whom its senders speak. `known` gives the registration of (feed, id)."""
    where = feeds.peer(message.topic)
    for claim in message.claims:
        station = known(message.feed, claim.id)
        says = refusal(message.feed, claim, where, station, refuses)
        if says:
            message.turn_away(RULE, says)
            return
        if station is not None:
            message.orgs[claim.id] = station.org


def refusal(feed: str, claim: Claim, where: str, station: TcpStation | None, refuses: bool) -> str | None:
    """Why a sender at an address is not let in, never naming a password; None when it is."""
    name = f"{FORMS[feed].title} 的 {_wire.short(claim.id)}"
    command = f"{feed} {_wire.short(claim.id)}"
    if station is None:
        if not refuses:
            return None
        return f"{name} 没有登记，不收；确是本区的站就用 brain tcp add {command} --org 单位代码 登记，再重放此报文"
    if not station.active:
        return f"{name} 已停用；如已恢复，请用 brain tcp on {command} 启用，再重放此报文"
    if station.networks and not within(where, station.networks):
        return (
            f"{name} 应从 {'、'.join(map(str, station.networks))} 接入，这次来自 {where}；测站换了线路就用 "
            f"brain tcp change {command} --network 改正，否则是有人冒用，请查这条线路"
        )
    if station.centre is not None and claim.centre != station.centre:
        return (
            f"{name} 应报到中心站 {station.centre}，这次报的是 {claim.centre}；请核对测站设置，"
            f"或用 brain tcp change {command} --centre 改正"
        )
    if station.digest is None:
        return None
    try:
        if station.key != chain.ring().id:
            return f"{name} 的口令是用另一把签名密钥登记的，核对不了；请用 brain tcp change {command} --password 重新登记，再重放此报文"
        right = tcp_stations.fits(feed, station.id, station.digest, claim.password or "")
    except chain.NoKey:
        return f"本接入进程没有签名密钥，核对不了 {name} 的口令；请给它设 BRAIN_SECRET_KEY_FILE（与网页进程同一把），再重放此报文"
    if right:
        return None
    return (
        f"{name} 的口令不对；是测站换了口令就用 brain tcp change {command} --password 改正，再重放此报文，"
        f"否则是 {where} 在冒用它的编号，请查这条线路"
    )


def within(where: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether an address lies in one of the networks; one that cannot be read does not."""
    try:
        address = ip_address(where.strip("[]"))
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
