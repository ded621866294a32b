"""`brain import`: stations from a CSV file, taken whole or not at all; readings by `backfill`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from brain import catalog as catalogs
from brain.commands import backfill
from brain.identity.doing import Doer, act_audited, at_the_console
from brain.model import Refused
from brain.settings import Settings
from brain.store import db

STATION_COLUMNS = ("id", "name", "theme", "lng", "lat", "org", "params", "origin")


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


def stations(conn: psycopg.Connection, path: Path, by: Doer, now: datetime) -> int:
    """Insert or update stations; returns how many. Place codes are found from the coordinates."""
    return act_audited(
        conn, by, "import_stations", f"file:{path.name}", now, lambda: _stations(conn, path), kept=lambda n: {"stations": n}
    )


def _stations(conn: psycopg.Connection, path: Path) -> int:
    known = {r["code"] for r in db.execute(conn, "SELECT code FROM org")}
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
    for row in found:
        db.run(conn, "station_import", **row)
    return len(found)


def _readable(path: Path) -> None:
    if not path.is_file():
        raise Refused(f"文件 {path} 不存在；请核对路径")


def run(settings: Settings, what: str, path: Path, say: Callable[[str], None]) -> int:
    """The command; 1 when lines were refused."""
    by, now = at_the_console(), datetime.now(UTC)
    with db.connect(settings.database_url, name="brain import") as conn:
        if what == "stations":
            say(f"已导入站点 {stations(conn, path, by, now)} 个")
            return 0
        rejects = path.with_name(f"{path.stem}.未导入.csv")
        # Not around the import: it runs for minutes in transactions of its own, and a line kept open would hold up every other.
        act_audited(conn, by, "import_readings", f"file:{path.name}", now, lambda: _readable(path))
        done = backfill.load(
            lambda: db.connect(settings.database_url, name="brain import"), catalogs.load(settings.catalog or None), path, rejects
        )
    for line, reason in done.first:
        say(f"第 {line} 行未导入：{reason}")
    gaps = f"，没有测值 {done.gaps} 行" if done.gaps else ""
    say(f"已入库 {done.stored} 条，重复 {done.duplicate} 条，未导入 {done.refused} 条{gaps}")
    if done.refused:
        say(f"未导入的行连同原因在 {rejects}；改好后可以直接再导入")
    return 1 if done.refused else 0
