"""Telemetry stations that speak over TCP as credentials: whose each is, how it proves it, from where it may call.

GB/T 22239-2019 level 3, 8.1.4.1 (who connects is identified) and 8.1.4.3 (whoever registers or changes one leaves an audit line).
HJ 212 has a password (PW) in every frame, SL 651 two bytes of one, GB 26875 none. All go in the clear and prove little by
themselves: so the networks, and so intake holds what a station says against its organisation in any case. Passwords are kept as
keyed digests (why, in migration 0130): a new `secret_key` therefore ends them all, and `brain check` says which are to be told anew.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import psycopg

from brain.identity import chain
from brain.identity.doing import Doer, act_audited
from brain.model import Refused
from brain.store import db


@dataclass(frozen=True, slots=True)
class Form:
    """How the stations of a protocol are called and prove themselves. `password` is None where the protocol has none."""

    title: str
    named: str
    id: re.Pattern[str]
    password: re.Pattern[str] | None
    says: str


FORMS = {
    "hj212": Form(
        "HJ 212", "设备编号 MN", re.compile(r"[^\s;=&#\x00-\x1f]{1,64}"), re.compile(r"[!-%'-:<>-~]{1,32}"),
        "1 到 32 个英文字母、数字或符号，不含 ; = &（标准是 6 位）",
    ),
    "sl651": Form(
        "SL 651", "测站地址", re.compile(r"[0-9A-F]{10}"), re.compile(r"[0-9A-F]{4}"), "4 位十六进制（两个字节）"
    ),
    "gb26875": Form("GB 26875.3", "源地址", re.compile(r"[0-9A-F]{12}"), None, ""),
}  # fmt: skip
FEEDS = tuple(FORMS)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"  # none that is read as another
_PW = re.compile(rb"(PW\s*=)([^;&\r\n]*)", re.IGNORECASE)
_SL651 = re.compile(rb"(?<=\x7e\x7e.{6})..", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TcpStation:
    """A registered station as a door knows it. `key` names the secret that `digest` was made with; both None where no
    password is asked for."""

    feed: str
    id: str
    centre: int | None
    org: str
    digest: bytes | None
    key: str | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    active: bool


# Passwords ----------------------------------------------------------------------------------------------------------------
def digest(feed: str, id: str, password: str) -> bytes:
    """The keyed digest of a password. Raises chain.NoKey where this process has no secret."""
    return hmac.digest(chain.ring().station, json.dumps([feed, id, password]).encode(), "sha256")


def fits(feed: str, id: str, kept: bytes, password: str) -> bool:
    """Whether a password is the one behind a digest, in constant time."""
    return hmac.compare_digest(kept, digest(feed, id, password))


def drawn(feed: str, common: Iterable[str]) -> str:
    """A password nobody has thought of, as long as the protocol has room for."""
    known = {word.upper() for word in common}
    while True:
        found = secrets.token_hex(2).upper() if feed == "sl651" else "".join(secrets.choice(_LETTERS) for _ in range(6))
        if found.upper() not in known:
            return found


def common_among(row: Mapping[str, Any], common: Iterable[str]) -> bool:
    """Whether the password behind a row of `tcp_stations` is one that everybody knows."""
    form = FORMS[row["feed"]].password
    if row["digest"] is None or form is None or row["key"] != chain.ring().id:
        return False
    kept = bytes(row["digest"])
    return any(fits(row["feed"], row["id"], kept, word) for word in common if form.fullmatch(word))


def masked(feed: str, raw: bytes) -> bytes:
    """A message as it may be shown: the password, where one stands in it, as asterisks; as long as it was."""
    if feed == "hj212":
        return _PW.sub(lambda found: found[1] + b"*" * len(found[2]), raw)
    return _SL651.sub(b"**", raw) if feed == "sl651" else raw


# Changing them ------------------------------------------------------------------------------------------------------------
def add(
    conn: psycopg.Connection,
    by: Doer,
    feed: str,
    id: str,
    org: str,
    now: datetime,
    *,
    password: str | None = None,
    centre: int | None = None,
    networks: Iterable[str] = (),
    note: str = "",
) -> None:
    """Register a station. Raises Refused, naming what is wrong, never the password."""

    def do() -> None:
        _sound(feed, id, centre, password)
        found = db.one(
            conn, "tcp_station_insert", feed=feed, id=id, centre=centre, org=org, networks=_networks(networks), note=note,
            now=now, **_kept(feed, id, password),
        )  # fmt: skip
        if found is None:
            raise Refused(f"{FORMS[feed].title} 的 {id} 已经登记过；要改请用 brain tcp change")

    act_audited(
        conn, by, "tcp_station_create", f"tcp_station:{feed}/{id}", now, do, org=org, password=password is not None,
        networks=list(networks), centre=centre,
    )  # fmt: skip


def change(
    conn: psycopg.Connection,
    by: Doer,
    feed: str,
    id: str,
    now: datetime,
    *,
    org: str | None = None,
    password: str | None = None,
    no_password: bool = False,
    centre: int | None = None,
    any_centre: bool = False,
    networks: Iterable[str] | None = None,
    active: bool | None = None,
    note: str | None = None,
) -> None:
    """Change what is given; what is None stays. `networks` empty: from anywhere. Raises Refused."""
    repass, recentre = no_password or password is not None, any_centre or centre is not None
    said: dict[str, Any] = {
        "org": org, "networks": None if networks is None else list(networks), "active": active, "note": note,
        "password": (password is not None) if repass else None, "centre": ("any" if centre is None else centre) if recentre else None,
    }  # fmt: skip

    def do() -> None:
        _sound(feed, id, centre, password)
        found = db.one(
            conn, "tcp_station_change", feed=feed, id=id, org=org, centre=centre, recentre=recentre, repass=repass,
            networks=None if networks is None else _networks(networks), active=active, note=note, now=now,
            **_kept(feed, id, password),
        )  # fmt: skip
        if found is None:
            raise Refused(f"{FORMS[feed].title} 的 {id} 没有登记；brain tcp list 可查看，brain tcp add 可登记")

    told = {name: value for name, value in said.items() if value is not None}
    act_audited(conn, by, "tcp_station_change", f"tcp_station:{feed}/{id}", now, do, **told)


def _kept(feed: str, id: str, password: str | None) -> dict[str, Any]:
    if password is None:
        return {"digest": None, "key": None}
    return {"digest": digest(feed, id, password), "key": chain.ring().id}


def _sound(feed: str, id: str, centre: int | None, password: str | None) -> None:
    form = FORMS[feed]
    if not form.id.fullmatch(id):
        raise Refused(f"“{id[:80]}”不像 {form.title} 的{form.named}；请按测站报文里的写法填写")
    if centre is not None and (feed != "sl651" or not 0 <= centre <= 255):
        raise Refused("中心站地址只有 SL 651 有，应在 0–255 之间；请改正 --centre")
    if password is not None and form.password is None:
        raise Refused(f"{form.title} 的报文里没有口令；请去掉口令，改用 --network 限定来源网段")
    if password is not None and form.password is not None and not form.password.fullmatch(password):
        raise Refused(f"{form.title} 的口令应是 {form.says}；请改正", "password")


def _networks(given: Iterable[str]) -> list[str]:
    found: list[str] = []
    for text in given:
        try:
            found.append(str(ip_network(text)))
        except ValueError:
            raise Refused(f"网段“{text[:60]}”写不成；请写成 10.20.0.0/16 或单个地址，主机位为 0") from None
    return found


# Looking on ---------------------------------------------------------------------------------------------------------------
ADD = "brain tcp add 接入 编号 --org 单位代码 --password"
RECENT = timedelta(days=1)


def strangers(conn: psycopg.Connection, now: datetime) -> list[dict[str, Any]]:
    """Who has spoken in the last day without being registered, newest first."""
    return db.many(conn, "tcp_strangers", since=now - RECENT)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be mended, each as `feed id`: strangers of the last day, stations whose password everybody knows, those whose
    password was kept under another secret, and those that prove nothing (no password, no network). `known`: how many there are."""

    strangers: list[str]
    common: list[str]
    foreign_key: list[str]
    open: list[str]
    known: int


def standing(conn: psycopg.Connection, common: Iterable[str], now: datetime) -> Standing:
    """Raises chain.NoKey where there are passwords and no secret to look at them with."""
    rows, common = db.many(conn, "tcp_stations"), tuple(common)

    def named(found: Iterable[Mapping[str, Any]]) -> list[str]:
        return [f"{r['feed']} {r['id']}" for r in found]

    live = [r for r in rows if r["active"]]
    ring = chain.ring().id if any(r["key"] for r in live) else None
    return Standing(
        named(strangers(conn, now)),
        named(r for r in live if r["key"] and common_among(r, common)),
        named(r for r in live if r["key"] and r["key"] != ring),
        named(r for r in live if not r["key"] and not r["networks"]),
        len(rows),
    )
