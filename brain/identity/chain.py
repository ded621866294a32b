"""Keys and digests of the chains: what proves that the audit trail and the histories of events are what they were.

A process is given its secret once (`use`); the keys are derived from it and never reach the database. Everything here but
that one keyring is pure: digests of bytes, and `walk`, which goes along a chain and names the first thing that is wrong.
`scripts/verify_audit.py` does the same without any of our code; a test holds the two together.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple, cast

CHAINS = {"audit": "审计记录", "event": "案卷流水"}
LEAST = 32  # characters of a secret
NOTHING = bytes(32)
WORDS = {
    "altered": "内容被改动",
    "removed": "被删去",
    "reordered": "次序被调换",
    "cut": "起的记录被截去",
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
    """The keys of one secret. `id` names it in the rows without telling anything about it; `rows` and `links` by chain."""

    id: str
    rows: Mapping[str, bytes]
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

    links = {name: key(f"link {name}") for name in CHAINS}
    return Ring(key("id")[:4].hex(), {"audit": key("row"), "event": key("row event")}, links, key("checkpoint"), key("station"))


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
@cache
def keyed(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA-256 (RFC 2104) under one key. Why not `hmac.digest`: the two blocks of the key are digested once and not for
    every row, which more than halves what a short text costs."""
    wide = key.ljust(64, b"\0")
    inner, outer = sha256(bytes(b ^ 0x36 for b in wide)), sha256(bytes(b ^ 0x5C for b in wide))

    def digest(text: bytes) -> bytes:
        of_text, of_that = inner.copy(), outer.copy()
        of_text.update(text)
        of_that.update(of_text.digest())
        return of_that.digest()

    return digest


def body(values: list[Any]) -> str:
    """The text under a digest: a JSON array as PostgreSQL prints `jsonb`, so that both sides see the same text."""
    return json.dumps(_plain(values), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """JSON as `jsonb` keeps it: keys by length and bytes, no negative zero, no exponents. What JSON does not know is text."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        named = {k if isinstance(k, str) else _key(k): v for k, v in cast(dict[Any, Any], value).items()}
        keys = sorted(named, key=lambda k: (len(k.encode()), k.encode()))
        return {key: _plain(named[key]) for key in keys}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast(list[Any], value)]
    if isinstance(value, float):
        if value == 0.0:
            return 0.0
        if "e" in repr(value):
            return int(value) if value.is_integer() else repr(value)
        return value
    return str(value)


def _key(key: Any) -> str:
    """A key that is no text, as `json` writes it."""
    return next(iter(json.loads(json.dumps({key: 0}))))


def row_mac(keys: Ring, chain: str, body: str) -> bytes:
    """The keyed digest that a row of that chain carries from the start."""
    return keyed(keys.rows[chain])(body.encode())


def link(key: bytes, before: bytes, seq: int, mac: bytes | None, body: bytes) -> bytes:
    """The digest of a link: over the one before it, its number, and the row."""
    return keyed(key)(b"".join((before, seq.to_bytes(8, "big"), mac or NOTHING, body)))


# Walking a chain ----------------------------------------------------------------------------------------------------------
class Link(NamedTuple):
    """A link with its row. `seq` and `digest` are None where the row still waits; `body` is None where the row is gone."""

    seq: int | None
    ref: str
    key: str | None
    digest: bytes | None
    mac: bytes | None
    body: bytes | None


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
class Batch:
    """Links that were about to be made: after which link, of which rows in this order, and what the last of them comes to."""

    after: int
    before: bytes
    refs: tuple[str, ...]
    digest: bytes
    key: str

    @property
    def count(self) -> int:
        """The number of the last of them."""
        return self.after + len(self.refs)


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known of a chain from outside the database.

    `marks`: digests by number. `old`: how many links at the beginning may stand for rows that are older than the digests of
    rows; None where nobody wrote that down. `batch`: the last links that the engine made; it may be that it was stopped before
    they were committed, then all of these rows must be waiting."""

    marks: Mapping[int, bytes] = field(default_factory=dict[int, bytes])
    old: int | None = None
    batch: Batch | None = None


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
    outside: Outside | None = None,
    bodies: Callable[[], Iterator[Link]] | None = None,
    start: tuple[int, bytes] = (0, NOTHING),
) -> Verdict:
    """Go along a chain from `start` (number and digest of a link that is trusted). `rings` are the keys known, by id. `bodies`
    gives all rows again: with them a row in a foreign place is told from one that was changed."""
    outside = outside or Outside()
    (at, before), waiting, digested = start, 0, False
    left = {number: digest for number, digest in outside.marks.items() if number > at}
    old = float("inf") if outside.old is None else outside.old
    known = {ident: (keyed(keys.links[chain]), keyed(keys.rows[chain])) for ident, keys in rings.items()}
    awaited = set(outside.batch.refs if outside.batch else ())
    found: dict[str, Link] = {}

    def broken(seq: int | None, ref: str, why: str) -> Verdict:
        return Verdict(chain, at, waiting, before, Broken(chain, seq, ref, why))

    for one in links:
        seq, ref, ident, digest, mac, text = one
        keys = known.get(ident)  # type: ignore[arg-type]  # None is no key either
        if seq is None:
            waiting += 1
        elif seq != at + 1:
            return broken(at + 1, ref, "removed" if seq > at else "reordered")
        elif keys is None:
            return broken(seq, ref, "key")
        if text is None:
            return broken(seq, ref, "removed")
        if seq is not None and keys and keys[0](b"".join((before, seq.to_bytes(8, "big"), mac or NOTHING, text))) != digest:
            other = bodies and _fitting(bodies(), keys[0], before, one)
            return broken(seq, ref, "reordered" if other else "altered")
        if mac is None:
            if digested or (seq or at + waiting) > old:
                return broken(seq, ref, "inserted")
        elif not (keys and keys[1](text) == mac) and not any(row(text) == mac for _, row in known.values()):
            return broken(seq, ref, "altered")
        else:
            digested = True
        if seq is not None and digest is not None:
            before, at = digest, seq
            if left and left.pop(at, before) != before:
                return broken(at, ref, "checkpoint")
        elif ref in awaited:
            found[ref] = one
    if left and (cut := _cut(chain, at, before, set(left), outside.batch, found, rings)):
        return broken(*cut)
    return Verdict(chain, at, waiting, before)


def _cut(
    chain: str, at: int, before: bytes, left: set[int], batch: Batch | None, found: Mapping[str, Link], rings: Mapping[str, Ring]
) -> tuple[int, str, str] | None:
    """Place, row and reason of what is missing at the end; None where only the last batch is, and its rows still wait as they were
    (see `memory`: the engine was stopped before it could commit them)."""
    if batch is None or left != {batch.count} or (batch.after, batch.before) != (at, before) or batch.key not in rings:
        inside = batch is not None and batch.after <= at < batch.count
        return at + 1, batch.refs[at - batch.after] if batch and inside else "", "cut"
    digest = before
    for number, ref in enumerate(batch.refs, at + 1):
        row = found.get(ref)
        if row is None or row.body is None:
            return number, ref, "removed"
        digest = link(rings[batch.key].links[chain], digest, number, row.mac, row.body)
    return None if digest == batch.digest else (at + 1, batch.refs[0], "checkpoint")


def _fitting(rows: Iterator[Link], key: Callable[[bytes], bytes], before: bytes, place: Link) -> str | None:
    """The row that stood at this place when it was linked, if it is still there."""
    start = before + (place.seq or 0).to_bytes(8, "big")
    for row in rows:
        if row.body is not None and key(b"".join((start, row.mac or NOTHING, row.body))) == place.digest:
            return row.ref
    return None
