"""The replay as a process: through the real broker into the record, and nothing twice after a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime

import pytest

from brain.store import db


@pytest.fixture
def play(city_url, broker, tmp_path):
    """Start `python -m ingest replay` on the demo city; killed at the end if it still runs."""
    started = []

    def play(speed: int = 3600) -> subprocess.Popen:
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_DATABASE_URL": city_url, "BRAIN_MQTT_URL": broker.url, "BRAIN_HOME": str(tmp_path),
            "BRAIN_REPLAY_SPEED": str(speed), "BRAIN_WORKER": f"p{os.getpid()}",
        }  # fmt: skip
        with open(tmp_path / "replay.log", "ab") as log:
            started.append(subprocess.Popen([sys.executable, "-m", "ingest", "replay"], env=env, stdout=log, stderr=log))
        return started[-1]

    yield play
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def done(tmp_path) -> str:
    path = tmp_path / "replay.json"
    return json.loads(path.read_text())["done"] if path.exists() else ""


def test_replayed_and_generated_messages_reach_the_record_and_a_restart_repeats_nothing(
    play, start, city_url, tmp_path, until
):
    start(database=city_url)
    with db.connect(city_url, name="look") as look:

        def counts() -> dict[str, dict]:
            return {r["feed"]: r for r in look.execute("SELECT * FROM feed_status")}

        first = play()
        until(lambda: set(counts()) == {"water", "rain", "air", "drainage", "fire", "cameras"})
        until(lambda: counts()["rain"]["stored"] > 500)
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
        stopped = done(tmp_path)
        before = counts()["rain"]["stored"]
        second = play()
        until(lambda: done(tmp_path) > stopped and counts()["rain"]["stored"] > before + 50)
        second.send_signal(signal.SIGTERM)
        assert second.wait(20) == 0
        assert sum(row["duplicate"] for row in counts().values()) == 0
        rules = {r["rule"] for r in look.execute("SELECT DISTINCT rule FROM dead_letter")}
        assert rules <= {"place", "range"}  # hotspots outside of the district, unplugged probes


def test_a_killed_replay_goes_on_and_what_it_repeats_is_stored_once(play, start, city_url, tmp_path, until):
    start(database=city_url)
    with db.connect(city_url, name="look") as look:

        def rain() -> int:
            return look.execute("SELECT count(*) AS n FROM reading WHERE kind = 'rain_1h'").fetchone()["n"]

        first = play()
        until(lambda: done(tmp_path) != "" and rain() > 100)
        first.kill()
        first.wait()
        wall = json.loads((tmp_path / "replay.json").read_text())["wall"]
        before = rain()
        play()
        until(lambda: rain() > before + 50)
        assert json.loads((tmp_path / "replay.json").read_text())["wall"] == wall
        spacing = look.execute(
            "SELECT DISTINCT at - lag(at) OVER (ORDER BY at) AS gap FROM reading"
            " WHERE station = 'RG-01' AND kind = 'rain_1h'"
        ).fetchall()
        assert {r["gap"].total_seconds() for r in spacing if r["gap"]} == {1.0}  # an hour at 3600 times the speed


def test_readings_of_the_replay_are_of_now(play, start, city_url, until):
    start(database=city_url)
    with db.connect(city_url, name="look") as look:
        play()
        until(lambda: look.execute("SELECT 1 FROM latest WHERE station = 'RG-01'").fetchone())
        newest = look.execute("SELECT max(at) AS at FROM latest").fetchone()["at"]
        assert abs((datetime.now(newest.tzinfo) - newest).total_seconds()) < 360
