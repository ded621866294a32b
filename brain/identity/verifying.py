"""Walking the chains that stand in the database, against what is known of them outside it.

Why the text under a digest is composed in our statements and by no function of the database: its owner could let such a function say
what a line was before he altered it.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg.rows import tuple_row

from brain.identity import chain, memory
from brain.identity.chain import Link, Outside, Ring, Verdict
from brain.identity.checkpoints import Written
from brain.store import db

PAGE = 5_000
_cursors = itertools.count(1)  # a search may walk a chain a second time while the first walk stands still


def links(conn: psycopg.Connection, name: str, after: int = 0) -> Generator[Link]:
    """A chain as it stands: every link after that number, in order, then the rows that wait; inside one transaction. The next page
    is fetched while this one is looked at: the server works on one core, we on another."""
    for statement in (f"{name}_links", f"{name}_waiting"):
        given = {"after": after} if statement.endswith("_links") else None
        with (
            conn.cursor(f"chain_{next(_cursors)}", row_factory=tuple_row) as rows,
            ThreadPoolExecutor(1) as ahead,
        ):
            rows.execute(db.statements()[statement], given, binary=True)
            page = rows.fetchmany(PAGE)
            while page:
                following = ahead.submit(rows.fetchmany, PAGE)
                yield from map(Link._make, page)
                page = following.result()


def known_outside(folder: Path, name: str, rings: Mapping[str, Ring], written: Written) -> Outside:
    """What the checkpoints and the engine's memory say of a chain. Raises memory.Unreadable."""
    said, kept = written.of(name), memory.read(folder, name, rings)
    if kept is None:
        return said
    return Outside({**said.marks, **kept.marks}, kept.old, kept.batch)


def verify(conn: psycopg.Connection, name: str, rings: Mapping[str, Ring], outside: Outside | None = None) -> Verdict:
    """Walk one chain of the database, all of it in one snapshot. What waits for its link is checked by its own digest. What is
    known outside must have been read before: the engine may be at work."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        conn.execute("SET LOCAL cursor_tuple_fraction = 1")  # all rows are wanted, not the first ones soon
        with closing(links(conn, name)) as rows:
            found = chain.walk(name, rows, rings, outside, lambda: links(conn, name))
        if found.broken is None and (stray := db.one(conn, f"{name}_unknown")):
            return Verdict(name, found.links, found.waiting, found.last, chain.Broken(name, None, stray["ref"], "inserted"))
    return found
