"""`brain check`: titled checks with a hint each; exit 1 when one fails.

Why decorated functions: a check is one function, its docstring is the title the operator reads, and the list is the
order of writing (the habit is Nominatim's).
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from brain import catalog as catalogs
from brain.local.broker import find_mosquitto
from brain.local.postgres import ROOM_NEEDED, Server, has_timescale, installation
from brain.settings import Settings
from brain.store import db

STALE_FEED_S = 15 * 60


@dataclass(frozen=True)
class Found:
    """Outcome of one check: fine or not, what was seen, and what to do about it."""

    ok: bool
    seen: str
    hint: str = ""


CHECKS: list[Callable[[Settings], Found]] = []


def check(function: Callable[[Settings], Found]) -> Callable[[Settings], Found]:
    CHECKS.append(function)
    return function


def database_url(settings: Settings) -> str:
    """The outer server, or the embedded one if it runs."""
    if settings.database_url:
        return settings.database_url
    return Server((settings.home / "postgres").resolve(), installation(settings.postgres_home)).url()


def _connected(settings: Settings) -> psycopg.Connection:
    return db.connect(database_url(settings), name="brain check", connect_timeout=5)


@check
def database(settings: Settings) -> Found:
    """数据库"""
    try:
        with _connected(settings) as conn:
            version = conn.execute("SHOW server_version").fetchone()["server_version"]
            size = conn.execute("SELECT pg_size_pretty(pg_database_size(current_database())) AS s").fetchone()["s"]
            todo = db.pending(db.body_of(conn), _done(conn))
            if todo:
                return Found(False, f"PostgreSQL {version}，有 {len(todo)} 个表结构升级没做", "运行 brain migrate")
            return Found(True, f"PostgreSQL {version}，{size}")
    except psycopg.OperationalError as err:
        return Found(
            False, f"连不上：{str(err).strip().splitlines()[-1]}", "先运行 brain up，或检查 BRAIN_DATABASE_URL"
        )


def _done(conn: psycopg.Connection) -> set[str]:
    if conn.execute("SELECT to_regclass('schema_migration') AS t").fetchone()["t"] is None:
        return set()
    return {r["name"] for r in conn.execute("SELECT name FROM schema_migration")}


@check
def storage(settings: Settings) -> Found:
    """存储形态"""
    try:
        with _connected(settings) as conn:
            body = db.body_of(conn)
            if body == "timescale":
                row = conn.execute("SELECT extversion AS v FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
                return Found(True, f"timescale（TimescaleDB {row['v'] if row else '未安装扩展'}）")
            return Found(True, "plain（普通 PostgreSQL 分区表与汇总表）")
    except psycopg.OperationalError:
        has = has_timescale(installation(settings.postgres_home))
        return Found(False, f"数据库没开；内嵌安装{'带' if has else '不带'} TimescaleDB", "先运行 brain up")


@check
def broker(settings: Settings) -> Found:
    """消息服务（MQTT）"""
    url = urlsplit(settings.mqtt_url or f"mqtt://127.0.0.1:{settings.mqtt_port}")
    where = f"{url.hostname}:{url.port or 1883}"
    body = "" if settings.mqtt_url else f"（内嵌 {'mosquitto' if find_mosquitto() else 'amqtt，仅够演示'}）"
    try:
        socket.create_connection((url.hostname, url.port or 1883), timeout=3).close()
    except OSError as err:
        return Found(False, f"{where}{body} 连不上：{err}", "先运行 brain up，或检查 BRAIN_MQTT_URL")
    return Found(True, f"{where}{body}")


@check
def feeds(settings: Settings) -> Found:
    """数据接入"""
    try:
        with _connected(settings) as conn:
            # `spill`, `import` and `counter` are no departments: what came of a damaged file, of `brain import`, and sums that
            # the engine made
            rows = conn.execute(
                "SELECT * FROM feed_status WHERE feed NOT IN ('spill', 'import', 'counter') ORDER BY feed"
            ).fetchall()
    except psycopg.Error as err:
        return Found(False, f"读不到：{str(err).strip().splitlines()[0]}", "先运行 brain up")
    if not rows:
        return Found(False, "还没有任何数据到达", "检查消息服务、主题与 python -m ingest run 是否在运行")
    now = datetime.now(UTC)
    parts, stale = [], []
    for row in rows:
        age = (now - row["last_received_at"]).total_seconds() if row["last_received_at"] else None
        parts.append(
            f"{row['feed']} {'—' if age is None else f'{age:.0f} 秒前'}（收 {row['received']}，拒 {row['dead']}）"
        )
        adds_up = row["received"] == row["stored"] + row["duplicate"] + row["dead"]
        if age is None or age > STALE_FEED_S or not adds_up:
            stale.append(row["feed"] + ("" if adds_up else "（账不平）"))
    hint = f"{'、'.join(stale)} 超过 {STALE_FEED_S // 60} 分钟没有数据：检查对应部门的网关" if stale else ""
    return Found(not stale, "；".join(parts), hint)


@check
def engine(settings: Settings) -> Found:
    """规则引擎"""
    from brain.store.health import health

    try:
        with _connected(settings) as conn:
            seen = health(conn, datetime.now(UTC))
    except psycopg.Error as err:
        return Found(False, f"读不到：{str(err).strip().splitlines()[0]}", "先运行 brain up")
    lag = seen["engine_lag_s"]
    if lag is None or lag > 60:
        return Found(False, f"落后 {'未知' if lag is None else f'{lag:.0f} 秒'}", "检查 brain engine 进程与它的日志")
    return Found(True, f"落后 {lag:.1f} 秒；告警 {seen['open_alerts']}，在办案卷 {seen['open_events']}")


@check
def catalog(settings: Settings) -> Found:
    """目录（部件、事项、传感器、词表）"""
    try:
        loaded = catalogs.load(settings.catalog or None)
    except Exception as err:
        return Found(False, str(err), "按提示改正该文件的该键；或清空 BRAIN_CATALOG 用自带目录")
    kinds = [c.kind for c in loaded.categories.values()]
    return Found(
        True,
        f"部件 {kinds.count('component')}、事项 {kinds.count('matter')}（含本地扩展），"
        f"传感器 {len(loaded.kinds)} 种、规则 {len(loaded.rules)} 条，部门 {len(loaded.departments)}",
    )


@check
def disk(settings: Settings) -> Found:
    """磁盘"""
    place = settings.home if settings.home.exists() else Path(".")
    usage = shutil.disk_usage(place)
    seen = f"{place.resolve()} 剩 {usage.free / 2**30:.1f} GB / {usage.total / 2**30:.0f} GB"
    if usage.free < ROOM_NEEDED:
        return Found(False, seen, "清理磁盘，或用 BRAIN_HOME 换一个目录")
    return Found(True, seen)


@check
def keys(settings: Settings) -> Found:
    """密钥"""
    path = settings.home / "secret.key"
    key = settings.secret_key
    if not key and path.exists():
        key = path.read_text().strip()
        if os.stat(path).st_mode & 0o077:
            return Found(False, f"{path} 别人也能读", f"chmod 600 {path}")
    if len(key) < 32:
        return Found(
            False, "没有签名密钥或太短", "首次 brain up 会自动生成；生产环境用 BRAIN_SECRET_KEY_FILE 给 32 位以上随机串"
        )
    return Found(True, "签名密钥在位")


def run(settings: Settings, say: Callable[[str], None]) -> int:
    """Run all checks in order; 1 when one fails."""
    failed = 0
    for function in CHECKS:
        found = function(settings)
        say(f"{'通过' if found.ok else '失败'}  {function.__doc__}：{found.seen}")
        if not found.ok:
            failed += 1
            say(f"      → {found.hint}")
    say(f"\n{len(CHECKS) - failed} 项通过，{failed} 项失败")
    return 1 if failed else 0
