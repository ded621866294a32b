"""A telemetry station on its own line is a credential: what it may write, what it hears, what is shown of it."""

from __future__ import annotations

import json
import logging
import select
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from brain.commands import check
from brain.identity import chain, tcp_stations
from brain.identity.doing import Doer, Via
from brain.model import Refused
from brain.settings import Settings
from brain.web.pages.intake import letters
from ingest import feeds, senders
from ingest.doors import gb26875 as gb_door
from ingest.doors import hj212 as hj_door
from ingest.doors import sl651 as sl_door
from ingest.feeds import gb26875, hj212
from ingest.feeds.gb26875 import _frame as gb
from ingest.feeds.sl651._elements import body, element
from ingest.feeds.sl651._frame import frame as sl_frame
from ingest.watch.beat import Beat
from ingest.watch.mend import mend
from ingest.write.message import parsed

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
BY = Doer("test", "localhost", Via.CLI)
MN, OTHER = "44140200A0000000000001F1", "44140200A0000000000002F2"
RIVER, PANEL = "4414020001", "440302000017"
PASSWORD = "Ab12cd"
PORTS = {"hj212": MN, "sl651": RIVER, "gb26875": PANEL}


def said(feed: str = "hj212", password: str | None = None, id: str | None = None, value: float = 7.1, n: int = 0) -> bytes:
    """One reading of a station, `n` minutes ago."""
    id, at = id or PORTS[feed], NOW - timedelta(minutes=n)
    if feed == "hj212":
        when = at + timedelta(hours=8)
        head = {"QN": f"{when:%Y%m%d%H%M%S}000", "ST": 21, "CN": 2011, "PW": password or PASSWORD, "MN": id, "Flag": 5}
        return hj212.build(head, f"DataTime={when:%Y%m%d%H%M%S};w01001-Rtd={value},w01001-Flag=N")
    if feed == "sl651":
        inner = body(1, at, id, "H", at, [element("39", value)])
        return sl_frame(id, 0x32, inner, centre=0x10, password=bytes.fromhex(password or "A7C3"))
    label = gb26875.label_of(at)
    data = bytes([21, 1, 2]) + label
    return gb.build(gb.Packet(1, (1, 0), label, id, "000000000001", gb.SEND, data))


class Site:
    """Three doors before a writer that the test turns."""

    def __init__(self, hands, conn, until):
        self.hands, self.conn, self.until = hands, conn, until
        local, writer = hands.practice, hands.writer
        self.doors = {
            "hj212": hj_door.make("127.0.0.1", 0, local.hj212, writer.open, now=lambda: hands.now),
            "sl651": sl_door.server("127.0.0.1", 0, local, writer, now=lambda: hands.now),
            "gb26875": gb_door.server("127.0.0.1", 0, local.gb26875, writer, now=lambda: hands.now),
        }
        for door in self.doors.values():
            door.start()

    def register(self, feed: str = "hj212", id: str | None = None, org: str = "swj", password: str | None = None, **more) -> None:
        usual = {"hj212": PASSWORD, "sl651": "A7C3", "gb26875": None}[feed]
        tcp_stations.add(self.conn, BY, feed, id or PORTS[feed], org, NOW, password=password or usual, **more)

    def send(self, raw: bytes, feed: str = "hj212", step: bool = True) -> bytes:
        """Say it on a line of its own; what comes back once it has been dealt with: the door closes the line afterwards, so that
        silence is known and not waited for."""
        before = self.received()
        with socket.create_connection(("127.0.0.1", self.doors[feed].port), timeout=10) as line:
            line.sendall(raw)
            self.until(lambda: self.received() > before, 10)
            if step:
                self.hands.writer.step()
            return self._answer(line, feed)

    def _answer(self, line: socket.socket, feed: str) -> bytes:
        """Answers of a line keep their order, so what the door says next shows that nothing else was due."""
        asks = {
            "hj212": hj212.build({"QN": "1", "ST": 21, "CN": 9015, "PW": "1", "MN": "nobody", "Flag": 9}),
            "gb26875": gb.build(gb.Packet(9, (1, 0), gb26875.label_of(NOW), "000000000009", "000000000001", gb.SEND, b"")),
        }
        if feed == "sl651":  # has no such question: what the writer asked to be sent is in the loop's queue before this is
            self.doors[feed].loop.call_soon_threadsafe((done := threading.Event()).set)
            assert done.wait(10)
            return line.recv(4096) if select.select([line], [], [], 0)[0] else b""
        line.sendall(asks[feed])
        heard, mark = b"", (b"CN=9013" if feed == "hj212" else b"\x09\x00")
        while mark not in heard or not heard.endswith((b"\r\n", b"##")):
            more = line.recv(4096)
            assert more, "the line was hung up"
            heard += more
        if feed == "hj212":
            return b"".join(one for one in heard.splitlines(keepends=True) if b"CN=9013" not in one)
        return b"".join(one for one in gb26875.cut(heard) if one[2:4] != b"\x09\x00")

    def received(self) -> int:
        return sum(c.received for c in self.hands.writer.counts().values())

    def letter(self) -> dict:
        (found,) = self.hands.letters()
        self.hands.adds_up()
        return found


@pytest.fixture
def site(hands, conn, until):
    for feed, given, meant in (("hj212", MN, "WL-01"), ("hj212", OTHER, "WL-01"), ("sl651", RIVER, "WL-01")):
        conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES (%s, 'station', %s, %s)", [feed, given, meant])
    conn.execute(
        "INSERT INTO station (id, name, theme, lng, lat, org) VALUES (%s, '楼', 'fire', 116.1, 24.3, 'lyj')", [PANEL]
    )
    site = Site(hands, conn, until)
    yield site
    for door in site.doors.values():
        door.stop()
        door.finish()


ORG = {"hj212": "swj", "sl651": "swj", "gb26875": "lyj"}


# Who is let in ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("feed", sorted(PORTS))
def test_a_registered_station_with_its_password_from_its_network_is_stored_and_answered(site, feed):
    site.register(feed, org=ORG[feed], networks=["127.0.0.0/8"])
    assert site.send(said(feed), feed)
    assert site.hands.letters() == [] and len(site.hands.readings()) >= 1


@pytest.mark.parametrize("feed", ["hj212", "sl651"])
def test_a_wrong_password_becomes_one_dead_letter_and_hears_nothing(site, feed):
    site.register(feed)
    assert site.send(said(feed, password="0BAD"), feed) == b""
    letter = site.letter()
    assert letter["rule"] == senders.RULE and "口令不对" in letter["reason"] and "127.0.0.1" in letter["reason"]
    assert site.hands.readings() == []


@pytest.mark.parametrize("feed", sorted(PORTS))
def test_a_foreign_network_hears_nothing_whatever_the_protocol(site, feed):
    site.register(feed, org=ORG[feed], networks=["10.20.0.0/16"])
    assert site.send(said(feed), feed) == b""
    letter = site.letter()
    assert letter["rule"] == senders.RULE and "10.20.0.0/16" in letter["reason"] and site.hands.readings() == []


def test_a_station_that_is_switched_off_is_heard_again_from_the_moment_it_is_switched_on(site, catalog):
    site.register()
    tcp_stations.change(site.conn, BY, "hj212", MN, NOW, active=False)
    assert site.send(said()) == b""
    assert "已停用" in site.letter()["reason"]
    tcp_stations.change(site.conn, BY, "hj212", MN, NOW, active=True)
    assert b"CN=9014" in site.send(said(n=1))
    assert mend(site.conn, catalog, site.hands.practice, NOW).replayed == 1
    assert len(site.hands.readings()) == 2


def test_what_is_wrong_cannot_be_told_from_the_answer(site, conn):
    """Wrong password, foreign network, switched off: one silence; and a heartbeat is answered to anybody, alike."""
    site.register()
    heard = [site.send(said(password="guess1"))]
    tcp_stations.change(conn, BY, "hj212", MN, NOW, networks=["10.20.0.0/16"])
    heard.append(site.send(said(n=1)))
    tcp_stations.change(conn, BY, "hj212", MN, NOW, networks=[], active=False)
    heard.append(site.send(said(n=2)))
    assert heard == [b"", b"", b""]


def test_another_password_counts_from_the_next_frame_and_a_letter_is_judged_anew(site, conn, catalog, intake):
    site.register(password="former")
    site.send(said())
    assert mend(intake, catalog, site.hands.practice, NOW).replayed == 0
    tcp_stations.change(conn, BY, "hj212", MN, NOW, password=PASSWORD)
    assert mend(intake, catalog, site.hands.practice, NOW).replayed == 1
    assert [r[:2] for r in site.hands.readings()] == [("WL-01", "ph")]


def test_a_message_of_several_readings_is_refused_once_and_the_accounts_add_up(site):
    site.register()
    head = {"QN": "20260903100000000", "ST": 21, "CN": 2011, "PW": "wrong1", "MN": MN, "Flag": 5}
    site.send(hj212.build(head, "DataTime=20260903100000;w01001-Rtd=7.1,w01001-Flag=N;w01009-Rtd=6.5,w01009-Flag=N"))
    site.letter()
    assert site.hands.adds_up()["hj212"].dead == 1


def test_while_the_database_is_away_a_wrong_password_is_not_answered_either(site, hands):
    site.register()
    assert site.send(said(n=1))
    hands.database(there=False)
    assert site.send(said(password="wrong1")) == b""
    assert b"CN=9014" in site.send(said(n=2))
    hands.adds_up(in_flight=2)
    hands.database(there=True)
    while hands.writer.drain():
        pass
    assert site.letter()["rule"] == senders.RULE and len(hands.readings()) == 2


def test_a_process_without_the_secret_lets_nobody_in_and_says_why(site, secret):
    site.register()
    chain.use("")
    try:
        assert site.send(said()) == b""
        chain.use("another secret of this installation, long enough")
        assert site.send(said(n=1)) == b""
    finally:
        chain.use(secret)
    first, second = site.hands.letters()
    assert "没有签名密钥" in first["reason"] and "另一把签名密钥" in second["reason"]


def test_a_centre_that_is_not_its_own_is_refused(site):
    site.register("sl651", centre=1)
    assert site.send(said("sl651"), "sl651") == b""
    assert "中心站 1" in site.letter()["reason"]


# For whom it speaks -------------------------------------------------------------------------------------------------------
def test_a_station_writes_only_the_stations_of_its_own_organisation(site):
    site.register(org="sthj")
    assert b"CN=9014" in site.send(said())  # it is who it says; what it may not write is for its keepers to mend
    letter = site.letter()
    assert letter["rule"] == "owner" and "属于" in letter["reason"] and site.hands.readings() == []


def test_carries_counts_for_a_line_too(site, tmp_path, db_url):
    from brain.catalog import load
    from ingest import acl
    from ingest.owners import Owners

    (tmp_path / "departments.toml").write_text('[org.sthj]\ncarries = { hj212 = ["swj"] }\n')
    catalog = load(str(tmp_path))
    assert acl.unknown(catalog) == []
    assert Owners(catalog).refusal("hj212/10.0.0.1:5", "hj212", "WL-01", "swj", "sthj") is None
    assert Owners(catalog).refusal("sl651/10.0.0.1:5", "sl651", "WL-01", "swj", "sthj") is not None


def test_a_strange_mn_cannot_speak_for_a_station_that_a_registered_one_speaks_for(site):
    assert site.send(said(id=OTHER, n=2))  # nobody has registered yet
    site.register()
    site.send(said(id=OTHER, n=1))
    site.send(said(id="WL-01"))  # nor under our own name for it
    assert {d["rule"] for d in site.hands.letters()} == {"owner"} and len(site.hands.letters()) == 2
    assert len(site.hands.readings()) == 1


# Who is not registered ----------------------------------------------------------------------------------------------------
def test_without_registrations_all_is_as_before_and_the_check_names_who_speaks(site, conn, db_url, catalog):
    assert b"CN=9014" in site.send(said())
    assert len(site.hands.readings()) == 1
    beat(site)
    found = tcp_stations.standing(conn, catalog.security.tcp.common, NOW)
    assert found.strangers == [f"hj212 {MN}"]
    site.register()
    assert tcp_stations.standing(conn, catalog.security.tcp.common, NOW).strangers == []
    assert tcp_stations.standing(conn, catalog.security.tcp.common, NOW).known == 1


def test_refused_are_all_of_them_where_the_city_says_so(conn, take, catalog, site):
    strict = replace(catalog, security=replace(catalog.security, tcp=replace(catalog.security.tcp, refuses=True)))
    checks = type(site.hands.writer._checks)
    site.hands.writer._checks = checks(strict, feeds.load(), site.hands.practice)
    assert site.send(said()) == b""
    letter = site.letter()
    assert letter["rule"] == senders.RULE and f"brain tcp add hj212 {MN}" in letter["reason"]
    site.register()
    assert b"CN=9014" in site.send(said(n=1))


def test_the_setting_is_read_from_the_citys_folder_and_a_wrong_word_is_named(tmp_path):
    from brain.catalog import BadCatalog, load

    assert not load().security.tcp.refuses
    for word in ("refuse", "maybe"):
        (tmp_path / word).mkdir()
        (tmp_path / word / "security.toml").write_text(f'[tcp]\nunregistered = "{word}"\n')
    assert load(str(tmp_path / "refuse")).security.tcp.refuses
    with pytest.raises(BadCatalog, match="unregistered"):
        load(str(tmp_path / "maybe"))


def beat(site) -> None:
    """One heartbeat of the worker."""
    assert Beat(site.hands.writer._database.connect, site.hands.writer, 3.0).beat()


def test_the_check_tells_strangers_common_passwords_and_what_proves_nothing(site, conn, db_url, monkeypatch):
    settings = Settings(database_url=db_url)
    monkeypatch.setattr(check, "datetime", type("Clock", (), {"now": staticmethod(lambda zone: NOW)}))
    assert check.senders(settings).ok
    site.send(said(id=OTHER))
    beat(site)
    site.register(password="123456")
    site.register("sl651", password="1234")
    site.register("gb26875", org="lyj")
    found = check.senders(settings)
    assert not found.ok and f"hj212 {OTHER}" in found.seen and "照收了" in found.seen and "brain tcp add" in found.hint
    assert f"通用的有 2 个：hj212 {MN}、sl651 {RIVER}" in found.seen
    assert f"不限网段有 1 个：gb26875 {PANEL}" in found.seen
    assert "123456" not in found.seen + found.hint


def test_a_day_later_a_stranger_is_told_no_more(site, conn, catalog):
    site.send(said(id=OTHER))
    beat(site)
    common = catalog.security.tcp.common
    assert tcp_stations.standing(conn, common, NOW + timedelta(hours=23)).strangers
    assert not tcp_stations.standing(conn, common, NOW + timedelta(hours=25)).strangers


def test_a_stranger_who_calls_himself_anything_fills_no_table(site, conn, monkeypatch):
    monkeypatch.setattr("ingest.watch.beat.MOST", 3)
    monkeypatch.setattr("ingest.watch.heard.MOST", 5)
    heard = site.hands.writer.heard
    for n in range(9):
        message = parsed("hj212", "hj212/10.0.0.1:5", said(id=f"S{n}"), NOW, payload_max=9999)
        heard.note(message)
    beat(site)
    kept = [r["id"] for r in conn.execute("SELECT id FROM tcp_heard ORDER BY id")]
    assert kept == ["S0", "S1", "S2", "S3", "S4"]
    heard.note(parsed("hj212", "hj212/10.0.0.1:5", said(id="S99"), NOW, payload_max=9999))
    beat(site)
    assert [r["id"] for r in conn.execute("SELECT id FROM tcp_heard ORDER BY id")] == kept


# Passwords are shown nowhere ----------------------------------------------------------------------------------------------
def test_no_password_stands_in_a_log_a_letters_page_the_database_or_the_audit_trail(site, conn, caplog):
    caplog.set_level(logging.DEBUG)
    site.register()
    site.send(said(password="Zq98xy"))
    letter = site.letter()
    row = conn.execute("SELECT l.*, '' AS title FROM dead_letter l").fetchone()
    for encoding in ("utf8", "gbk"):
        page = json.dumps(letters.letter(row, {"feed": "hj212"}, encoding, False).to_plotly_json(), default=lambda o: o.to_plotly_json())
        assert "Zq98xy" not in page and "5a 71 39 38" not in page and "PW=******" in page
    assert "Zq98xy" not in caplog.text and "Zq98xy" not in letter["reason"]
    kept = str(conn.execute("SELECT * FROM tcp_station").fetchall()) + str(conn.execute("SELECT * FROM audit").fetchall())
    assert PASSWORD not in kept and PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("feed", "id", "password", "network", "word"),
    [
        ("hj212", "a b", "123456", "10.0.0.0/8", "MN"),
        ("hj212", "A;B", "123456", "10.0.0.0/8", "MN"),
        ("hj212", MN, "pass;word", "10.0.0.0/8", "口令应是"),
        ("sl651", RIVER, "123456", "10.0.0.0/8", "口令应是"),
        ("sl651", "12", "1234", "10.0.0.0/8", "测站地址"),
        ("gb26875", PANEL, "1234", "10.0.0.0/8", "没有口令"),
        ("hj212", MN, "123456", "10.0.0.1/8", "网段"),
    ],
)
def test_a_registration_that_cannot_be_is_refused_in_plain_words(conn, feed, id, password, network, word):
    with pytest.raises(Refused, match=word) as found:
        tcp_stations.add(conn, BY, feed, id, "swj", NOW, password=password, networks=[network])
    assert password not in str(found.value)
    assert conn.execute("SELECT count(*) AS n FROM tcp_station").fetchone()["n"] == 0


def test_a_registration_is_made_once_and_what_does_not_exist_is_not_changed(conn):
    tcp_stations.add(conn, BY, "hj212", MN, "swj", NOW)
    with pytest.raises(Refused, match="brain tcp change"):
        tcp_stations.add(conn, BY, "hj212", MN, "sthj", NOW)
    with pytest.raises(Refused, match="没有登记"):
        tcp_stations.change(conn, BY, "hj212", OTHER, NOW, active=False)
