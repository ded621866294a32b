"""A row of a sheet of readings, as the file door hands it over; read alike for all feeds (see `feeds.reader`).

`{"file": "9月.xlsx", "row": 7, "cells": {"站码": "WQ-01", "监测时间": "2026-09-03 08:00", "pH": 7.02}, "columns":
{"站码": "station", "监测时间": "at", "pH": "kind:ph"}}`: the cells as they stand in the file, and what the columns mean
(`brain.sheets.measurements`), so that a dead letter shows the row and can be read again. Columns that nobody asks for are among the
cells and not among the columns; one of them may
say that the row is a test. `wrong` says what cannot be read in the row for reasons that its cells do not show. The row of a pushed
table whose heads are those of a sheet is the same (`doors.rows`, `_wire.generic`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeGuard

from brain.model import Quality, Reading
from brain.sheets import measurements
from brain.sheets.shape import Cell, Row
from ingest.feeds import BadMessage, _provenance, _wire


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one row. Raises BadMessage only."""
    return readings(_wire.obj(payload), received_at)


def readings(body: dict[str, Any], received_at: datetime) -> list[Reading]:
    """Readings of one row as it lies in an object. Raises BadMessage only."""
    row, meant, feed = _opened(body)
    items, bad = measurements.readings_of(row, meant, feed, received_at)
    found = [Reading(i.station, i.kind, i.at, i.value, i.quality, i.seq) for i in items]
    if _provenance.is_test(row.cells):
        found = [one._replace(quality=Quality.TEST) for one in found]
    if bad:
        more = f"；另有 {len(bad) - 1} 处" if len(bad) > 1 else ""
        raise BadMessage(bad[0].rule, f"{bad[0]}{more}", found)
    return found


def opened(payload: bytes) -> tuple[Row, dict[str, str], str]:
    """(row, meaning of its columns, feed) of a payload. Raises BadMessage."""
    return _opened(_wire.obj(payload))


def _opened(body: dict[str, Any]) -> tuple[Row, dict[str, str], str]:
    cells, meant, line = body.get("cells"), body.get("columns"), body.get("row")
    if not (_is_table(cells) and isinstance(meant, dict) and all(isinstance(m, str) for m in meant.values())):
        raise BadMessage("shape", "报文不是表格的一行（要有 row、cells、columns）；请从文件接入重新投放")
    number = line if isinstance(line, int) and not isinstance(line, bool) else 0
    wrong = body.get("wrong")
    told = tuple((c, str(says)) for c, says in wrong.items()) if isinstance(wrong, dict) else ()
    return Row(number, cells, told), meant, str(body.get("feed", ""))


def _is_table(cells: Any) -> TypeGuard[dict[str, Cell]]:
    return isinstance(cells, dict) and all(
        value is None or isinstance(value, (str, int, float, bool)) for value in cells.values()
    )
