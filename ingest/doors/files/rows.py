"""From the bytes of a file to the messages of its rows: what its columns mean, and which rows are of no concern here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from brain.catalog.records import Catalog
from brain.catalog.sheet_records import Taker
from brain.sheets import columns, fields, measurements, orders, reading
from brain.sheets.cells import Unreadable
from brain.sheets.reading import BadSheet
from brain.store import db
from ingest.doors.files.tally import storable
from ingest.write.stations import Book, Known


def bytes_of(path: Path, most: int) -> bytes:
    """The whole file. Raises BadSheet for one of more than `most` bytes."""
    size = path.stat().st_size
    if size > most:
        raise BadSheet(f"文件有 {size / (1 << 20):.1f} MiB，超过上限 {most >> 20} MiB；请分成几个文件")
    return path.read_bytes()


@dataclass(frozen=True, slots=True)
class Taken:
    """A file's messages by row, what its columns mean, how many of its rows were left out as too far from here, and the numbers
    of those that hold no data; the columns and sheets that were not taken, and the sentences that must be said of them."""

    messages: dict[int, bytes]
    meant: dict[str, str]
    beyond: int = 0
    left: tuple[int, ...] = ()
    untaken: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def messages(
    conn: psycopg.Connection, taker: Taker, name: str, data: bytes, said: dict[str, Any], catalog: Catalog
) -> Taken:
    """What a file holds. Raises BadSheet when it cannot be read as a whole."""
    if taker.form == "message":
        if not name.lower().endswith(".xml"):
            raise BadSheet(f"{taker.title}只收 .xml 文件；请按 CAP 1.2 导出")
        return Taken({1: data}, {})
    sheet = reading.read(name, data, catalog.sheets.limits, sheet=str(said.get("sheet") or ""), told=catalog.sheets)
    meant = said.get("columns")
    chosen: set[str] = set(meant) if isinstance(meant, dict) else set()  # somebody has seen these, and left some out
    if not isinstance(meant, dict):
        remembered = {r["given"]: r["meant"] for r in db.many(conn, "file_columns", feed=taker.key)}
        units = {kind.key: kind.unit for kind in catalog.kinds.values()}
        chosen = set(remembered)
        meant = columns.propose(sheet.columns, taker.key, catalog.sheets, units, remembered)
    meant = {c: str(meant[c]) for c in sheet.columns if meant.get(c)}
    if lacking := columns.lacks(meant, taker.form):
        raise BadSheet(f"列对应不全——{'；'.join(lacking)}。请在“文件接入”页上传并指定各列")
    if not sheet.rows:
        raise BadSheet("表里只有表头，没有数据行；请核对导出的内容")
    asked = {c: m for c, m in meant.items() if m != "private"}
    rows = _near(conn, sheet.rows, meant) if "date_utc" in meant.values() else sheet.rows
    told = catalog.sheets
    if taker.form == "orders":
        rows = orders.apart(rows, asked)
    untaken, numeric = columns.untaken(sheet, meant, told)
    warned = tuple(c for c in numeric if c not in chosen) if taker.form == "readings" else ()
    notes = tuple(filter(None, (columns.lost(warned), columns.unread(sheet.unread))))
    found = {
        row.line: _payload(taker.key, name, row, columns.kept(row, meant, told, taker.form), asked) for row in rows
    }
    return Taken(found, asked, len(sheet.rows) - len(rows), sheet.left, untaken, sheet.unread, notes)


def _near(conn: psycopg.Connection, rows: tuple[reading.Row, ...], meant: dict[str, str]) -> list[reading.Row]:
    """The hotspots of a FIRMS sheet that may lie in a watch cell, and those whose place cannot be read: NASA's files are of a
    whole country, and thousands of dead letters would hide the one that matters. Beside the cells they are told. A place that is
    none (metres, swapped, 0,0) is not far away: its row goes on, and is refused with the reason."""
    book = Book()
    book.fill(Known(**row) for row in db.many(conn, "intake_stations"))
    box = book.watched()
    if box is None:
        return list(rows)
    west, south, east, north = box
    said = fields.forms(meant)
    found = []
    for row in rows:
        try:
            spot = measurements.place_of(row, fields.by_field(row, meant), said)
        except Unreadable:
            spot = None
        if spot is None or (west <= spot[0] <= east and south <= spot[1] <= north):
            found.append(row)
    return found


def _payload(feed: str, name: str, row: reading.Row, cells: dict[str, Any], meant: dict[str, str]) -> bytes:
    said: dict[str, Any] = {"feed": feed, "file": storable(name), "row": row.line, "cells": cells, "columns": meant}
    if row.wrong:
        said["wrong"] = dict(row.wrong)
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace")
