"""The GB 26875.3 door end to end: a real line, the writer, the database, and what the engine makes of a fire."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from brain.engine.loop import Engine
from brain.flow.alerts import recording
from brain.flow.events import acting
from brain.settings import Settings
from ingest import practice
from ingest.doors import gb26875 as door
from ingest.feeds import gb26875 as feed
from ingest.feeds.gb26875 import _frame
from ingest.feeds.gb26875._frame import CONFIRM, DENY, Packet

SOURCE = "440302000017"


class Phone:
    """A device on the line."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def answers(self, n: int) -> list[Packet]:
        """The next n packets that come back."""
        data = b""
        while len(data) < n * 30:
            got = self.socket.recv(n * 30 - len(data))
            assert got, "the line was hung up"
            data += got
        return [_frame.read(data[k : k + 30]) for k in range(0, len(data), 30)]

    def hung_up(self) -> bool:
        """Wait until the other side has ended the line."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def place(conn):
    """A house under its device's own code, a tank's gauge, and a house whose code is mapped to our id."""
    for id in (SOURCE, f"{SOURCE}/11-1-99-0.12", "XF-02"):
        conn.execute(
            "INSERT INTO station (id, name, theme, lng, lat, params) VALUES (%s, %s, 'fire', 116.1, 24.3, %s)",
            [id, f"{id} 站", Jsonb({})],
        )
    conn.execute(
        "INSERT INTO intake_mapping (feed, what, given, meant, by, at) VALUES"
        " ('gb26875', 'station', '440302000018', 'XF-02', '测试', now())"
    )


@pytest.fixture
def opened(hands, place):
    """`opened(**practice)`: the door on a free port; the writer is turned by the test."""
    servers = []

    def opened(**more):
        local = replace(practice.load().gb26875, **more)
        server = door.server("127.0.0.1", 0, local, hands.writer, now=lambda: hands.now)
        server.start()
        servers.append(server)
        return server

    yield opened
    for server in servers:
        server.stop()
        server.finish()


@pytest.fixture
def phone(opened):
    made = []

    def phone(server=None):
        made.append(Phone((server or opened()).port))
        return made[-1]

    yield phone
    for one in made:
        one.socket.close()


@pytest.fixture
def turning(hands):
    """The writer at work in its thread."""
    thread = threading.Thread(target=hands.writer.run)
    thread.start()
    yield
    hands.writer.stop()
    thread.join(20)


def part(bits: int, hands, *, number: int = 7, ago: float = 0, serial: int = 1, source: str = SOURCE) -> bytes:
    """A detector's state, `ago` seconds old."""
    at = hands.now - timedelta(seconds=ago)
    body = bytes([2, 1, 1, 1, 42, *number.to_bytes(2, "little"), 1, 0, *bits.to_bytes(2, "little")])
    body += "三楼配电间".encode("gb18030").ljust(31, b"\0") + feed.label_of(at)
    return _frame.build(Packet(serial, (1, 0), feed.label_of(hands.now), source, "000000000001", 2, body))


def received(hands) -> int:
    return sum(c.received for c in hands.writer.counts().values())


def alarms(hands) -> list[tuple[str, float]]:
    return [(r[0], r[3]) for r in hands.readings() if r[1] == "fire_alarm"]


def test_a_packet_is_confirmed_only_after_it_is_committed(hands, phone, until):
    device = phone()
    device.send(part(0b11, hands, serial=0x1234))
    until(lambda: received(hands) == 4)
    device.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        device.socket.recv(1)
    assert hands.readings() == []
    hands.writer.step()
    device.socket.settimeout(20)
    (said,) = device.answers(1)
    assert alarms(hands) == [(SOURCE, 1.0)]
    assert (said.command, said.serial, said.target, said.data) == (CONFIRM, 0x1234, SOURCE, b"")


def test_packets_split_and_joined_by_tcp_are_each_confirmed_once(hands, phone, turning):
    device, raw = phone(), b"".join(part(1, hands, number=n, serial=n) for n in range(1, 21))
    for n in range(0, len(raw), 37):
        device.send(raw[n : n + 37])
    assert [p.serial for p in device.answers(20)] == list(range(1, 21))
    assert len(alarms(hands)) == 20
    hands.adds_up()


def test_a_packet_that_is_sent_again_is_confirmed_again_and_stored_once(hands, phone, turning):
    device = phone()
    for _ in range(3):
        device.send(part(0b11, hands, serial=5))
        assert device.answers(1)[0].command == CONFIRM
    counts = hands.adds_up()["gb26875"]
    assert (counts.stored, counts.duplicate) == (4, 8)


def test_a_packet_with_a_wrong_sum_is_denied_and_kept(hands, phone, turning):
    device, raw = phone(), bytearray(part(0b11, hands, serial=6))
    raw[40] ^= 0xFF
    device.send(bytes(raw) + part(0b11, hands, serial=6))
    first, again = device.answers(2)
    assert (first.command, first.serial, again.command) == (DENY, 6, CONFIRM)
    assert [(d["rule"], bytes(d["payload"])) for d in hands.letters()] == [("decode", bytes(raw))]


def test_a_house_that_nobody_registered_is_confirmed_and_stands_in_the_dead_letter(hands, phone, turning):
    device = phone()
    device.send(part(0b11, hands, source="440302000099"))
    assert device.answers(1)[0].command == CONFIRM
    assert {d["rule"] for d in hands.letters()} == {"station"}
    hands.adds_up()


def test_a_device_is_found_by_the_code_it_calls_itself(hands, phone, turning):
    device = phone()
    device.send(part(0b11, hands, source="440302000018"))
    device.answers(1)
    assert alarms(hands) == [("XF-02", 1.0)]


def test_a_value_is_stored_at_its_own_measuring_point(hands, phone, turning):
    device = phone()
    body = bytes([3, 1, 11, 1, 99, 12, 0, 0, 0, 5, 0x2C, 1]) + feed.label_of(hands.now)  # 300 × 0.1 kPa
    device.send(_frame.build(Packet(9, (1, 0), feed.label_of(hands.now), SOURCE, "000000000001", 2, body)))
    device.answers(1)
    assert [(r[0], r[1], r[3]) for r in hands.readings()] == [
        (f"{SOURCE}/11-1-99-0.12", "fire_pressure", pytest.approx(0.03))
    ]


def test_what_is_no_state_is_confirmed_at_once_and_not_kept(hands, phone):
    device = phone()
    body = bytes([25, 1, 2, 1]) + feed.label_of(hands.now)
    device.send(_frame.build(Packet(3, (1, 0), feed.label_of(hands.now), SOURCE, "000000000001", 2, body)))
    assert device.answers(1)[0].command == CONFIRM
    assert received(hands) == 0


def test_a_request_of_a_device_is_denied(hands, phone, turning):
    device = phone()
    device.send(_frame.build(Packet(4, (1, 0), feed.label_of(hands.now), SOURCE, "000000000001", 4, b"\x3d\x01\x01\x01")))
    assert device.answers(1)[0].command == DENY
    assert [d["rule"] for d in hands.letters()] == ["kind"]


def test_garbage_goes_to_the_dead_letter_and_the_packet_behind_it_is_read(hands, phone, turning):
    device = phone()
    device.send(b"AT+CIPSEND\r\n@" + part(0b11, hands))
    assert device.answers(1)[0].command == CONFIRM
    assert [bytes(d["payload"]) for d in hands.letters()] == [b"AT+CIPSEND\r\n@"]
    assert alarms(hands) == [(SOURCE, 1.0)]


def test_a_packet_cut_off_by_the_end_of_the_line_stands_in_the_dead_letter(hands, phone, turning, until):
    device, raw = phone(), part(0b11, hands)
    device.send(raw[:50])
    device.socket.close()
    until(lambda: len(hands.letters()) == 1)
    assert bytes(hands.letters()[0]["payload"]) == raw[:50]


def test_a_begun_packet_is_given_up_after_its_time(hands, opened, phone, turning, until):
    device = phone(opened(frame_s=3))
    device.send(part(0b11, hands)[:50])

    def passes():
        hands.now += timedelta(seconds=4)
        return len(hands.letters()) == 1

    until(passes)
    device.send(part(0b11, hands))
    assert device.answers(1)[0].command == CONFIRM


def test_a_line_that_speaks_something_else_is_hung_up(hands, opened, phone, turning, until):
    server = opened(junk_total=8000)
    device = phone(server)
    device.send(b"".join(b"GET /%d HTTP/1.1\r\n" % n for n in range(1000)))
    assert device.hung_up()
    until(lambda: hands.letters() and hands.writer.counts()["gb26875"].in_flight == 0)
    assert sum(len(d["payload"]) for d in hands.letters()) >= 8000
    other = phone(server)
    other.send(part(0b11, hands))
    assert other.answers(1)[0].command == CONFIRM


def test_with_the_database_away_a_packet_is_confirmed_from_the_spill_and_stored_later(hands, phone, until):
    hands.database(False)
    device = phone()
    device.send(part(0b11, hands))
    until(lambda: received(hands) == 4)
    hands.writer.step()
    assert device.answers(1)[0].command == CONFIRM
    hands.database(True)
    hands.writer.drain()
    assert alarms(hands) == [(SOURCE, 1.0)]


def test_without_a_port_there_is_no_door(hands):
    assert door.door(Settings(), practice.load(), hands.writer) is None


def test_the_door_listens_where_the_settings_say(hands):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = door.door(Settings(gb26875_port=port), practice.load(), hands.writer)
    assert (found.host, found.port) == ("127.0.0.1", port)


# To the people --------------------------------------------------------------------------------------------------------
def test_a_fire_in_a_house_becomes_a_red_alert_and_an_event_of_the_fire_brigade(hands, phone, district, turning):
    hands.now = district.now
    district.conn.execute("UPDATE station SET name = '梅江宾馆', lng = 116.105, lat = 24.315 WHERE id = %s", [SOURCE])
    engine = Engine(district.conn, district.catalog)
    device = phone()
    device.send(part(0b11, hands, ago=20))
    device.answers(1)
    engine.step(district.now)
    (row,) = district.conn.execute("SELECT * FROM alert WHERE kind = 'fire_alarm'").fetchall()
    alert = recording.alert_of(row)
    assert (alert.level.key, alert.late) == ("red", False)
    assert "三楼配电间" in alert.message and "火警" in alert.message
    event = acting.get(district.conn, alert.event_id)
    assert (event.category, event.title) == ("matter:10910", "梅江宾馆：消防火警")
    assert any("梅江宾馆" in n for n in district.notices("operator"))

    device.send(part(1, hands, number=8, serial=2))  # another detector is well
    device.answers(1)
    engine.step(district.now)
    assert recording.get(district.conn, alert.id).cleared_at is None
    device.send(part(1, hands, serial=3))  # and then the first one, too
    device.answers(1)
    engine.step(district.now)
    assert recording.get(district.conn, alert.id).cleared_at == district.now


@pytest.mark.parametrize("behind", [timedelta(days=9000), timedelta(hours=2)])
def test_a_fire_of_a_device_whose_clock_is_wrong_still_pages_people(hands, phone, district, turning, behind):
    hands.now = district.now
    gone = district.now - behind
    body = bytes([21, 1, 0b11]) + feed.label_of(gone)
    device = phone()
    device.send(_frame.build(Packet(1, (1, 0), feed.label_of(gone), SOURCE, "000000000001", 2, body)))
    device.answers(1)
    Engine(district.conn, district.catalog).step(district.now)
    (row,) = district.conn.execute("SELECT level, late FROM alert WHERE kind = 'fire_alarm'").fetchall()
    assert (row["level"], row["late"]) == (1, False)
    assert district.notices("operator")
