"""Readings belong to their sender: a credential speaks for the stations of its own organisation, and for no others."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.catalog import BadCatalog, load
from brain.identity import push_keys
from brain.identity.doing import Doer, Via
from brain.store import db
from ingest import acl, feeds, owners
from ingest.doors.push.pusher import Asked, Pusher, signature
from ingest.watch.mend import mend
from tests.accounts import INTAKE, as_role
from tests.owners import own_stations

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
KEY = "k" * 48


def rain(hands, topic: str, station: str = "RG-01", feed: str = "rain") -> None:
    if feed == "json":
        body = {"station": station, "ts": NOW.isoformat(), "items": {"rain_1h": 1.5}}
    elif feed == "lorawan":
        body = {"deviceInfo": {"devEui": "24e124136b502217"}, "time": NOW.isoformat(), "object": {"rain_1h": 1.5}, "fPort": 85}
    else:
        body = {"stcd": station, "tm": NOW.isoformat(), "p1": 1.5}
    hands.send(body, topic, feed)
    hands.writer.step()


# MQTT ---------------------------------------------------------------------------------------------------------------------
def test_the_owner_is_heard(hands):
    rain(hands, "city/441402/rain/qxj/RG-01")
    assert len(hands.readings()) == 1 and hands.letters() == []


@pytest.mark.parametrize(
    ("feed", "topic"),
    [
        ("rain", "city/441402/rain/swj/RG-01"),
        ("json", "city/441402/json/cgj/RG-01"),
        ("json", "city/441402/json/zsj/RG-01"),
    ],
)
def test_a_stranger_is_not_whatever_the_feed_and_is_told_whose_the_station_is(hands, catalog, feed, topic):
    rain(hands, topic, feed=feed)
    assert hands.readings() == []
    (letter,) = hands.letters()
    assert letter["rule"] == "owner" and letter["topic"] == topic
    sender = catalog.departments[topic.split("/")[3]]
    assert f"属于{catalog.departments['qxj'].short}" in letter["reason"] and sender.short in letter["reason"]
    assert "carries" in letter["reason"]


def test_what_the_district_mapped_for_one_department_is_no_way_in_for_another(hands, conn):
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('json', 'station', 'GW-1/RG-01', 'RG-01')")
    for org in ("cgj", "qxj"):
        rain(hands, f"city/441402/json/{org}/GW-1", feed="json")
    assert len(hands.readings()) == 1
    assert [d["rule"] for d in hands.letters()] == ["owner"]


def test_a_device_of_the_common_lorawan_feed_is_held_against_its_sender_too(hands, conn):
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('lorawan', 'station', '24e124136b502217', 'RG-01')")
    for org in ("cgj", "qxj"):
        rain(hands, f"city/441402/lorawan/{org}/24e124136b502217", feed="lorawan")
    assert {d["rule"] for d in hands.letters()} == {"owner"}
    assert [r[:2] for r in hands.readings()] == [("RG-01", "rain_1h")]


def test_hotspots_of_a_stranger_do_not_reach_the_watch_cells(hands):
    row = {
        "latitude": 24.3, "longitude": 116.1, "brightness": 330.0, "acq_date": "2026-09-03", "acq_time": "0150",
        "confidence": 80, "frp": 12.0,
    }  # fmt: skip
    for org in ("xfdd", "lyj"):
        hands.send({"instrument": "MODIS", "rows": [row]}, f"city/441402/fire/{org}/hotspots", "fire")
        hands.writer.step()
    assert {d["rule"] for d in hands.letters()} == {"owner"}
    assert {r[0] for r in hands.readings()} == {"FW-001"}


def test_a_topic_that_does_not_say_who_sends_is_refused_with_the_right_one(hands):
    rain(hands, "city/441402/rain/RG-01")
    (letter,) = hands.letters()
    assert letter["rule"] == "topic" and "city/441402/rain/单位代码/测站编号" in letter["reason"]


def test_a_station_without_an_owner_hears_nobody_until_it_has_one(hands, conn, catalog, intake):
    conn.execute("UPDATE station SET org = NULL WHERE id = 'RG-01'")
    rain(hands, "city/441402/rain/qxj/RG-01")
    (letter,) = hands.letters()
    assert letter["rule"] == "owner" and "没有登记权属单位" in letter["reason"]
    own_stations(conn)
    assert mend(intake, catalog, hands.practice, NOW).replayed == 1
    assert len(hands.readings()) == 1


def test_a_gateways_status_is_its_owners_to_tell(hands, conn):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('GW-01', '网关', 'rain', 116, 24, 'qxj')")
    for org in ("swj", "qxj"):
        hands.send(b'{"status": "online", "at": "2026-09-03T10:00:00+08:00"}', f"city/441402/rain/{org}/GW-01/status", "gateway")
        hands.writer.step()
    assert [d["rule"] for d in hands.letters()] == ["owner"]
    assert [r[:2] for r in hands.readings()] == [("GW-01", "gateway_online")]


def test_a_carrier_speaks_for_those_it_is_declared_for_in_that_feed(catalog):
    told = owners.Owners(catalog)
    carries = catalog.departments["gaj"].carries["cameras"]
    assert "jyj" in carries
    for org in carries:
        assert told.refusal("city/441402/cameras/gaj/X", "cameras", "X", org) is None
        assert told.refusal("city/441402/json/gaj/X", "json", "X", org) is not None
        assert told.refusal(f"city/441402/cameras/{org}/X", "cameras", "X", "gaj") is not None


# HTTP push ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("org", "stored"), [("qxj", 1), ("swj", 0)])
def test_a_push_key_speaks_for_its_organisation(hands, conn, db_url, catalog, org, stored):
    ident, secret = push_keys.make(conn, KEY, Doer("test", "localhost", Via.CLI), org, ["rain"], NOW, NOW.replace(year=2027))
    body = b'[{"stcd": "RG-01", "tm": "2026-09-03T09:59:00+08:00", "p1": 2}]'
    asked = Asked("rain", "POST", "/api/v1/feeds/rain", ident, str(int(NOW.timestamp())), "", "t1", "application/json", body)
    asked = Asked(*(getattr(asked, name) if name != "signature" else signature(secret.encode(), asked) for name in Asked.__slots__))
    pusher = Pusher(lambda: db.connect(as_role(db_url, INTAKE)), KEY, hands.practice.push, hands.writer, now=lambda: NOW)
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    try:
        answer = pusher.answer(asked)
    finally:
        hands.writer.stop()
        turning.join()
        pusher.close()
    assert answer.status == 200 and len(hands.readings()) == stored
    if not stored:
        assert '"rule": "owner"' in answer.text
        assert hands.letters()[0]["topic"] == f"push/rain/{org}/{ident}/-"


# What has no sender, and what cannot be made up -----------------------------------------------------------------------------
@pytest.mark.parametrize("topic", ["file/abc/7", "poll/cnemc", "hj212/10.0.0.1:55", "sl651/10.0.0.1:55", "gb26875/10.0.0.1:55"])
def test_our_own_hand_and_a_station_on_its_own_line_have_no_sender_to_hold_against(catalog, topic):
    assert feeds.sender(topic) is None
    assert owners.Owners(catalog).refusal(topic, "rain", "RG-01", None) is None


@given(st.text(st.characters(exclude_characters="+#\0"), max_size=40), st.sampled_from(sorted(load().departments)))
def test_no_topic_below_a_departments_own_branch_speaks_for_another(rest, org):
    """Whatever stands behind the branch that a credential may write, the sender stays the credential's; without a branch there is
    none, and nobody is spoken for."""
    for user, topics in acl.writers(load()).items():
        for granted in topics:
            if granted.endswith("/+"):
                topic = granted.removesuffix("+") + rest.replace("/", "")
                assert feeds.sender(topic) == "" and owners.Owners(load()).refusal(topic, granted.split("/")[2], "X", org)
                continue
            topic = granted.removesuffix("#") + rest
            sender = user.partition(".")[0]
            assert feeds.sender(topic) == sender
            found = owners.Owners(load()).refusal(topic, granted.split("/")[2], "X", org)
            carried = load().departments[sender].carries.get(granted.split("/")[2], ())
            assert (found is None) == (org == sender or org in carried)


def test_every_station_of_the_demo_has_a_sender_that_may_speak_for_it(city_db, catalog):
    feed_of = {"water": "water", "rain": "rain", "drainage": "drainage", "fire": "fire", "cameras": "cameras", "air": "air"}
    told = owners.Owners(catalog)
    for row in city_db.execute("SELECT id, theme, org FROM station").fetchall():
        feed = feed_of[row["theme"]]
        speaker = owners.speaker(catalog, feed, row["org"])
        assert feed in catalog.departments[speaker].sends, row
        assert told.refusal(feeds.topic(feed, row["id"], speaker), feed, row["id"], row["org"]) is None, row


# The catalog --------------------------------------------------------------------------------------------------------------
def test_a_second_gateway_is_a_user_of_its_own_below_the_same_branch(tmp_path):
    (tmp_path / "departments.toml").write_text('[org.swj]\ngateways = ["east", "west"]\n')
    found = acl.writers(load(str(tmp_path)))
    assert found["swj"] == found["swj.east"] == found["swj.west"]


@pytest.mark.parametrize(
    ("line", "named"),
    [('carries = { rain = ["nobody"] }', "nobody"), ('gateways = ["Ost 1"]', "gateways"), ("carries = 3", "carries")],
)
def test_a_mistake_about_senders_stops_the_start_and_is_named(tmp_path, line, named):
    (tmp_path / "departments.toml").write_text(f"[org.swj]\n{line}\n")
    with pytest.raises(BadCatalog, match=named):
        load(str(tmp_path))


def test_what_is_carried_is_sent(catalog):
    assert acl.unknown(catalog) == []
