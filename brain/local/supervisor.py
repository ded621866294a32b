"""`brain up`: database, broker, intake, engine, web and replay as children that are started, watched and stopped.

Why our own small supervisor: the newcomer's machine has neither systemd units nor Docker, and the promise is one
command. In production each process is a service of its own (docker-compose.yml) and this module is not used.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from brain import catalog as catalogs
from brain.catalog import mqtt_users
from brain.local.broker import Broker, port_taken
from brain.local.postgres import CannotStart, Server, has_timescale, installation
from brain.settings import BROKER_HOME, Settings, env_name
from brain.store import roles

BACKOFF = (1, 2, 4, 8, 15, 30)  # seconds before the next try; the last repeats
HEALTHY_AFTER = 60.0  # a child that lived so long starts again at the front of BACKOFF
LOG_LIMIT = 20 * 2**20
PREPARING = ("升级表结构", "装入示范城区（真实边界与示意网格）", "装入模拟历史案卷")  # steps of brain.local.prepare


@dataclass
class Child:
    """One supervised process: a command, its log, and when to try again."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    process: subprocess.Popen | None = None
    started: float = 0.0
    crashes: int = 0
    retry_at: float | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.started = time.monotonic()
        self.retry_at = None

    def last_words(self) -> str:
        """Last line of its log: what a person reads first after a crash."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1][:300] if lines else "没有日志"

    def watch(self, now: float) -> str | None:
        """Called often; restarts after a crash with growing pauses. Returns a sentence when something happened."""
        if self.process is None:
            if self.retry_at is not None and now >= self.retry_at:
                self.start()
                return f"{self.name} 已重新启动"
            return None
        code = self.process.poll()
        if code is None:
            return None
        if now - self.started > HEALTHY_AFTER:
            self.crashes = 0
        pause = BACKOFF[min(self.crashes, len(BACKOFF) - 1)]
        self.crashes += 1
        self.process, self.retry_at = None, now + pause
        return f"{self.name} 退出（代码 {code}），{pause} 秒后重启：{self.last_words()}（日志 {self.log}）"

    def stop(self, timeout: float = 15.0) -> None:
        self.retry_at = None
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


@dataclass
class Demo:
    """Everything `brain up` runs. `start()`, then `watch()` until told to stop, then `stop()`."""

    settings: Settings
    console: Console = field(default_factory=lambda: Console(highlight=False))
    server: Server | None = None
    broker: Broker | None = None
    children: list[Child] = field(default_factory=list)
    _lock: object = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    # Preparation -----------------------------------------------------------------------------------------------------
    def take_home(self) -> None:
        """One demo per data folder: two would fight over the database."""
        home = self.settings.home
        try:
            home.mkdir(parents=True, exist_ok=True)
            self._lock = open(home / "up.lock", "w")  # noqa: SIM115 - held until the process ends
        except OSError as err:
            raise CannotStart(
                f"数据目录 {home.resolve()} 写不了：{err.strerror}；请用 BRAIN_HOME 换一个可写的目录"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(
                f"另一个 brain up 正在使用数据目录 {home.resolve()}；请先停掉它，或用 BRAIN_HOME 换一个目录"
            ) from None

    def check_ports(self) -> None:
        if port_taken(self.settings.http_port):
            raise CannotStart(
                f"端口 {self.settings.http_port} 已被占用（网页）；请关掉占用它的程序，或设 BRAIN_HTTP_PORT 换一个端口"
            )
        if not self.settings.mqtt_url and port_taken(self.settings.mqtt_port):
            raise CannotStart(
                f"端口 {self.settings.mqtt_port} 已被占用（MQTT）；请关掉占用它的程序，或设 BRAIN_MQTT_PORT 换一个端口"
            )

    def secret_key(self) -> str:
        """The signing key: made once, kept in the data folder, readable by its owner only."""
        if self.settings.secret_key:
            return self.settings.secret_key
        path = self.settings.home / "secret.key"
        if not path.exists():
            fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(fresh, secrets.token_urlsafe(48).encode())
            os.close(fresh)
        return path.read_text().strip()

    def start_database(self) -> dict[str, str]:
        """Addresses of the database by role."""
        if self.settings.database_url:
            return dict.fromkeys(roles.ALL, self.settings.database_url) | {
                roles.OWNER: self.settings.database_owner_url or self.settings.database_url
            }
        install = installation(self.settings.postgres_home)
        preload = self.settings.storage != "plain"
        self.server = Server(self.settings.home / "postgres", install, preload=preload)
        self.server.start()
        self.server.guard(timescale=preload and has_timescale(install))
        return {role: self.server.url(role=role) for role in roles.ALL}

    def note(self, url: str) -> None:
        """Leave the database's address in the data folder, readable by its owner only (it may hold a password)."""
        path = self.settings.database_note
        path.unlink(missing_ok=True)
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fresh, url.encode())
        os.close(fresh)

    def start_broker(self) -> str:
        if self.settings.mqtt_url:
            return self.settings.mqtt_url
        users = mqtt_users.writers(catalogs.load(self.settings.catalog or None))
        self.broker = Broker(
            self.settings.home / BROKER_HOME, self.settings.mqtt_port, self.settings.mqtt_broker, reader=self.settings.worker, writers=users
        )  # fmt: skip
        self.broker.start()
        return self.broker.url

    # Running -----------------------------------------------------------------------------------------------------------
    def start(self) -> list[tuple[str, str, str]]:
        """Start everything; returns (login, password, words) of the demo accounts if they were made now."""
        began = time.monotonic()
        self.take_home()
        self.check_ports()
        steps = ["启动数据库", *PREPARING, "启动消息服务", "启动各进程"]
        with Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=self.console
        ) as bar:
            task = bar.add_task(steps[0], total=len(steps))

            def step(number: int, more: str = "") -> None:
                bar.update(task, completed=number, description=steps[number] + (f"：{more}" if more else ""))

            urls = self.start_database()
            running = replace(
                self.settings, database_url=urls[roles.APP], database_owner_url="", database_report_url="", secret_key=self.secret_key()
            )
            made = self.prepare(replace(running, database_url=urls[roles.OWNER]), lambda number, more: step(1 + number, more))
            step(len(steps) - 2)
            running = replace(running, mqtt_url=self.start_broker())
            step(len(steps) - 1)
            self.note(running.database_url)
            self.spawn(running, urls[roles.INTAKE])
            self.wait_until_healthy(running)
            bar.update(task, completed=len(steps), description="就绪")
        self.announce(made, time.monotonic() - began)
        return made

    def prepare(self, running: Settings, step: Callable[[int, str], None]) -> list[tuple[str, str, str]]:
        """Migrate and load (brain.local.prepare, a process of its own); returns the accounts it made."""
        process = subprocess.Popen(
            [sys.executable, "-m", "brain.local.prepare"], env=self.environment(running), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        now, made = 0, []
        for line in process.stdout:
            said = json.loads(line)
            now, made = said.get("step", now), said.get("accounts", made)
            step(now, said.get("say", ""))
        errors = process.stderr.read().strip().splitlines()
        if process.wait():
            raise CannotStart(f"{PREPARING[now]}没有完成：{errors[-1] if errors else '没有说明'}")
        return [tuple(account) for account in made]

    def environment(self, running: Settings) -> dict[str, str]:
        """What a child is told: every setting as it stands now, and nothing of ours from the shell."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")}
        for one in fields(Settings):
            value = getattr(running, one.name)
            env[env_name(one.name)] = str(value.resolve()) if isinstance(value, Path) else str(value)
        return env

    def broker_of(self, child: str, running: Settings) -> str:
        """The broker's address for a child: intake may read there, the others have no business there. The replay plays every
        department, each with its own account, which it finds beside the embedded broker."""
        if child == "replay" and self.broker:
            return ""
        return running.mqtt_url if child in ("ingest", "replay") else ""

    def spawn(self, running: Settings, intake: str) -> None:
        """Start the processes, each with the accounts of its duty at the database and the broker."""
        python = [sys.executable, "-m"]
        started = [
            ("ingest", [*python, "ingest", "run"]),
            ("engine", [*python, "brain", "engine"]),
            ("web", [*python, "brain", "web"]),
        ]
        if running.replay:
            started.append(("replay", [*python, "ingest", "replay"]))
        logs = self.settings.home / "log"
        for name, command in started:
            database = intake if name == "ingest" else running.database_url
            env = self.environment(replace(running, database_url=database, mqtt_url=self.broker_of(name, running)))
            child = Child(name, command, env, logs / f"{name}.log")
            child.start()
            self.children.append(child)

    def wait_until_healthy(self, running: Settings, timeout: float = 90.0) -> dict:
        """Until /healthz answers; a child that keeps dying is named."""
        host = "127.0.0.1" if running.http_host in ("0.0.0.0", "::") else running.http_host
        deadline = time.monotonic() + timeout
        while True:
            try:
                with urllib.request.urlopen(f"http://{host}:{running.http_port}/healthz", timeout=5) as answer:
                    return json.load(answer)
            except OSError:
                pass
            self.look()
            web = next(c for c in self.children if c.name == "web")
            if web.crashes >= 2 or time.monotonic() > deadline:
                raise CannotStart(f"网页进程没有起来：{web.last_words()}（日志 {web.log}）")
            time.sleep(0.1)

    def announce(self, made: list[tuple[str, str, str]], seconds: float) -> None:
        say = self.console.print
        say(f"\n[bold]城市大脑 lite[/bold] 已就绪（{seconds:.0f} 秒）  →  [bold]{self.settings.origin}[/bold]")
        say(
            f"  大屏与坐席 {self.settings.origin}/    网格员手机端 {self.settings.origin}/m    月报 {self.settings.origin}/report"
        )
        if made:
            say("\n演示账号与一次性密码（只显示这一次，首次登录须改密）：")
            for login, password, words in made:
                say(f"  {login:<12} {password:<20} {words}")
        else:
            say("  账号已在首次启动时建立；忘记密码：brain user password 登录名")
        body = f"数据目录 {self.settings.home.resolve()}"
        if self.settings.replay:
            body += f"；实测序列以 {self.settings.replay_speed:g} 倍速回放（BRAIN_REPLAY_SPEED）"
        say(f"  {body}\n  按 Ctrl-C 停止。\n")

    def look(self) -> None:
        """One round of watching: children, broker, database."""
        now = time.monotonic()
        for child in self.children:
            if words := child.watch(now):
                self.console.print(words)
        if self.server and self.server.process and self.server.process.poll() is not None:
            self.console.print("数据库退出，正在重启……")
            self.server.start()
        if self.broker and self.broker.process and self.broker.process.poll() is not None:
            self.console.print("消息服务退出，正在重启……")
            self.broker.start()

    def watch(self) -> None:
        """Until a signal comes."""
        while not self._stopping.wait(0.5):
            try:
                self.look()
            except CannotStart as err:
                self.console.print(f"{err}；5 秒后再试")
                self._stopping.wait(5)

    def ask_to_stop(self, *_: object) -> None:
        self._stopping.set()

    def stop(self) -> None:
        """In the order of the flow: senders first, storage last."""
        for child in reversed(self.children):
            child.stop()
        if self.children:
            self.settings.database_note.unlink(missing_ok=True)
        self.children.clear()
        if self.broker:
            self.broker.stop()
        if self.server:
            self.server.stop()


def up(settings: Settings) -> int:
    """The command. 0 after a clean stop, 1 with one sentence when it cannot start."""
    demo = Demo(settings)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, demo.ask_to_stop)
    try:
        demo.start()
        demo.watch()
    except CannotStart as err:
        demo.console.print(f"[bold red]启动不了[/bold red] {err}", soft_wrap=True)
        return 1
    finally:
        demo.stop()
    demo.console.print("已停止。")
    return 0
