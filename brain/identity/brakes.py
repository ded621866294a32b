"""Who tries to log in too often waits, longer each time: by account, by address and by known device (8.1.4.1 b).

Why a wait and not a lock: a lock after five failures can be set by anybody on anybody, and then serves whoever wants to keep
the command room out of its own system. A wait bounds guessing as well (security.toml says how many a day), and what a
stranger does slows only attempts from browsers that this account has not been seen on: a known device, by its signed mark,
and whoever is logged in already, have a count of their own.

Why unknown accounts have brakes too: otherwise the wait itself would tell which accounts there are.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from math import ceil

import psycopg

from brain.catalog.security import Brake, Brakes
from brain.model import Refused
from brain.store import db


@dataclass(frozen=True, slots=True)
class Counted:
    """The keys under which one attempt counts, each with its brake; `shared` is the address, which others may share."""

    keys: tuple[tuple[str, Brake], ...]
    shared: str | None = None


def login_key(secret: str, login: str) -> str:
    """What stands for a login that no account has: nobody who reads the table learns what was typed."""
    return "login:" + hmac.new(secret.encode(), login.strip().lower().encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:40]


def address_key(ip: str, brakes: Brakes) -> str | None:
    """The network that an address belongs to; None for what is no address (a socket, a test)."""
    try:
        found = ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    if (mapped := getattr(found, "ipv4_mapped", None)) is not None:
        found = mapped
    bits = brakes.ipv4_bits if found.version == 4 else brakes.ipv6_bits
    return f"net:{ip_network((found, bits), strict=False)}"


def counted(brakes: Brakes, *, account: str, ip: str, device: str | None) -> Counted:
    """Under which keys an attempt counts: from a known device under that one alone."""
    if device is not None:
        return Counted(((f"device:{device}", brakes.device),))
    net = address_key(ip, brakes)
    keys = [(account, brakes.account)] + ([(net, brakes.address)] if net else [])
    return Counted(tuple(keys), net)


def claim(conn: psycopg.Connection, count: Counted, now: datetime) -> None:
    """Count one attempt under all its keys, or none. Raises Refused('wait') with the seconds to wait."""
    with conn.transaction():
        for key, brake in sorted(count.keys, key=lambda pair: pair[0]):  # one order for all: no two wait for each other
            row = db.one(
                conn, "brake_count", key=key, now=now, free=brake.free, first_s=brake.first_s, longest_s=brake.longest_s,
                forget_before=now - brake.forget,
            )  # fmt: skip
            if row is None:
                held = db.many(conn, "brake_held", keys=[k for k, _ in count.keys], now=now)
                until = held[0]["until"] if held else now + timedelta(seconds=brake.first_s)
                raise Wait(until, now)


class Wait(Refused):
    """Too many failures: `seconds` until the next attempt may come."""

    def __init__(self, until: datetime, now: datetime):
        self.seconds = max(ceil((until - now).total_seconds()), 1)
        super().__init__(f"登录失败次数过多，请 {spoken(self.seconds)}后再试", "wait")


def spoken(seconds: int) -> str:
    """`45 秒`, `29 分钟 5 秒`, `30 分钟`."""
    minutes, rest = divmod(seconds, 60)
    return " ".join([f"{minutes} 分钟"] * (minutes > 0) + [f"{rest} 秒"] * (rest > 0 or not minutes))


def release(conn: psycopg.Connection, count: Counted) -> None:
    """The password was right: account and device start anew, the address gets this attempt back."""
    with conn.transaction():
        db.run(conn, "brake_off", keys=[key for key, _ in count.keys if key != count.shared])
        if count.shared:
            db.run(conn, "brake_back", key=count.shared)


def forget(conn: psycopg.Connection, brakes: Brakes, now: datetime) -> int:
    """Clear what no longer counts; returns how many rows."""
    longest = max(brakes.account.forget, brakes.address.forget, brakes.device.forget)
    with conn.transaction():
        return db.run(conn, "brake_forget", before=now - longest).rowcount
