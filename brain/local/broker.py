"""The embedded MQTT broker: the system's mosquitto where it is on the PATH, else `amqtt` from PyPI.

Both listen on 127.0.0.1 only. mosquitto keeps sessions and queued messages on disk, so a restart loses nothing;
amqtt speaks MQTT 3.1.1 and keeps them in memory: enough for a look at the demo, and `brain check` says which one runs.

Why `max_queued_messages 0` (no limit): at a limit mosquitto drops messages that it has acknowledged to their sender.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from brain.local.postgres import CannotStart

AMQTT_CONFIG = """
listeners:
  default:
    type: tcp
    bind: 127.0.0.1:{port}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""

MOSQUITTO_CONFIG = """listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 5
max_queued_messages 0
max_inflight_messages 0
log_dest stderr
log_type error
log_type warning
"""


def find_mosquitto() -> str | None:
    """Path of the mosquitto server; Debian puts it where ordinary users have no PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which("mosquitto", path=path)


def port_taken(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something already listens there."""
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((host, port)) == 0


@dataclass
class Broker:
    """One broker with its state in one folder."""

    folder: Path
    port: int
    kind: str = "auto"  # auto | mosquitto | amqtt
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def body(self) -> str:
        """Which broker this will be."""
        if self.kind != "auto":
            return self.kind
        return "mosquitto" if find_mosquitto() else "amqtt"

    def command(self) -> list[str]:
        """Write the configuration; the command line that runs it in the foreground."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.body == "mosquitto":
            binary = find_mosquitto()
            if binary is None:
                raise CannotStart("BRAIN_MQTT_BROKER=mosquitto，但本机没有 mosquitto；请安装它，或改为 auto")
            text = MOSQUITTO_CONFIG.format(port=self.port, folder=self.folder.resolve())
            if os.geteuid() == 0:
                # mosquitto started by root gives up its rights to the user of this line, who could not write here
                text += "user root\n"
            config = self.folder / "mosquitto.conf"
            config.write_text(text)
            return [binary, "-c", str(config)]
        config = self.folder / "amqtt.yaml"
        config.write_text(AMQTT_CONFIG.format(port=self.port))
        return [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(config)]

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
