"""The HJ 212 door: real lines, the real writer and database; an answer means that the readings are safe."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.settings import Settings
from ingest import practice
from ingest.doors import hj212 as door
from ingest.feeds import hj212
from ingest.feeds.hj212 import _frame, keys
from ingest.watch.mend import mend
from tests.accounts import INTAKE, as_role
from tests.ports import free_port

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
MN, OTHER = "44140200A0000000000001F1", "44140200A0000000000002F2"
KEY = bytes(range(16))
BEIJING = timedelta(hours=8)


def frame(n: int = 0, value: float = 7.1, mn: str = MN, at: datetime = NOW, key: bytes | None = None, **more) -> bytes:
    """A message of a water station with one pH, `n` minutes ago."""
    when = at + BEIJING - timedelta(minutes=n)
    head = {"QN": f"{when:%Y%m%d%H%M%S}000", "ST": 21, "CN": 2011, "PW": "123456", "MN": mn, "Flag": 5} | more
    return hj212.build(head, f"DataTime={when:%Y%m%d%H%M%S};w01001-Rtd={value},w01001-Flag=N", key=key)


def packets(n: int = 0, mn: str = MN, flag: int = 5, time_in_each: bool = False) -> list[bytes]:
    """A message in three packets: pH, oxygen, ammonia."""
    when = NOW + BEIJING - timedelta(minutes=n)
    head = {"QN": f"{when:%Y%m%d%H%M%S}000", "ST": 21, "CN": 2011, "PW": "1", "MN": mn, "Flag": flag | 2, "PNUM": 3}
    time = f"DataTime={when:%Y%m%d%H%M%S};"
    parts = [f"{time}w01001-Rtd=7.1,w01001-Flag=N", "w01009-Rtd=6.5,w01009-Flag=N", "w21003-Rtd=0.3,w21003-Flag=N"]
    if time_in_each:
        parts = [parts[0], time + parts[1], time + parts[2]]
    return [hj212.build(head | {"PNO": number}, part) for number, part in enumerate(parts, 1)]


HEARTBEAT = hj212.build({"QN": "20260903100000000", "ST": 21, "CN": 9015, "PW": "1", "MN": MN, "Flag": 9})


class Logger:
    """A data logger in the field: one line to the door."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def say(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def hear(self) -> dict[str, str]:
        """Fields of the next answer."""
        line = self.file.readline()
        assert line, "the line was hung up"
        return _frame.read(line).fields

    def is_answered(self) -> bool:
        return bool(select.select([self.socket], [], [], 0)[0])

    def hears_nothing_else(self) -> bool:
        """Answers are sent in order, and a heartbeat is answered at once: nothing else is due when its answer is next."""
        self.say(HEARTBEAT)
        return self.hear()["CN"] == "9013"

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def site(conn):
    """WL-01 has a water station's MN; OTHER is not mapped."""
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('hj212', 'station', %s, 'WL-01')", [MN])


@pytest.fixture
def serve():
    """Open a door in front of a writer under test; gives its port."""
    open_doors = []

    def serve(hands, **more) -> int:
        server = door.make(
            "127.0.0.1", 0, replace(hands.practice.hj212, **more), hands.writer.open, now=lambda: hands.now
        )
        server.start()
        open_doors.append(server)
        return server.port

    yield serve
    for server in open_doors:
        server.stop()
        server.finish()


@pytest.fixture
def logger():
    """Connect a data logger to a port."""
    made: list[Logger] = []

    def logger(port: int) -> Logger:
        made.append(Logger(port))
        return made[-1]

    yield logger
    for one in made:
        one.close()


@pytest.fixture
def arrived(until):
    """Wait until the writer has been handed so many readings and refusals."""

    def arrived(hands, units: int) -> None:
        until(lambda: sum(c.received for c in hands.writer.counts().values()) >= units, 10)

    return arrived


# An answer means safe -------------------------------------------------------------------------------------------------
def test_an_answer_comes_when_the_readings_are_committed_and_not_before(hands, site, serve, logger, arrived):
    station = logger(serve(hands))
    station.say(frame())
    arrived(hands, 1)
    assert station.hears_nothing_else()
    hands.writer.step()
    answer = station.hear()
    assert (answer["CN"], answer["ST"], answer["Flag"], answer["MN"]) == ("9014", "91", "4", MN)
    assert hands.readings() == [("WL-01", "ph", NOW, 7.1, "ok")]


def test_while_the_database_is_away_an_answer_means_it_stands_in_the_spill(hands, site, serve, logger, arrived):
    station = logger(serve(hands))
    hands.database(there=False)
    station.say(frame())
    arrived(hands, 1)
    hands.writer.step()
    assert station.hear()["CN"] == "9014"
    hands.adds_up(in_flight=1)
    hands.database(there=True)
    assert hands.writer.drain()
    assert hands.readings() == [("WL-01", "ph", NOW, 7.1, "ok")]
    hands.adds_up()


def test_with_neither_database_nor_disk_there_is_no_answer_and_the_repetition_is_stored(
    take, site, serve, logger, arrived
):
    hands = take(total_bytes=1)
    station = logger(serve(hands))
    hands.database(there=False)
    station.say(frame())
    arrived(hands, 1)
    hands.writer.step()
    assert station.hears_nothing_else()
    hands.database(there=True)
    station.say(frame())
    arrived(hands, 1)
    hands.writer.step()
    assert station.hear()["CN"] == "9014"
    assert len(hands.readings()) == 1


def test_a_frame_that_is_repeated_because_its_answer_was_lost_is_answered_again_and_stored_once(
    hands, site, serve, logger, arrived
):
    port = serve(hands)
    first = logger(port)
    first.say(frame())
    arrived(hands, 1)
    first.close()
    hands.writer.step()
    again = logger(port)
    again.say(frame())
    arrived(hands, 2)
    hands.writer.step()
    assert again.hear()["CN"] == "9014"
    assert len(hands.readings()) == 1
    assert hands.adds_up()["hj212"].duplicate == 1


def test_data_that_want_no_answer_get_none_and_are_stored(hands, site, serve, logger, arrived):
    station = logger(serve(hands))
    station.say(frame(Flag=4))
    arrived(hands, 1)
    hands.writer.step()
    assert station.hears_nothing_else()
    assert len(hands.readings()) == 1


def test_a_heartbeat_is_answered_at_once_and_leaves_nothing_behind(hands, serve, logger):
    station = logger(serve(hands))
    hands.database(there=False)
    station.say(HEARTBEAT)
    assert station.hear() == {"QN": "20260903100000000", "ST": "91", "CN": "9013", "PW": "1", "MN": MN, "Flag": "8"}
    assert hands.writer.counts() == {}


def test_what_the_logger_says_about_itself_is_answered_and_is_no_reading(hands, site, serve, logger, until):
    station = logger(serve(hands))
    station.say(frame(CN=2081))
    until(lambda: hands.writer.step() or station.is_answered(), 10)
    assert station.hear()["CN"] == "9014"
    assert hands.readings() == [] and hands.letters() == []


# Stations -------------------------------------------------------------------------------------------------------------
def test_an_unknown_device_is_answered_and_stands_in_the_dead_letter_until_it_is_mapped(
    hands, site, serve, logger, arrived, conn, catalog
, intake):
    station = logger(serve(hands))
    station.say(frame(mn=OTHER))
    arrived(hands, 1)
    hands.writer.step()
    assert station.hear()["MN"] == OTHER
    (letter,) = hands.letters()
    assert letter["rule"] == "station" and bytes(letter["payload"]) == frame(mn=OTHER).rstrip()
    conn.execute(
        "INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('hj212', 'station', %s, 'WL-01')", [OTHER]
    )
    assert mend(intake, catalog, hands.practice, NOW).replayed == 1
    assert hands.readings() == [("WL-01", "ph", NOW, 7.1, "ok")]


def test_two_stations_on_one_line_get_their_own_answers_in_order(hands, site, serve, logger, arrived, conn):
    conn.execute(
        "INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('hj212', 'station', %s, 'RG-01')", [OTHER]
    )
    station = logger(serve(hands))
    station.say(frame(), frame(mn=OTHER, value=6.9))
    arrived(hands, 2)
    hands.writer.step()
    assert [station.hear()["MN"], station.hear()["MN"]] == [MN, OTHER]
    assert [(r[0], r[3]) for r in hands.readings()] == [("RG-01", 6.9), ("WL-01", 7.1)]


def test_a_value_in_the_unit_of_the_line_is_stored_in_ours_and_an_unknown_code_can_be_mapped(
    hands, site, serve, logger, arrived, conn, catalog
, intake):
    head = {"QN": "20260903100000000", "ST": 32, "CN": 2011, "PW": "1", "MN": MN, "Flag": 5}
    station = logger(serve(hands))
    station.say(
        hj212.build(head, "DataTime=20260903100000;w00000-Rtd=1500,w00000-Flag=N;w21016-Rtd=0.25,w21016-Flag=N")
    )
    arrived(hands, 2)
    hands.writer.step()
    assert station.hear()["CN"] == "9014"
    assert hands.readings() == [("WL-01", "outlet_flow", NOW, pytest.approx(5400), "ok")]
    assert "w21016" in hands.letters()[0]["reason"]
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('hj212', 'kind', 'w21016', 'ammonia')")
    assert mend(intake, catalog, hands.practice, NOW).replayed == 1
    assert ("WL-01", "ammonia", NOW, 0.25, "ok") in hands.readings()


def test_an_encrypted_station_is_read_and_with_a_key_that_comes_late_nothing_is_lost(
    hands, site, serve, logger, arrived, conn, catalog, tmp_path
, intake):
    file = tmp_path / "keys.toml"
    file.write_text(f'[hj212]\n{MN} = "{KEY.hex()}"\n')
    station = logger(serve(hands))
    station.say(frame(1, key=KEY, Flag=9))
    arrived(hands, 1)
    hands.writer.step()
    assert station.hears_nothing_else(), "no key: the station keeps it"
    assert hands.letters()[0]["rule"] == "key"
    try:
        assert door.door(Settings(station_keys=str(file)), hands.practice, hands.writer) is None, (
            "closed: only the keys"
        )
        station.say(frame(key=KEY, Flag=9))
        arrived(hands, 2)
        hands.writer.step()
        answer = station.hear()
        assert (answer["CN"], answer["Flag"]) == ("9014", "8")
        assert mend(intake, catalog, hands.practice, NOW).replayed == 1
    finally:
        keys.use(Settings())
    assert [r[2] for r in hands.readings()] == [NOW - timedelta(minutes=1), NOW]


# Bytes ----------------------------------------------------------------------------------------------------------------
def test_a_wrong_checksum_gets_no_answer_and_the_bytes_stand_in_the_dead_letter(hands, site, serve, logger, arrived):
    station = logger(serve(hands))
    bad = frame().replace(b"7.1,", b"7.2,")
    station.say(bad)
    arrived(hands, 1)
    hands.writer.step()
    assert station.hears_nothing_else()
    (letter,) = hands.letters()
    assert letter["rule"] == "crc" and bytes(letter["payload"]) == bad.rstrip() and hands.readings() == []


def test_garbage_between_frames_costs_no_frame_and_is_not_lost(hands, site, serve, logger, arrived):
    station = logger(serve(hands))
    wrong_length = b"##0999" + frame(1)[6:]
    station.say(frame(3), b"\xff\xfenoise", frame(2), wrong_length, b"##12", frame())
    arrived(hands, 6)
    while hands.writer.step():
        pass
    assert [station.hear()["CN"] for _ in range(3)] == ["9014"] * 3
    assert len(hands.readings()) == 3
    assert [bytes(x["payload"]) for x in hands.letters()] == [b"\xff\xfenoise", wrong_length.rstrip(), b"##12"]


def test_frames_that_come_byte_by_byte_or_all_at_once_are_the_same(hands, site, serve, logger, arrived):
    station = logger(serve(hands))
    for byte in frame(2):
        station.say(bytes([byte]))
    station.say(frame(1) + frame(0))
    arrived(hands, 3)
    while hands.writer.step():
        pass
    assert [station.hear()["CN"] for _ in range(3)] == ["9014"] * 3 and len(hands.readings()) == 3


def test_a_line_that_dies_in_the_middle_of_a_frame_leaves_it_in_the_dead_letter_and_the_repetition_is_stored(
    hands, site, serve, logger, arrived
):
    port = serve(hands)
    first = logger(port)
    first.say(frame(1), frame()[:70])
    arrived(hands, 1)
    first.close()
    arrived(hands, 2)
    again = logger(port)
    again.say(frame())
    arrived(hands, 3)
    while hands.writer.step():
        pass
    assert again.hear()["CN"] == "9014"
    assert len(hands.readings()) == 2
    assert "报文不完整" in hands.letters()[0]["reason"]


def test_half_a_frame_that_does_not_go_on_is_given_up_and_the_line_lives(hands, site, serve, logger, arrived, until):
    station = logger(serve(hands))
    station.say(HEARTBEAT, frame(1)[:70])
    station.hear()
    hands.now += timedelta(seconds=21)
    arrived(hands, 1)
    station.say(frame())
    arrived(hands, 2)
    hands.writer.step()
    assert station.hear()["CN"] == "9014" and len(hands.letters()) == 1


def test_a_line_that_brings_nothing_but_noise_is_hung_up(hands, serve, logger, arrived):
    station = logger(serve(hands, bad=3, longest=50))
    station.say(b"x" * 50 + b"y" * 50 + b"z" * 100)  # of the same noise twice there would be one letter
    arrived(hands, 3)
    with pytest.raises((AssertionError, ConnectionResetError)):
        station.hear()
    hands.writer.step()
    assert len(hands.letters()) == 3


# Split messages -------------------------------------------------------------------------------------------------------
def test_packets_of_a_message_are_answered_each_under_its_number_when_the_whole_is_safe(
    hands, site, serve, logger, arrived
):
    station = logger(serve(hands))
    one, two, three = packets()
    station.say(one, three)
    assert station.hears_nothing_else()
    station.say(two)
    arrived(hands, 3)
    assert station.hears_nothing_else()
    hands.writer.step()
    heard = [station.hear() for _ in range(3)]
    assert [(h["CN"], h["Flag"], h["PNUM"], h["PNO"]) for h in heard] == [("9014", "6", "3", n) for n in "123"]
    assert [r[1] for r in hands.readings()] == ["ammonia", "dissolved_oxygen", "ph"] and hands.letters() == []


@pytest.mark.parametrize("time_in_each", [True, False])
def test_a_station_that_waits_for_the_answer_to_each_packet_is_served(
    hands, site, serve, logger, arrived, time_in_each
):
    station = logger(serve(hands))

    def sent_and_answered(packet: bytes) -> str:
        before = sum(c.received for c in hands.writer.counts().values())
        station.say(packet)
        arrived(hands, before + 1)
        hands.writer.step()
        return station.hear()["PNO"]

    one, two, three = packets(1, time_in_each=time_in_each)
    station.say(one)
    assert station.hears_nothing_else()
    assert sent_and_answered(one) == "1", "repeated: now it is known to wait"
    assert [sent_and_answered(two), sent_and_answered(three)] == ["2", "3"]
    assert [sent_and_answered(p) for p in packets(0, time_in_each=time_in_each)] == ["1", "2", "3"]
    assert len(hands.readings()) == 6 and hands.letters() == []


def test_a_message_whose_packets_do_not_come_is_stored_as_far_as_it_came_and_says_what_is_missing(
    hands, site, serve, logger, arrived
):
    station = logger(serve(hands))
    one, _, three = packets()
    station.say(one, three, HEARTBEAT)
    station.hear()
    hands.now += timedelta(seconds=16)
    arrived(hands, 3)
    hands.writer.step()
    assert [station.hear()["PNO"] for _ in range(2)] == ["1", "3"]
    assert [r[1] for r in hands.readings()] == ["ammonia", "ph"]
    (letter,) = hands.letters()
    assert letter["rule"] == "packets" and "缺第 2 包" in letter["reason"]


def test_a_line_holds_back_no_more_than_its_limit_and_loses_nothing(hands, site, serve, logger, arrived):
    station = logger(serve(hands, held=500))
    for n in range(8):
        station.say(packets(n)[0])
    arrived(hands, 10)
    while hands.writer.step():
        pass
    assert [r[2] for r in hands.readings()] == [NOW - timedelta(minutes=n) for n in range(4, -1, -1)]


def test_packets_of_a_line_that_dies_are_stored_and_the_repeated_message_too(hands, site, serve, logger, arrived):
    port = serve(hands)
    first = logger(port)
    first.say(*packets()[:2], HEARTBEAT)
    first.hear()
    first.close()
    arrived(hands, 3)
    again = logger(port)
    again.say(*packets())
    arrived(hands, 6)
    while hands.writer.step():
        pass
    assert [again.hear()["PNO"] for _ in range(3)] == ["1", "2", "3"]
    assert [r[1] for r in hands.readings()] == ["ammonia", "dissolved_oxygen", "ph"]


def test_a_packet_repeated_after_its_message_was_stored_is_answered_and_spoils_nothing(
    hands, site, serve, logger, arrived
):
    station = logger(serve(hands))
    station.say(*packets())
    arrived(hands, 3)
    hands.writer.step()
    assert [station.hear()["PNO"] for _ in range(3)] == ["1", "2", "3"]
    station.say(packets()[1])
    arrived(hands, 6)
    hands.writer.step()
    assert station.hear()["PNO"] == "2"
    assert len(hands.readings()) == 3 and hands.letters() == []


# By properties: one line's session -----------------------------------------------------------------------------------
class Tape:
    """A line that writes down what its session does."""

    peer = "10.1.2.3:4411"

    def __init__(self):
        self.delivered: list[tuple[str, bytes, bytes]] = []
        self.sent: list[bytes] = []

    def deliver(self, feed, topic, payload, at, answer=b""):
        self.delivered.append((topic, payload, answer))

    def send(self, data):
        self.sent.append(data)

    def close(self):
        raise AssertionError("hung up")


def played(stream: bytes, cuts: list[int]) -> Tape:
    tape = Tape()
    session = door.Session(tape, practice.load().hj212, set())
    before = 0
    for until in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        session.received(stream[before:until], NOW)
        session.tick(NOW)
        before = until
    session.closed(NOW)
    return tape


STREAM = st.lists(
    st.sampled_from([frame(1), frame(2, mn=OTHER), frame(3, Flag=9, key=KEY), HEARTBEAT, *packets(), *packets(1)])
    | st.binary(max_size=12),
    max_size=10,
)


@settings(max_examples=150, deadline=None)
@given(parts=STREAM, cuts=st.lists(st.integers(0, 3000), max_size=10))
def test_any_cutting_of_a_line_gives_the_same_messages_and_answers(parts, cuts):
    stream = b"".join(parts)
    whole, in_pieces = played(stream, []), played(stream, cuts)
    assert (in_pieces.delivered, in_pieces.sent) == (whole.delivered, whole.sent)


@settings(max_examples=150, deadline=None)
@given(parts=STREAM)
def test_every_frame_that_came_is_handed_on_or_answered(parts):
    tape = played(b"".join(parts), [])
    told = b"".join(payload for _, payload, _ in tape.delivered)
    assert all(part.rstrip() in told for part in parts if part[:2] == b"##" and part != HEARTBEAT)
    assert len(tape.sent) == parts.count(HEARTBEAT)


# The process ----------------------------------------------------------------------------------------------------------
def test_a_process_killed_in_the_middle_loses_nothing_that_it_answered(
    db_url, broker, tmp_path, name, stations, site, conn, until
):
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
        "BRAIN_DATABASE_URL": as_role(db_url, INTAKE), "BRAIN_MQTT_URL": broker.url, "BRAIN_HOME": str(tmp_path),
        "BRAIN_WORKER": name, "BRAIN_MQTT_SHARE": "", "BRAIN_HJ212_PORT": str(port),
    }  # fmt: skip
    at = datetime.now(UTC).replace(microsecond=0)
    sent: dict[str, bytes] = {}
    answered: set[str] = set()
    killed = threading.Event()

    def flood(station: Logger) -> None:
        with contextlib.suppress(OSError):
            while not killed.is_set():
                one = frame(len(sent), at=at, Flag=9)
                sent[_frame.read(one).fields["QN"]] = one
                station.say(one)

    def start() -> subprocess.Popen:
        with open(tmp_path / "log", "ab") as log:
            process = subprocess.Popen([sys.executable, "-m", "ingest", "run"], env=env, stdout=log, stderr=log)
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, 20)
        return process

    def count() -> int:
        return conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"]

    process = start()
    try:
        station = Logger(port)
        sending = threading.Thread(target=flood, args=[station])
        sending.start()
        for _ in range(200):
            answered.add(station.hear()["QN"])
        process.kill()
        process.wait()
        killed.set()
        sending.join()
        with contextlib.suppress(OSError):
            while (line := station.file.readline()).endswith(b"\n"):
                answered.add(_frame.read(line).fields["QN"])
        again = [one for number, one in sent.items() if number not in answered]
        assert again and len(answered) <= count()
        station.close()
        process = start()
        station = Logger(port)
        station.say(*again)
        for _ in again:
            answered.add(station.hear()["QN"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert answered == sent.keys() and count() == len(sent)
