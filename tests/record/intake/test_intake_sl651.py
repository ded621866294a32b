"""The SL 651 door over real TCP into a real database: what a station hears, when, and what is stored."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brain.settings import Settings
from ingest import practice
from ingest.doors import sl651
from ingest.feeds._sample import samples
from ingest.feeds.sl651 import report as sl651_report
from ingest.feeds.sl651._elements import body, element, group
from ingest.feeds.sl651._frame import answer, frame, packets, read
from tests.accounts import INTAKE, as_role

RIVER, GAUGE = "4414020001", "4414020002"
AT = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)  # the hands' clock
PUBLIC = {s.name: s.payload for s in samples("sl651")}


def report(*parts: bytes, station: str = RIVER, function: int = 0x32, serial: int = 1, at: datetime = AT) -> bytes:
    return frame(station, function, body(serial, at, station, "H", at, parts), centre=0x10, password=b"\x12\x34")


def level(value: float, **more) -> bytes:
    return report(element("39", value), **more)


class Line:
    """A station's modem."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def heard(self, n: int = 25) -> bytes:
        """The next so many bytes of the centre; fewer when it hangs up. An answer has 25."""
        found = b""
        while len(found) < n and (more := self.socket.recv(n - len(found))):
            found += more
        return found

    def silent(self) -> bool:
        """Nothing has arrived so far."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(10)

    def close(self) -> None:
        self.socket.close()


class Door:
    """The door before a writer that a test turns step by step."""

    def __init__(self, hands, until):
        self.hands, self.until = hands, until
        self.server = sl651.server("127.0.0.1", 0, hands.practice, hands.writer, now=lambda: hands.now)
        self.lines: list[Line] = []
        self.server.start()

    def line(self) -> Line:
        self.lines.append(Line(self.server.port))
        return self.lines[-1]

    def received(self, n: int) -> None:
        """Wait until so many readings and refusals were handed to the writer."""
        self.until(lambda: self.hands.writer.counts().get("sl651") and self.count().received == n, 10)

    def count(self):
        return self.hands.writer.counts()["sl651"]

    def stop(self) -> None:
        for line in self.lines:
            line.close()
        self.server.stop()
        self.server.finish()


@pytest.fixture
def mapped(conn, stations) -> None:
    for given, meant in ((RIVER, "WL-01"), (GAUGE, "RG-01"), ("00418D2337", "WL-01")):
        conn.execute(
            "INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('sl651', 'station', %s, %s)", [given, meant]
        )


@pytest.fixture
def opened(take, mapped, until):
    """Open a door; keywords change the practice of group [sl651]."""
    doors: list[Door] = []

    def opened(**more) -> Door:
        doors.append(Door(take(sl651=replace(practice.load().sl651, **more)), until))
        return doors[-1]

    yield opened
    for door in doors:
        door.stop()


@pytest.fixture
def door(opened) -> Door:
    return opened()


# Answers --------------------------------------------------------------------------------------------------------------
def test_a_report_is_answered_after_its_commit_and_not_before(door):
    line = door.line()
    line.send(level(75.93, serial=513))
    door.received(1)
    assert line.silent()
    door.hands.writer.step()
    assert door.hands.readings() == [("WL-01", "water_level", AT, 75.93, "ok")]
    assert line.heard() == answer(read(level(75.93, serial=513)), AT)


def test_the_public_reservoir_frame_is_stored_and_answered(door):
    line = door.line()
    line.send(PUBLIC["timed_reservoir"])
    door.received(5)
    door.hands.writer.step()
    said = read(line.heard())
    assert (said.up, said.station, said.centre, said.body[:2]) == (False, "00418D2337", 0x25, b"\x0c\x06")
    assert {(kind, value) for _, kind, _, value, _ in door.hands.readings()} == {
        ("rain_day", 0.0), ("water_level", 37.865), ("rain_5m", 0.0), ("rain_total", 0.0), ("supply_voltage", 12.85)
    }  # fmt: skip


def test_while_the_database_is_away_the_spill_is_enough_for_an_answer(door):
    line = door.line()
    door.hands.database(False)
    line.send(level(75.93))
    door.received(1)
    door.hands.writer.step()
    assert read(line.heard()).function == 0x32
    door.hands.database(True)
    door.hands.writer.drain()
    assert len(door.hands.readings()) == 1


def test_what_the_checks_refuse_is_answered_too_for_it_is_safe_in_the_dead_letter(door):
    line = door.line()
    line.send(report(element("39", 75.93), station="9999999999"))
    door.received(1)
    door.hands.writer.step()
    assert read(line.heard()).station == "9999999999"
    (letter,) = door.hands.letters()
    assert letter["rule"] == "station" and "9999999999" in letter["reason"]


def test_a_report_that_comes_again_is_a_duplicate_and_answered_again(door):
    line = door.line()
    for n in (1, 2):
        line.send(level(75.93))
        door.received(n)
        door.hands.writer.step()
        assert read(line.heard()).function == 0x32
    assert (door.count().stored, door.count().duplicate) == (1, 1)


@pytest.mark.parametrize("quiet", [0x2F, 0x37, 0x38], ids=["keep-link", "query", "query of a period"])
def test_keep_link_and_answers_to_a_query_are_not_answered(door, quiet):
    line = door.line()
    line.send(level(75.93, function=quiet) + level(76.0, serial=77, at=AT - timedelta(hours=1)))
    door.received(1 if quiet == 0x2F else 2)
    door.hands.writer.step()
    assert read(line.heard()).body[:2] == b"\0\x4d" and line.silent()


def test_an_echo_of_our_own_answer_is_not_a_report(door):
    line = door.line()
    echo = answer(read(level(1.0)), AT)
    line.send(echo + level(75.93))
    door.received(1)
    door.hands.writer.step()
    assert len(line.heard()) == 25 and line.silent()


def test_every_station_hears_the_answer_to_its_own_report(door):
    lines = [door.line() for _ in range(3)]
    for n, line in enumerate(lines):
        line.send(level(70.0 + n, serial=n, at=AT - timedelta(minutes=n)))
        door.received(n + 1)
    door.hands.writer.step()
    assert [read(line.heard()).body[:2] for line in lines] == [bytes([0, n]) for n in range(3)]


# The stream -----------------------------------------------------------------------------------------------------------
def test_a_frame_in_single_bytes_and_two_frames_in_one_segment_are_read(door):
    line = door.line()
    for byte in level(1.0, at=AT - timedelta(minutes=3)):
        line.send(bytes([byte]))
    line.send(level(2.0, at=AT - timedelta(minutes=2)) + level(3.0, at=AT - timedelta(minutes=1)))
    door.received(3)
    door.hands.writer.step()
    assert [value for *_, value, _ in door.hands.readings()] == [1.0, 2.0, 3.0]
    assert len(line.heard(75)) == 75


def test_a_wrong_checksum_goes_to_the_dead_letter_unanswered_and_its_neighbour_is_stored(door):
    line = door.line()
    wrong = PUBLIC["bad_crc"]
    line.send(wrong + level(75.93, serial=9))
    door.received(2)
    door.hands.writer.step()
    assert read(line.heard()).body[:2] == b"\0\x09" and line.silent()
    (letter,) = door.hands.letters()
    assert letter["rule"] == "decode" and "CRC 不对" in letter["reason"] and bytes(letter["payload"]) == wrong
    assert door.count().stored == 1


def test_bytes_that_are_no_frame_stand_raw_in_the_dead_letter(door):
    line = door.line()
    line.send(b"GET / HTTP/1.1\r\n\r\n" + level(75.93))
    door.received(2)
    door.hands.writer.step()
    (letter,) = door.hands.letters()
    assert bytes(letter["payload"]) == b"GET / HTTP/1.1\r\n\r\n" and letter["topic"].startswith("sl651/127.0.0.1:")


def test_line_ends_between_frames_are_no_dead_letter(door):
    line = door.line()
    line.send(level(1.0, at=AT - timedelta(minutes=1)) + b"\r\n\r\n" + level(2.0) + b"\0\0")
    door.received(2)
    door.hands.writer.step()
    assert len(line.heard(50)) == 50 and not door.hands.letters()


def test_half_a_frame_is_given_up_after_its_time(door):
    line = door.line()
    half = level(75.93)[:30]
    line.send(half)
    door.until(lambda: any(s._cutter.waiting == 30 for s in door.server.lines.values()), 10)
    door.hands.now += timedelta(seconds=11)
    door.received(1)
    door.hands.writer.step()
    (letter,) = door.hands.letters()
    assert "只到了 30 字节" in letter["reason"] and bytes(letter["payload"]) == half


def test_a_line_that_sends_nothing_but_junk_is_hung_up(opened):
    door = opened(junk_bytes=16, junk_total=48)
    line = door.line()
    line.send(b"x" * 48)
    assert line.heard() == b""
    door.received(3)


def test_a_dropped_line_leaves_what_was_begun_in_the_dead_letter(door):
    line = door.line()
    line.send(level(75.93)[:40])
    line.close()
    door.received(1)
    door.hands.writer.step()
    assert [letter["rule"] for letter in door.hands.letters()] == ["decode"]


# Several packets ------------------------------------------------------------------------------------------------------
def hour() -> list[bytes]:
    inner = body(258, AT, GAUGE, "P", AT, [element("26", 812.5), group("F4", [0.5] * 12)])
    return packets(GAUGE, 0x34, inner, size=30)


def test_packets_are_one_message_and_answered_once_after_the_last(door):
    line = door.line()
    first, second = hour()
    line.send(first)
    door.until(lambda: any(s._packets._sets for s in door.server.lines.values()), 10)
    line.send(second)
    door.received(13)
    door.hands.writer.step()
    assert read(line.heard()).body[:2] == b"\x01\x02" and line.silent()
    rain = [(at, value) for _, kind, at, value, _ in door.hands.readings() if kind == "rain_5m"]
    assert rain == [(AT - timedelta(minutes=5 * n), 0.5) for n in range(11, -1, -1)]


def test_a_missing_packet_is_told_after_its_time_and_what_came_again_whole_is_stored_once(door):
    line = door.line()
    first, second = hour()
    line.send(first)
    door.until(lambda: any(s._packets._sets for s in door.server.lines.values()), 10)
    door.hands.now += timedelta(seconds=121)
    door.received(2)
    door.hands.writer.step()
    assert line.silent() and "共 2 包，缺第 2 包" in door.hands.letters()[0]["reason"]
    line.send(first + second)
    door.received(15)
    door.hands.writer.step()
    assert read(line.heard()).function == 0x34
    assert (door.count().stored, door.count().duplicate, door.count().dead) == (13, 1, 1)


# The door itself ------------------------------------------------------------------------------------------------------
def test_port_0_keeps_the_door_shut(hands):
    assert sl651.door(Settings(), hands.practice, hands.writer) is None


def test_what_was_received_before_the_stop_is_still_answered(door):
    line = door.line()
    line.send(level(75.93))
    door.received(1)
    door.server.stop()
    door.hands.writer.step()
    door.server.finish()
    assert read(line.heard()).function == 0x32
    assert line.heard() == b""


def test_thousands_of_reports_are_all_stored_and_all_answered(door):
    line = door.line()
    sent = [level(70.0, serial=n, at=AT - timedelta(minutes=n)) for n in range(3000)]
    line.send(b"".join(sent))
    door.received(3000)
    while door.hands.writer.step():
        pass
    heard = line.heard(25 * 3000)
    assert [heard[25 * n + 14 : 25 * n + 16] for n in range(3000)] == [n.to_bytes(2) for n in range(3000)]
    assert door.count().stored == 3000


def test_an_unknown_element_waits_for_a_mapping_and_harms_no_neighbour(door):
    line = door.line()
    line.send(report(element("3C", 1.5), element("39", 75.93)))
    door.received(2)
    door.hands.writer.step()
    (letter,) = door.hands.letters()
    assert letter["rule"] == "kind" and "3C" in letter["reason"]
    assert [kind for _, kind, *_ in door.hands.readings()] == ["water_level"]


def test_a_mapped_element_is_stored_under_our_kind(door, conn):
    conn.execute(
        "INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('sl651', 'kind', '3C', 'water_level_down')"
    )
    line = door.line()
    line.send(report(element("3C", 1.5)))
    door.received(1)
    door.hands.writer.step()
    assert door.hands.readings() == [("WL-01", "water_level_down", AT, 1.5, "ok")]


# The process ----------------------------------------------------------------------------------------------------------
class Worker:
    """`python -m ingest run` with this door open."""

    def __init__(self, db_url: str, mqtt_port: int, home: Path, name: str, port: int):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_DATABASE_URL": as_role(db_url, INTAKE), "BRAIN_MQTT_URL": f"mqtt://127.0.0.1:{mqtt_port}", "BRAIN_HOME": str(home),
            "BRAIN_WORKER": name, "BRAIN_MQTT_SHARE": "", "BRAIN_SL651_PORT": str(port),
        }  # fmt: skip
        self.process = subprocess.Popen([sys.executable, "-m", "ingest", "run"], env=env)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Persistent:
    """A station as the standard wants it: what is not answered it sends again, on a new line if need be."""

    def __init__(self, port: int, until):
        self.port, self.until, self.line = port, until, None

    def _reached(self) -> bool:
        try:
            self.line = Line(self.port)
        except OSError:
            return False
        return True

    def send(self, data: bytes) -> None:
        while True:
            if self.line is None:
                self.until(self._reached, 30)
            try:
                self.line.send(data)
                if len(self.line.heard()) == 25:
                    return
            except OSError:
                pass
            self.line.close()
            self.line = None


def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(db_url, broker, tmp_path, name, mapped, until, conn):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begin = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=9)
    workers, station = [Worker(db_url, broker.port, tmp_path, name, port)], Persistent(port, until)

    def kill() -> None:
        workers[-1].kill()
        workers.append(Worker(db_url, broker.port, tmp_path, name, port))

    timers = {n: threading.Timer(0.003 * (n % 7), kill) for n in (80, 160)}
    try:
        for n in range(250):
            if n in timers:
                timers[n].start()
            station.send(sl651_report(RIVER, begin + timedelta(minutes=n), {"39": 70 + n / 100}, serial=n))
    finally:
        for timer in timers.values():
            timer.cancel()
            if timer.ident:
                timer.join()
        workers[-1].kill()
        station.line.close()
    assert len(workers) == 3
    rows = conn.execute("SELECT at, value FROM reading WHERE station = 'WL-01' ORDER BY at").fetchall()
    assert [(r["at"], round(r["value"], 2)) for r in rows] == [
        (begin + timedelta(minutes=n), round(70 + n / 100, 2)) for n in range(250)
    ]
