"""`python -m ingest send` and `tap`: a file goes to a door like a station's messages, and one can look on."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from brain.model import Refused
from brain.settings import Settings
from ingest import feeds, tools
from tests.ports import free_port

LINES = b'{"stcd":"RG-01","tm":"%s","p1":1}\n{"stcd":"RG-02","tm":"%s","p1":"x"}\n'


@pytest.fixture
def file(tmp_path, hands):
    path = tmp_path / "rain.jsonl"
    now = hands.now.isoformat().encode()
    path.write_bytes(LINES % (now, now))
    return str(path)


def test_a_file_sent_over_mqtt_comes_in_station_by_station(start, broker, conn, until, file, stations):
    start()
    said: list[str] = []
    assert tools.send(Settings(mqtt_url=broker.url), feeds.load()["rain"], file, said.append) == 2
    until(lambda: conn.execute("SELECT count(*) AS n FROM dead_letter").fetchone()["n"] == 1)
    assert feeds.topic("rain", "RG-01", "qxj") in said[0] and "已确认" in said[0]


def test_tap_tells_what_came_and_what_became_of_it(hands, db_url):
    said: list[str] = []
    looking = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        looking.set()

    settings = replace(Settings(), database_url=db_url)
    thread = threading.Thread(target=tools.tap, args=(settings, "rain", say), kwargs={"most": 1}, daemon=True)
    thread.start()
    assert looking.wait(10)
    hands.rain(value=2.5)
    hands.send(b"{bad")
    hands.writer.step()
    thread.join(10)
    assert not thread.is_alive()
    text = "\n".join(said)
    assert "收 2 = 入库 1 + 重复 0 + 死信 1" in text
    assert "RG-01  rain_1h = 2.5" in text and "不是合法的 JSON" in text and "原文 {bad" in text


def test_a_file_for_the_drop_folder_is_never_seen_half(tmp_path, file):
    settings = replace(Settings(), home=tmp_path / "home")
    tools.send(settings, feeds.load()["rain"], file, print, door="drop")
    assert [p.name for p in (settings.drop / "rain").iterdir()] == ["rain.jsonl"]


def test_a_door_that_is_closed_says_which_setting_opens_it(file):
    with pytest.raises(Refused, match="BRAIN_HJ212_PORT"):
        tools.send(Settings(), feeds.load()["rain"], file, print, door="hj212")


def test_an_address_where_nobody_listens_is_named(file):
    port = free_port()
    with pytest.raises(Refused, match=f"127.0.0.1:{port} 连不上"):
        tools.send(Settings(), feeds.load()["rain"], file, print, door="sl651", to=f"127.0.0.1:{port}")
