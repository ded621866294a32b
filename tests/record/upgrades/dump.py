"""A dump as one SQL file that can be read and compared, and how it is brought back."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg

from brain.store import db


def empty_tables(conn: psycopg.Connection) -> list[str]:
    """Tables of any schema but PostgreSQL's own without a row. A partition counts with its table."""
    rows = conn.execute(
        "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%'"
        " AND n.nspname NOT LIKE '\\_timescaledb%' AND n.nspname NOT IN ('information_schema', 'timescaledb_information')"
    )
    names = sorted(r["name"] for r in rows)
    return [n for n in names if not conn.execute(f"SELECT EXISTS (SELECT 1 FROM {n}) AS some").fetchone()["some"]]  # type: ignore[arg-type]


def write(install: Path, url: str, target: Path) -> None:
    """Schema and data of a database as SQL with COPY. Owners and rights are left out: it is restored by whoever owns the
    new database. So are psql's own commands, and the comments that only say what the next line says."""
    made = subprocess.run(
        [install / "bin" / "pg_dump", "--no-owner", "--no-privileges", "--no-comments", "--encoding=UTF8", url],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    text = re.sub(r"^\\(un)?restrict .*\n", "", made.stdout, flags=re.M)
    text = re.sub(r"^--\n-- .*\n--\n+", "", text, flags=re.M)
    target.write_text(re.sub(r"\n{3,}", "\n\n", text), encoding="utf-8")


def restore(url: str, source: Path) -> None:
    """Bring a dump into an empty database of another cluster, as its owner."""
    with db.connect(url, name="restore") as conn:
        for statement, rows in _pieces(source.read_text(encoding="utf-8")):
            if rows is None:
                conn.execute(statement)  # type: ignore[arg-type]
                continue
            with conn.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type]
                copy.write(rows)
    with db.connect(url, name="restore") as conn:
        conn.execute("SELECT brain_after_restore()")


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """(SQL, None) and (COPY statement, its rows) in the order of the file."""
    while copy := re.search(r"^COPY [^\n]* FROM stdin;\n", text, re.M):
        if before := text[: copy.start()].strip():
            yield before, None
        end = re.compile(r"^\\\.\n", re.M).search(text, copy.end())
        assert end, f"{copy.group().strip()} has no end"
        yield copy.group().strip().rstrip(";"), text[copy.end() : end.start()]
        text = text[end.end() :]
    if text.strip():
        yield text, None
