"""Linking committed rows into the chains, and writing down outside the database how far they have come.

Why not when a row is written: a chain wants one order, and the audit line is the first of its act's transaction. See
docs/adr/0007. Only the engine links (it is alone by its lock); a second one would be refused by the key of the links.

The engine goes on from the link that it remembers (`memory`), not from the one that the database shows it. Where the two
disagree it links nothing more and takes no checkpoint of that chain, until a person has looked and says so (`accept`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

import psycopg

from brain.catalog.security import Chains
from brain.identity import chain, checkpoints, memory, verifying
from brain.identity.chain import Batch, Outside, Ring
from brain.identity.memory import Memory
from brain.store import db

AT_ONCE = 5_000  # rows linked in one transaction: some tens of milliseconds
log = logging.getLogger("brain.identity")


class Disagrees(RuntimeError):
    """The chain in the database is not the one that we made: nothing is signed on top of it."""

    def __init__(self, name: str, why: str):
        super().__init__(
            f"{chain.CHAINS[name]}的链{why}，已停止签链。请运行 brain verify-audit 查明；查明并处理后（如恢复过备份、换过密钥），"
            f"用 brain verify-audit --accept 原因 从现在的链尾接着签"
        )


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends by our own knowledge: number, digest and row of its last link. `old` as in Memory, None where nothing
    is remembered because this process keeps nothing outside. `again`: links that must be made once more before any other."""

    seq: int
    digest: bytes
    ref: str
    old: int | None
    again: Batch | None = None


# Linking ----------------------------------------------------------------------------------------------------------------
def seal(conn: psycopg.Connection, limit: int = AT_ONCE, names: Sequence[str] = tuple(chain.CHAINS)) -> int:
    """Link what is committed and waits, at most `limit` rows a chain, each chain in a transaction of its own. Returns how many.
    Raises Disagrees, OSError where nothing can be written outside."""
    return sum(_seal(conn, name, limit) for name in names)


def catch_up(conn: psycopg.Connection, name: str, size: Chains) -> int:
    """Link what waits for one chain, a transaction a batch, and no more batches than the engine may spend on it at a time."""
    moved = 0
    for _ in range(size.batches):
        rows = seal(conn, size.batch, (name,))
        moved += rows
        if rows < size.batch:
            break
    return moved


def _seal(conn: psycopg.Connection, name: str, limit: int) -> int:
    keys, folder = chain.ring(), checkpoints.folder()
    with conn.transaction():
        db.run(conn, "chain_by_index")
        end = ended(conn, name)
        rows = (
            db.many(conn, f"{name}_these", refs=list(end.again.refs))
            if end.again
            else db.many(conn, f"{name}_unlinked", limit=limit)
        )
        if not rows:
            return 0
        digest, digests = end.digest, list[bytes]()
        for seq, row in enumerate(rows, end.seq + 1):
            text = (row["body"] or "").encode()
            _look(name, seq, row, text, keys, end.old)
            digest = chain.link(keys.links[name], digest, seq, row["mac"], text)
            digests.append(digest)
        refs = tuple(row["ref"] for row in rows)
        if end.again and digest != end.again.digest:
            lost = next((row["ref"] for row in rows if row["body"] is None), None)
            raise Disagrees(name, f"最后一批（第 {end.seq + 1} 环起）里的记录 {lost} 不见了" if lost else f"第 {end.seq + 1} 环起被改动")
        if folder is not None:
            memory.write(folder, name, Memory(Batch(end.seq, end.digest, refs, digest, keys.id), end.old or 0))
        seqs = list(range(end.seq + 1, end.seq + 1 + len(rows)))
        db.run(conn, f"{name}_link_add", key=keys.id, seqs=seqs, refs=list(refs), digests=digests)
    return len(rows)


def _look(name: str, seq: int, row: Mapping[str, Any], text: bytes, keys: Ring, old: int | None) -> None:
    """Say in the log what is wrong with a row that is linked. Linked it is all the same: the link keeps the evidence, and
    one row that anybody may put in must not keep all others from theirs."""
    foreign = row["mac"] is not None and chain.keyed(keys.rows[name])(text) != row["mac"]
    unsigned = row["mac"] is None and old is not None and seq > old
    if foreign or unsigned or row["body"] is None:
        log.error("chain %s: row %s, now link %d, is not what a process of ours wrote; see brain verify-audit", name, row["ref"], seq)


# Where a chain ends -----------------------------------------------------------------------------------------------------
def ended(conn: psycopg.Connection, name: str) -> End:
    """Where we go on. Raises Disagrees."""
    folder, keys = checkpoints.folder(), chain.ring()
    last = db.one(conn, f"{name}_last_link") or {"seq": 0, "digest": chain.NOTHING, "ref": ""}
    if folder is None:
        return End(last["seq"], last["digest"], last["ref"], None)
    try:
        kept = memory.read(folder, name, {keys.id: keys})
    except memory.Unreadable as err:
        raise Disagrees(name, f"核对不了：{err}") from err
    if kept is None:
        return _first(conn, name, last)
    batch = kept.batch
    if (last["seq"], last["digest"]) == (batch.count, batch.digest):
        return End(last["seq"], last["digest"], last["ref"], kept.old)
    if (last["seq"], last["digest"]) == (batch.after, batch.before):
        return End(last["seq"], last["digest"], last["ref"], kept.old, batch)
    at = db.one(conn, f"{name}_link_at", seq=batch.count) if batch.count else {"digest": chain.NOTHING}
    if at is None or at["digest"] != batch.digest:
        raise Disagrees(name, f"与库外所记不符：记着到第 {batch.count} 环，库里{'没有这一环' if at is None else '这一环是另一个'}")
    # An engine of ours on another machine went on from there: nobody else has the key.
    _walked(conn, name, (batch.count, batch.digest), Outside(old=kept.old))
    return _from_here(name, last, kept.old)


def _first(conn: psycopg.Connection, name: str, last: Mapping[str, Any]) -> End:
    """Nothing is remembered: a new city, one that was upgraded, or one whose folder is new. What the database shows is taken for
    true this once, as far as the keys and the checkpoints bear it out; from now on it is remembered."""
    keys, place = chain.ring(), checkpoints.place()
    outside = checkpoints.read(place.path, {keys.id: keys}).of(name) if place else Outside()
    _walked(conn, name, (0, chain.NOTHING), Outside(outside.marks))
    old = db.row(conn, f"{name}_old")["n"]
    if outside.old is not None:
        old = min(old, outside.old)
    if last["seq"]:
        log.warning("chain %s: no memory of it here, going on from link %d as the database has it", name, last["seq"])
    return _from_here(name, last, old)


def _walked(conn: psycopg.Connection, name: str, start: tuple[int, bytes], outside: Outside) -> None:
    keys = chain.ring()
    with conn.transaction(), closing(verifying.links(conn, name, start[0])) as rows:
        made = takewhile(lambda one: one[0] is not None, rows)
        found = chain.walk(name, made, {keys.id: keys}, outside, start=start)
    if found.broken:
        raise Disagrees(name, f"不完整：{found.broken}")


def _from_here(name: str, last: Mapping[str, Any], old: int) -> End:
    folder = checkpoints.folder()
    if folder is not None:
        nothing_more = Batch(last["seq"], last["digest"], (), last["digest"], chain.ring().id)
        memory.write(folder, name, Memory(nothing_more, old))
    return End(last["seq"], last["digest"], last["ref"], old)


def disagreeing(conn: psycopg.Connection) -> list[str]:
    """The chains that are not linked on because the database shows another end than we remember."""
    found: list[str] = []
    for name in chain.CHAINS:
        try:
            with conn.transaction():
                ended(conn, name)
        except Disagrees:
            found.append(name)
    return found


def accept(conn: psycopg.Connection, names: Sequence[str], reason: str, now: datetime, rings: Mapping[str, Ring]) -> None:
    """Go on from where these chains end in the database, although that is not what was remembered. The checkpoints file says so for
    ever, with the reason; older checkpoints of what came after are void."""
    place = checkpoints.place()
    known = checkpoints.read(place.path, rings).old if place else {}
    for name in names:
        last = db.one(conn, f"{name}_last_link") or {"seq": 0, "digest": chain.NOTHING, "ref": ""}
        old = min(db.row(conn, f"{name}_old")["n"], known.get(name, last["seq"]))
        checkpoints.write([checkpoints.line(name, last, old, now, reason)])
        _from_here(name, last, old)


def trouble(conn: psycopg.Connection, folder: Path) -> list[str]:
    """Sentences about chains that do not end where the engine remembers it; changes nothing. Empty where all is well, or nothing is
    remembered in that folder."""
    said: list[str] = []
    keys = chain.ring()
    for name, words in chain.CHAINS.items():
        try:
            kept = memory.read(folder, name, {keys.id: keys})
        except (memory.Unreadable, OSError) as err:
            said.append(f"{words}：{err}")
            continue
        if kept is None:
            continue
        last = db.one(conn, f"{name}_last_link") or {"seq": 0, "digest": chain.NOTHING}
        batch = kept.batch
        if (last["seq"], last["digest"]) == (batch.after, batch.before):
            continue
        at = db.one(conn, f"{name}_link_at", seq=batch.count) if batch.count else {"digest": chain.NOTHING}
        if at is None or at["digest"] != batch.digest:
            there = f"只到第 {last['seq']} 环" if at is None else "这一环是另一个"
            said.append(f"{words}：库外记着到第 {batch.count} 环，库里{there}")
    return said


# Checkpoints ------------------------------------------------------------------------------------------------------------
def checkpoint(conn: psycopg.Connection, now: datetime) -> int:
    """Write a checkpoint of each chain that has begun and has moved since the last one; how many. Raises OSError where it cannot
    be written, and Disagrees, when all others are written, of a chain that is not ours."""
    if checkpoints.place() is None:
        return 0
    lines: list[dict[str, object]] = []
    wrong: Disagrees | None = None
    for name in chain.CHAINS:
        try:
            end = ended(conn, name)
        except Disagrees as err:
            wrong = err
            continue
        if end.seq and not checkpoints.written(name, end.seq):
            lines.append(checkpoints.line(name, {"seq": end.seq, "digest": end.digest, "ref": end.ref}, end.old, now))
    checkpoints.write(lines)
    if wrong:
        raise wrong
    return len(lines)
