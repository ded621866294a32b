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
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg

from brain import catalog as catalogs
from brain.flow.measured import mending
from brain.identity import accounts as people
from brain.identity import chain, checkpoints, sealing, tcp_stations, trail
from brain.local.broker import find_mosquitto
from brain.local.postgres import ROOM_NEEDED, Server, has_timescale, installation
from brain.settings import Settings
from brain.store import db, roles
from brain.store.private import open_to_others

STALE_FEED_S = 15 * 60
LETTER_DAYS = 7  # a dead letter open for so long is forgotten work


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


def database_url(settings: Settings, role: str = roles.APP) -> str:
    """Address of the database for a role: the outer server, or the embedded one if it runs."""
    own = {roles.OWNER: settings.database_owner_url, roles.REPORT: settings.database_report_url}.get(role)
    if own or settings.database_url:
        return own or settings.database_url
    return Server((settings.home / "postgres").resolve(), installation(settings.postgres_home)).url(role=role)


def _value(conn: psycopg.Connection, query: LiteralString) -> Any:
    """Column `v` of the first row; None where there is no row."""
    found = db.execute(conn, query).fetchone()
    return found["v"] if found else None


def _connected(settings: Settings) -> psycopg.Connection:
    return db.connect(database_url(settings), name="brain check", connect_timeout=5)


@check
def database(settings: Settings) -> Found:
    """数据库"""
    try:
        with _connected(settings) as conn:
            version = _value(conn, "SELECT current_setting('server_version') AS v")
            size = _value(conn, "SELECT pg_size_pretty(pg_database_size(current_database())) AS v")
            todo = db.pending(db.body_of(conn), _done(conn))
            if todo:
                return Found(False, f"PostgreSQL {version}，有 {len(todo)} 个表结构升级没做", "运行 brain migrate")
            return Found(True, f"PostgreSQL {version}，{size}")
    except psycopg.OperationalError as err:
        return Found(
            False, f"连不上：{str(err).strip().splitlines()[-1]}", "先运行 brain up，或检查 BRAIN_DATABASE_URL"
        )


def _done(conn: psycopg.Connection) -> set[str]:
    if _value(conn, "SELECT to_regclass('schema_migration') AS v") is None:
        return set()
    return {r["name"] for r in db.execute(conn, "SELECT name FROM schema_migration")}


@check
def storage(settings: Settings) -> Found:
    """存储形态"""
    try:
        with _connected(settings) as conn:
            body = db.body_of(conn)
            if body == "timescale":
                version = _value(conn, "SELECT extversion AS v FROM pg_extension WHERE extname = 'timescaledb'")
                return Found(True, f"timescale（TimescaleDB {version or '未安装扩展'}）")
            return Found(True, "plain（普通 PostgreSQL 分区表与汇总表）")
    except psycopg.OperationalError:
        has = has_timescale(installation(settings.postgres_home))
        return Found(False, f"数据库没开；内嵌安装{'带' if has else '不带'} TimescaleDB", "先运行 brain up")


@check
def account(settings: Settings) -> Found:
    """数据库账号"""
    try:
        with _connected(settings) as conn:
            [row] = db.execute(
                conn,
                "SELECT current_user AS who, rolsuper, coalesce(has_table_privilege(to_regclass('audit'), 'TRUNCATE'), false) AS may"
                " FROM pg_roles WHERE rolname = current_user",
            ).fetchall()
    except psycopg.Error as err:
        return _unread(err)
    if row["rolsuper"] or row["may"]:
        what = "是超级用户" if row["rolsuper"] else "能清空审计记录"
        return Found(False, f"应用的账号 {row['who']} {what}", "用 brain/store/roles.sql 建立各账号，应用改用 brain_app 登录")
    return Found(True, f"{row['who']}，动不了已写下的审计记录与案卷流水")


@check
def chains(settings: Settings) -> Found:
    """审计链"""
    folder = checkpoints.file_of(settings.home).parent
    try:
        with _connected(settings) as conn:
            wrong = sealing.trouble(conn, folder)
            standing = trail.standing(conn)
    except psycopg.Error as err:
        return _unread(err)
    except chain.NoKey as err:
        return Found(False, str(err), "设置 BRAIN_SECRET_KEY")
    if wrong:
        hint = "引擎不再往上签；运行 brain verify-audit 查明，处理后用 brain verify-audit --accept 原因 接着签"
        return Found(False, "与库外所记不符：" + "；".join(wrong), hint)
    if standing["failing"]:
        return Found(False, f"没有在签：{standing['failing']}", "检查 brain engine 的日志")
    return Found(True, f"审计记录入链 {standing['links']} 条，待入链 {standing['waiting']} 条")


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
            rows = db.execute(
                conn, "SELECT * FROM feed_status WHERE feed NOT IN ('spill', 'import', 'counter') ORDER BY feed"
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
def accounts(settings: Settings) -> Found:
    """接入的账"""
    rows = _asked(settings, "accounts_feeds")
    if isinstance(rows, Found):
        return rows
    off = [r["feed"] for r in rows if not mending.adds_up(r)]
    if off:
        return Found(False, f"账不平：{'、'.join(off)}", "收到的应等于入库、重复、死信之和；请保留数据库并报告")
    total = {k: sum(r[k] for r in rows) for k in ("received", "stored", "duplicate", "dead")}
    return Found(
        True,
        f"收 {total['received']} = 入库 {total['stored']} + 重复 {total['duplicate']} + 死信 {total['dead']}，"
        f"{len(rows)} 个接入都平",
    )


@check
def workers(settings: Settings) -> Found:
    """接入进程"""
    try:
        with _connected(settings) as conn:
            rows = mending.workers(conn, datetime.now(UTC))
    except psycopg.Error as err:
        return _unread(err)
    if not any(r["alive"] for r in rows):
        return Found(False, "没有一个接入进程有心跳", "运行 python -m ingest run（或 brain up），看它的日志")
    ill = [r for r in rows if not r["alive"] and r["stopped_at"] is None]
    down = [
        f"{r['worker']} 的 {name}" for r in rows if r["alive"] for name, d in r["doors"].items() if not d["connected"]
    ]
    seen = "；".join(f"{r['worker']} 心跳 {r['age_s']:.0f} 秒前，排队 {r['queued']}" for r in rows if r["alive"])
    if ill:
        return Found(
            False,
            f"{seen}；没有心跳：{'、'.join(r['worker'] for r in ill)}",
            "看该进程与所在主机；已撤下的一天后自动不再算",
        )
    if down:
        return Found(False, f"{seen}；没有连上：{'、'.join(down)}", "检查消息服务、网络与 BRAIN_MQTT_URL")
    return Found(True, seen)


@check
def spill(settings: Settings) -> Found:
    """溢写待补"""
    rows = _asked(settings, "intake_workers")
    if isinstance(rows, Found):
        return rows
    waiting = [r for r in rows if r["spill_units"]]
    if waiting:
        seen = "；".join(
            f"{r['worker']} {r['spill_units']} 个读数（{r['spill_bytes'] / 2**20:.1f} MB）" for r in waiting
        )
        return Found(False, seen, "数据库恢复后会自动补写；若一直不减，看该进程的日志；已停的进程请用同名再启动")
    return Found(True, "没有积压")


@check
def letters(settings: Settings) -> Found:
    """死信"""
    rows = _asked(settings, "letters_open")
    if isinstance(rows, Found):
        return rows
    n, oldest = rows[0]["n"], rows[0]["oldest"]
    if not n:
        return Found(True, "没有待处理的")
    days = (datetime.now(UTC) - oldest).days
    seen = f"待处理 {n} 条，最早的 {days} 天前"
    return Found(days < LETTER_DAYS, seen, f"有死信放了 {LETTER_DAYS} 天以上：请在“接入质量”页对照、重放或写明原因丢弃")


@check
def files(settings: Settings) -> Found:
    """文件接入"""
    rows = _asked(settings, "files_stuck", now=datetime.now(UTC))
    if isinstance(rows, Found):
        return rows
    if not rows:
        return Found(True, "没有卡住的文件")
    said = [f"{r['feed']} 的“{r['name']}”" + (f"没有收完（{r['fault']}）" if r["fault"] else "一小时以上没有收完") for r in rows]
    mend = "先运行 brain migrate 补齐表和权限，再请上传的人重新上传；一直在手里的，看是否有接入进程停了，用同名再启动"
    return Found(False, "；".join(said[:5]) + (f"；另有 {len(said) - 5} 份" if len(said) > 5 else ""), mend)


@check
def senders(settings: Settings) -> Found:
    """遥测站身份（TCP）"""
    tcp = catalogs.load(settings.catalog or None).security.tcp
    try:
        with _connected(settings) as conn:
            found = tcp_stations.standing(conn, tcp.common, datetime.now(UTC))
    except psycopg.Error as err:
        return _unread(err)
    except chain.NoKey as err:
        return Found(False, str(err), "登记过口令的遥测站这时都不收；请设 BRAIN_SECRET_KEY_FILE，接入进程也要设同一把")
    told = (
        (found.strangers, f"一天内没有登记就来报送的（{'没收' if tcp.refuses else '照收了'}）", f"登记：{tcp_stations.ADD}"),
        (found.common, "口令是厂家通用的", "在测站上改掉口令，再运行 brain tcp change 接入 编号 --password"),
        (found.foreign_key, "口令是用另一把签名密钥登记的，现在不收", "重新登记：brain tcp change 接入 编号 --password"),
        (found.open, "既不核对口令也不限网段", "brain tcp change 接入 编号 --network 网段"),
    )
    seen = [f"{says}有 {len(names)} 个：{'、'.join(names[:5])}{'……' if len(names) > 5 else ''}" for names, says, _ in told if names]
    if seen:
        return Found(False, "；".join(seen), "；".join(mends for names, _, mends in told if names))
    return Found(True, f"登记了 {found.known} 个，没有不认识的来报送" if found.known else "没有经 TCP 报送的")


@check
def drift(settings: Settings) -> Found:
    """报文结构"""
    rows = _asked(settings, "drifts", all=False, feed=None)
    if isinstance(rows, Found):
        return rows
    if rows:
        seen = "；".join(f"{r['title']} {r['at'].astimezone():%m-%d %H:%M} 起变了" for r in rows[:5])
        return Found(False, seen, "在“接入质量”页看前后样例，与部门核对后点“已知悉”")
    return Found(True, "没有未处理的变化")


def _asked(settings: Settings, statement: str, **params: object) -> list[dict[str, Any]] | Found:
    """Rows of a named statement, or the failed check that says why there are none."""
    try:
        with _connected(settings) as conn:
            return db.many(conn, statement, **params)
    except psycopg.Error as err:
        return _unread(err)


def _unread(err: psycopg.Error) -> Found:
    return Found(False, f"读不到：{str(err).strip().splitlines()[0]}", "先运行 brain up")


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


@check
def modes(settings: Settings) -> Found:
    """数据目录的权限"""
    loose = open_to_others(settings.home)
    if loose:
        names = "、".join(p.name for p in loose[:5])
        return Found(False, f"别人也能读写：{names}", f"chmod -R go-rwx {settings.home}（内嵌数据库由 root 启动时目录留 x）")
    return Found(True, "只有运行平台的用户能读写")


@check
def idle(settings: Settings) -> Found:
    """闲置账号"""
    rules = catalogs.load(settings.catalog or None).security
    try:
        with _connected(settings) as conn:
            rows = people.idle(conn, rules, datetime.now(UTC))
    except psycopg.Error as err:
        return _unread(err)
    if rows:
        names = "、".join(r["login"] for r in rows[:10])
        return Found(
            False, f"{len(rows)} 个账号 {rules.idle_days} 天没有登录：{names}", "确认后 brain user idle --disable 停用"
        )
    return Found(True, f"没有 {rules.idle_days} 天未登录的账号")


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
