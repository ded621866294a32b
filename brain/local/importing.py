"""`brain import`: stations and historical readings from a CSV file.

A file is taken whole or not at all for stations (one transaction), line by line for readings: a bad line is reported
with its number and reason and changes nothing about its neighbours.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from rich.progress import Progress

from brain import catalog as catalogs
from brain.flow import readings as intake
from brain.model import Quality, Reading, Refused
from brain.settings import Settings
from brain.store import db

BEIJING = timezone(timedelta(hours=8))
STATION_COLUMNS = ("id", "name", "theme", "lng", "lat", "org", "params", "origin")
READING_COLUMNS = ("station", "kind", "at", "value")
LINES_A_BATCH = 20_000
ERRORS_SHOWN = 20


def read_text(path: Path) -> str:
    """File contents, UTF-8 (with or without mark) or GBK."""
    try:
        raw = path.read_bytes()
    except OSError as err:
        raise Refused(f"文件 {path} 读不了：{err.strerror}") from None
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(f"文件 {path} 既不是 UTF-8 也不是 GBK 编码；请另存为 UTF-8 的 CSV")


def rows(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row) of a CSV file with a head line; a missing column is named."""
    reader = csv.DictReader(io.StringIO(read_text(path)))
    missing = [c for c in wanted if c not in (reader.fieldnames or [])]
    if missing:
        raise Refused(f"文件 {path} 缺少列 {'、'.join(missing)}；首行应为 {','.join(wanted)}")
    for row in reader:
        yield reader.line_num, row


def stations(conn, path: Path) -> int:
    """Insert or update stations; returns how many. Place codes are found from the coordinates."""
    known = {r["code"] for r in conn.execute("SELECT code FROM org")}
    found = []
    for line, row in rows(path, STATION_COLUMNS):
        try:
            row["lng"], row["lat"] = float(row["lng"]), float(row["lat"])  # type: ignore[assignment]
        except ValueError:
            raise Refused(f"{path} 第 {line} 行：经纬度 {row['lng']}, {row['lat']} 不是数字") from None
        if row["org"] and row["org"] not in known:
            raise Refused(f"{path} 第 {line} 行：没有单位代码 {row['org']}；请用 departments.toml 里的代码或镇街代码")
        try:
            row["params"] = json.dumps(json.loads(row["params"] or "{}"))
        except ValueError as err:
            raise Refused(f"{path} 第 {line} 行：params 不是 JSON（{err}）") from None
        row["org"] = row["org"] or None  # type: ignore[assignment]
        found.append({c: row[c] for c in STATION_COLUMNS})
    with conn.transaction():
        for row in found:
            db.run(conn, "station_import", **row)
    return len(found)


def parse_reading(row: dict[str, str], kinds: dict) -> Reading:
    """A reading from one row; ValueError says what is wrong. A time without zone is Beijing time."""
    kind = kinds.get(row["kind"])
    if kind is None:
        raise ValueError(f"没有传感器种类 {row['kind']}")
    try:
        at = datetime.fromisoformat(row["at"])
    except ValueError:
        raise ValueError(f"时间 {row['at']!r} 不是 ISO 8601，如 2026-09-03T06:00:00+08:00") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=BEIJING)
    try:
        value = float(row["value"])
    except ValueError:
        raise ValueError(f"数值 {row['value']!r} 不是数字") from None
    low, high = kind.sane
    if not low <= value <= high:
        raise ValueError(f"数值 {value:g} 超出合理范围 {low:g}–{high:g} {kind.unit}")
    return Reading(row["station"], row["kind"], at, value, Quality.LATE, row.get("seq") or "")


def readings(conn, catalog, path: Path, say: Callable[[str], None]) -> tuple[int, int, int]:
    """(stored, duplicate, refused). Goes by the history lane: rules mark it late and page nobody."""
    known = {r["id"] for r in conn.execute("SELECT id FROM station")}
    stored = duplicate = refused = 0
    batch: list[Reading] = []

    def flush() -> None:
        nonlocal stored, duplicate
        if batch:
            done = intake.store(
                conn, feed="import", worker="import", lane="history", received_at=datetime.now(UTC),
                readings=batch, received=len(batch), dead=[],
            )  # fmt: skip
            stored, duplicate = stored + done.stored, duplicate + done.duplicate
            batch.clear()

    total = path.stat().st_size if path.exists() else None
    with Progress() as bar:
        task = bar.add_task("导入读数", total=total)
        for line, row in rows(path, READING_COLUMNS):
            bar.advance(task, sum(len(v or "") + 1 for v in row.values()))
            try:
                if row["station"] not in known:
                    raise ValueError(f"没有站点 {row['station']}")
                batch.append(parse_reading(row, catalog.kinds))
            except ValueError as err:
                refused += 1
                if refused <= ERRORS_SHOWN:
                    say(f"第 {line} 行未导入：{err}")
            if len(batch) >= LINES_A_BATCH:
                flush()
        flush()
        bar.update(task, completed=total)
    return stored, duplicate, refused


def run(settings: Settings, what: str, path: Path, say: Callable[[str], None]) -> int:
    """The command; 1 when lines were refused."""
    with db.connect(settings.database_url, name="brain import") as conn:
        if what == "stations":
            say(f"已导入站点 {stations(conn, path)} 个")
            return 0
        stored, duplicate, refused = readings(conn, catalogs.load(settings.catalog or None), path, say)
        intake.roll_up(conn, datetime.now(UTC))
    say(f"已入库 {stored} 条，重复 {duplicate} 条，未导入 {refused} 条")
    return 1 if refused else 0
