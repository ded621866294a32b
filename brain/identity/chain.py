"""Keys and digests of the chains: what proves that the audit trail and the histories of events are what they were.

A process is given its secret once (`use`); the keys are derived from it and never reach the database. Everything here but
that one keyring is pure: digests of bytes, and `walk`, which goes along a chain and names the first thing that is wrong.
`scripts/verify_audit.py` does the same without any of our code; a test holds the two together.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

CHAINS = {"audit": "审计记录", "event": "案卷流水"}
LEAST = 32  # characters of a secret
NOTHING = bytes(32)
WORDS = {
    "altered": "内容被改动",
    "removed": "被删去",
    "reordered": "次序被调换",
    "cut": "之后的记录被截去",
    "inserted": "是绕过系统塞进来的",
    "key": "用的不是本系统的密钥，无法核对",
    "checkpoint": "与库外的检查点不符",
}


class NoKey(RuntimeError):
    """This process was given no secret: it may write no audit line, and so do nothing that asks for one."""

    def __init__(self) -> None:
        super().__init__(f"没有签名密钥，审计记录写不了，操作不予办理；请设 BRAIN_SECRET_KEY（至少 {LEAST} 个字符）")


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one secret. `id` names it in the rows without telling anything about it."""

    id: str
    row: bytes
    links: Mapping[str, bytes]
    checkpoint: bytes
    station: bytes  # no chain's: what the passwords of telemetry stations are digested with (`tcp_stations.py`)


def derive(secret: str) -> Ring:
    """The keys of a secret (HKDF-SHA-256, RFC 5869). Raises NoKey where it is too short to keep one."""
    if len(secret) < LEAST:
        raise NoKey
    first = hmac.digest(NOTHING, secret.encode(), "sha256")

    def key(what: str) -> bytes:
        return hmac.digest(first, f"brain chain {what} 1".encode() + b"\x01", "sha256")

    return Ring(key("id")[:4].hex(), key("row"), {name: key(f"link {name}") for name in CHAINS}, key("checkpoint"), key("station"))


_ring: Ring | None = None


def use(secret: str) -> None:
    """Give this process its secret; an empty one leaves it without."""
    global _ring
    _ring = derive(secret) if secret else None


def ring() -> Ring:
    """The keys of this process. Raises NoKey."""
    if _ring is None:
        raise NoKey
    return _ring


# Digests ----------------------------------------------------------------------------------------------------------------
def body(values: list[Any]) -> str:
    """The text under a digest: a JSON array as PostgreSQL prints `jsonb`, so that both sides see the same text."""
    return json.dumps(_plain(json.loads(json.dumps(values, default=str))), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """JSON as `jsonb` keeps it: keys by length and bytes, no negative zero, no exponents."""
    if isinstance(value, dict):
        named = cast(dict[str, Any], value)
        keys = sorted(named, key=lambda k: (len(k.encode()), k.encode()))
        return {key: _plain(named[key]) for key in keys}
    if isinstance(value, list):
        return [_plain(one) for one in cast(list[Any], value)]
    if isinstance(value, float):
        if value == 0.0:
            return 0.0
        if "e" in repr(value):
            return int(value) if value.is_integer() else repr(value)
    return value


def row_mac(keys: Ring, body: str) -> bytes:
    """The keyed digest that a row carries from the start."""
    return hmac.digest(keys.row, body.encode(), "sha256")


def link(key: bytes, before: bytes, seq: int, mac: bytes | None, body: str) -> bytes:
    """The digest of a link: over the one before it, its number, and the row."""
    return hmac.digest(key, before + seq.to_bytes(8, "big") + (mac or NOTHING) + body.encode(), "sha256")


# Walking a chain ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Link:
    """A link with its row. `seq` and `digest` are None where the row still waits; `body` is None where the row is gone."""

    seq: int | None
    ref: str
    key: str | None
    digest: bytes | None
    mac: bytes | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Broken:
    """The first thing that is wrong with a chain. `seq` is the place in the chain, None before it is linked; `ref` the row:
    an id of `audit`, or `event#line`."""

    chain: str
    seq: int | None
    ref: str
    why: str

    def __str__(self) -> str:
        place = f"第 {self.seq} 环" if self.seq else "尚未入链"
        return f"{CHAINS[self.chain]} {self.ref or '（末尾）'}（{place}）{WORDS[self.why]}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of walking a chain: how many links, how many rows wait for theirs, and the first thing wrong."""

    chain: str
    links: int
    waiting: int
    last: bytes
    broken: Broken | None = None


def walk(
    chain: str,
    links: Iterable[Link],
    rings: Mapping[str, Ring],
    marks: Mapping[int, bytes] | None = None,
    bodies: Callable[[], Iterator[Link]] | None = None,
) -> Verdict:
    """Go along a chain. `rings` are the keys known, by id; `marks` are checkpoints: the digest at a number, kept outside.
    `bodies` gives all rows again: with them a row in a foreign place is told from one that was changed."""
    left = dict(marks or {})
    before, at, waiting, keyed = NOTHING, 0, 0, False
    known = {ident: keys.links[chain] for ident, keys in rings.items()}

    def broken(seq: int | None, ref: str, why: str) -> Verdict:
        return Verdict(chain, at, waiting, before, Broken(chain, seq, ref, why))

    for one in links:
        if one.seq is None:
            waiting += 1
            if one.body is None:
                return broken(None, one.ref, "removed")
        elif one.seq != at + 1:
            return broken(at + 1, one.ref, "removed" if one.seq > at else "reordered")
        elif one.key not in known:
            return broken(one.seq, one.ref, "key")
        elif one.body is None:
            return broken(one.seq, one.ref, "removed")
        elif link(known[one.key], before, one.seq, one.mac, one.body) != one.digest:
            other = bodies and _fitting(bodies(), known[one.key], before, one)
            return broken(one.seq, one.ref, "reordered" if other else "altered")
        if chain == "audit":
            why = _row_wrong(one, rings, keyed)
            if why:
                return broken(one.seq, one.ref, why)
            keyed = keyed or one.mac is not None
        if one.seq is not None and one.digest is not None:
            before, at = one.digest, one.seq
            if at in left and left.pop(at) != before:
                return broken(at, one.ref, "checkpoint")
    if left:
        return broken(at + 1, "", "cut")
    return Verdict(chain, at, waiting, before)


def _row_wrong(one: Link, rings: Mapping[str, Ring], keyed: bool) -> str | None:
    """What is wrong with the row by itself. Rows without a digest are older than the chain, and all stand before the others."""
    if one.mac is None:
        return "inserted" if keyed else None
    return None if any(row_mac(keys, one.body or "") == one.mac for keys in rings.values()) else "altered"


def _fitting(rows: Iterator[Link], key: bytes, before: bytes, place: Link) -> str | None:
    """The row that stood at this place when it was linked, if it is still there."""
    for row in rows:
        if row.body is not None and link(key, before, place.seq or 0, row.mac, row.body) == place.digest:
            return row.ref
    return None
