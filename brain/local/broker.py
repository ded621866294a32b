"""The embedded MQTT broker: the system's mosquitto where it is on the PATH, else `amqtt` from PyPI.

Both listen on 127.0.0.1 only, and ask for a password: the intake's account, called like its worker, reads what stations send; each
department has two that write below its code as in production, its own (the replay) and `<key>.send` (`python -m ingest send`); none
may do the other. The passwords are drawn at the first start, into a file of the data folder that its owner alone may read. Why even
on loopback: whoever has an account on the machine could else write readings of every station.

A client is known by its user, whatever id it gives: nobody can take over the intake's session, and with it what waits there.

mosquitto keeps sessions and queued messages on disk, so a restart loses nothing;
amqtt speaks MQTT 3.1.1 and keeps them in memory: enough for a look at the demo, and `brain check` says which one runs.

Why `max_queued_messages 0` (no limit): at a limit mosquitto drops messages that it has acknowledged to their sender.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher

from brain.catalog.mqtt_users import EVERYTHING
from brain.local.postgres import CannotStart
from brain.settings import BROKER_USERS

AMQTT_CONFIG = """
listeners:
  default:
    type: tcp
    bind: 127.0.0.1:{port}
plugins:
"""
AMQTT_OPEN = """  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""
AMQTT_GUARDED = """  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: false
  amqtt.plugins.authentication.FileAuthPlugin:
    password_file: {folder}/passwords
  amqtt.plugins.topic_checking.TopicAccessControlListPlugin:
    publish_acl: {writers}
    acl: {readers}
"""

MOSQUITTO_CONFIG = """listener {port} 127.0.0.1
persistence true
persistence_location {folder}/
autosave_interval 5
max_queued_messages 0
max_inflight_messages 0
log_dest stderr
log_type error
log_type warning
"""
MOSQUITTO_OPEN = "allow_anonymous true\n"
MOSQUITTO_GUARDED = """allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
use_username_as_clientid true
"""
TOOLS = ".send"
"""Ending of the account by which a person's tools send for a department: one account has one connection at a time."""
ITERATIONS = 20_000  # of PBKDF2: the passwords are 32 random bytes, nobody guesses them


def find_mosquitto() -> str | None:
    """Path of the mosquitto server; Debian puts it where ordinary users have no PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which("mosquitto", path=path)


def port_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something already listens there."""
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((host, port)) == 0


def _write(path: Path, text: str) -> None:
    """A file for its owner's eyes only, from its first byte on."""
    path.unlink(missing_ok=True)
    fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(text)


def _mosquitto_hash(word: str) -> str:
    """As mosquitto_passwd of mosquitto 2 writes it (PBKDF2-HMAC-SHA512), so that the tool need not be there."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", word.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


@dataclass
class Broker:
    """One broker with its state in one folder. `reader` is the user of the intake, `writers` are topic filters by user (as in
    `mqtt_users.writers`)."""

    folder: Path
    port: int
    kind: str = "auto"  # auto | mosquitto | amqtt
    guarded: bool = True  # False: asks nobody for anything, for benches that play a thousand gateways
    reader: str = "w1"
    writers: Mapping[str, list[str]] = field(default_factory=dict)
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        """The address for intake."""
        return self.url_of(self.reader)

    def url_of(self, user: str) -> str:
        """The address with the password of a user."""
        who = f"{user}:{self.passwords()[user]}@" if self.guarded else ""
        return f"mqtt://{who}127.0.0.1:{self.port}"

    def passwords(self) -> dict[str, str]:
        """User → password, each drawn once; who is no user any more is forgotten."""
        path = self.folder / BROKER_USERS
        kept = json.loads(path.read_text()) if path.exists() else {}
        known = {user: kept.get(user) or secrets.token_urlsafe(32) for user in (self.reader, *self._filters())}
        if known != kept:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(path, json.dumps(known))
        return known

    def _filters(self) -> dict[str, list[str]]:
        """Topic filters by user who writes."""
        return {name: topics for user, topics in self.writers.items() for name in (user, user + TOOLS)}

    @property
    def body(self) -> str:
        """Which broker this will be."""
        if self.kind != "auto":
            return self.kind
        return "mosquitto" if find_mosquitto() else "amqtt"

    def command(self) -> list[str]:
        """Write the configuration; the command line that runs it in the foreground."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = self.folder.resolve()
        if self.guarded:
            # As cheap as PBKDF2 above, for the same reason.
            hashed = _mosquitto_hash if self.body == "mosquitto" else PasswordHasher(1, 8, 1).hash
            _write(folder / "passwords", "".join(f"{user}:{hashed(word)}\n" for user, word in self.passwords().items()))
            rights = [f"user {self.reader}\ntopic read {EVERYTHING}\n"]
            for user, topics in self._filters().items():
                rights.append(f"user {user}\n" + "".join(f"topic write {topic}\n" for topic in topics))
            _write(folder / "acl", "\n".join(rights))
        if self.body == "mosquitto":
            binary = find_mosquitto()
            if binary is None:
                raise CannotStart("BRAIN_MQTT_BROKER=mosquitto，但本机没有 mosquitto；请安装它，或改为 auto")
            text = MOSQUITTO_CONFIG.format(port=self.port, folder=folder)
            text += (MOSQUITTO_GUARDED if self.guarded else MOSQUITTO_OPEN).format(folder=folder)
            if os.geteuid() == 0:
                # mosquitto started by root gives up its rights to the user of this line, who could not write here
                text += "user root\n"
            config = self.folder / "mosquitto.conf"
            config.write_text(text)
            return [binary, "-c", str(config)]
        config = self.folder / "amqtt.yaml"
        more = AMQTT_GUARDED if self.guarded else AMQTT_OPEN
        readers = {self.reader: [EVERYTHING, f"$share/+/{EVERYTHING}"]}
        config.write_text((AMQTT_CONFIG + more).format(
            port=self.port, folder=folder, writers=json.dumps(self._filters()), readers=json.dumps(readers)
        ))  # fmt: skip
        users = [str(folder / "passwords")] if self.guarded else []
        return [sys.executable, "-m", "brain.local.amqtt_by_user", str(config), *users]

    def start(self, timeout: float = 20.0) -> None:
        """Start and wait until it accepts connections. Raises CannotStart."""
        if port_taken(self.port):
            raise CannotStart(f"端口 {self.port} 已被占用（MQTT）；请关掉占用它的程序，或设 BRAIN_MQTT_PORT 换一个端口")
        command = self.command()
        log = open(self.folder / "broker.log", "ab")  # noqa: SIM115 - handed to the child
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        deadline = time.monotonic() + timeout
        while not port_taken(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                lines = (self.folder / "broker.log").read_text(errors="replace").strip().splitlines()
                raise CannotStart(f"MQTT 服务（{self.body}）没有启动：{(lines or ['没有日志'])[-1]}")
            time.sleep(0.02)

    def stop(self, timeout: float = 10.0) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()
