"""Linking committed rows into the chains, and walking the chains that stand in the database.

Why not when a row is written: a chain wants one order, and the audit line is the first of its act's transaction. See
docs/adr/0007. Only the engine links (it is alone by its lock); a second one would be refused by the key of the links.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from brain.identity import chain
from brain.identity.chain import Link, Ring, Verdict
from brain.store import db

AT_ONCE = 5_000  # rows linked in one go: some tens of milliseconds
PAGE = 5_000
_cursors = itertools.count(1)  # a search may walk a chain a second time while the first walk stands still


def seal(conn: psycopg.Connection, limit: int = AT_ONCE) -> int:
    """Link what is committed and waits, at most `limit` rows a chain; inside the caller's transaction. Returns how many."""
    keys, moved = chain.ring(), 0
    for name in chain.CHAINS:
        rows = db.many(conn, f"{name}_unlinked", limit=limit)
        if not rows:
            continue
        last = db.one(conn, f"{name}_last_link") or {"seq": 0, "digest": chain.NOTHING}
        seq, digest = last["seq"], last["digest"]
        digests: list[bytes] = []
        for number, row in enumerate(rows, seq + 1):
            digest = chain.link(keys.links[name], digest, number, row.get("mac"), row["body"])
            digests.append(digest)
        given: dict[str, Any] = {"key": keys.id, "seqs": list(range(seq + 1, seq + 1 + len(rows))), "digests": digests}
        if name == "audit":
            given["ids"] = [row["audit_id"] for row in rows]
        else:
            given["ids"], given["lines"] = [row["event_id"] for row in rows], [row["line"] for row in rows]
        db.run(conn, f"{name}_link_add", **given)
        moved += len(rows)
    return moved


def links(conn: psycopg.Connection, name: str) -> Iterator[Link]:
    """A chain as it stands: every link in order, then the rows that wait; read in pages inside one transaction."""
    for statement in (f"{name}_links", f"{name}_waiting"):
        with conn.cursor(f"chain_{next(_cursors)}", row_factory=tuple_row) as rows:
            rows.itersize = PAGE
            rows.execute(db.statements()[statement])  # type: ignore[arg-type]
            for seq, ref, key, digest, mac, body, gone in rows:
                yield Link(seq, ref, key, digest, mac, None if gone else body)


def verify(
    conn: psycopg.Connection, name: str, rings: Mapping[str, Ring], marks: Mapping[int, bytes] | None = None
) -> Verdict:
    """Walk one chain of the database, all of it in one snapshot. What waits for its link is checked by its own digest."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        conn.execute("SET LOCAL cursor_tuple_fraction = 1")  # all rows are wanted, not the first ones soon
        found = chain.walk(name, links(conn, name), rings, marks, lambda: links(conn, name))
        if found.broken is None and (stray := db.one(conn, f"{name}_unknown")):
            return Verdict(name, found.links, found.waiting, found.last, chain.Broken(name, None, stray["ref"], "inserted"))
    return found
