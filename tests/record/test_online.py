"""在线率 from the record: days kept equal what is computed from the words, whatever came late."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from brain.engine.loop import Engine
from brain.flow.measured import online
from brain.rules.online_rate import Tally

BEIJING = timezone(timedelta(hours=8))
DAY = datetime(2026, 9, 1, tzinfo=BEIJING)
NOW = DAY + timedelta(days=2, hours=8)


@pytest.fixture
def cameras(district):
    for id, org in (("C-1", "gaj"), ("C-2", "cgj"), ("C-3", "cgj")):
        district.station(id, "cameras", org=org)
    return district


@pytest.fixture
def say(conn):
    """`say("C-1", hours, value)`: a word every two minutes over these hours of the first day."""

    def say(camera, since, until, value=1.0, kind="camera_online", quality="ok"):
        conn.execute(
            "INSERT INTO reading (station, kind, at, seq, value, quality, delay_s)"
            " SELECT %s, %s, t, '', %s, %s, 0 FROM generate_series(%s::timestamptz, %s::timestamptz, '2 minutes') t",
            [camera, kind, value, quality, DAY + timedelta(hours=since), DAY + timedelta(hours=until)],
        )

    return say


@pytest.fixture
def rates(cameras, catalog):
    """Rates by camera over hours of the first days."""

    def rates(since=0, until=24, now=NOW):
        found = online.over(
            cameras.conn, catalog, DAY + timedelta(hours=since), DAY + timedelta(hours=until), now
        )  # fmt: skip
        return {key: None if t.rate is None else round(t.rate, 3) for key, t in found.items()}

    return rates


def test_words_become_rates_and_a_camera_never_heard_has_none(say, rates):
    say("C-1", 0, 48)
    say("C-2", 0, 12)
    assert rates() == {"C-1": 1.0, "C-2": round(12.05 / 24, 3), "C-3": None}


def test_the_last_word_before_the_period_still_speaks(say, rates):
    say("C-1", 0, 1)
    say("C-2", 0, 1, value=0.0)
    assert rates(2, 4) == {"C-1": 0.0, "C-2": 0.0, "C-3": None}


def test_a_word_nobody_trusts_says_nothing(say, rates):
    say("C-1", 0, 12)
    say("C-1", 12.1, 24, quality="maintenance")
    assert rates()["C-1"] == round(12.05 / 24, 3)


def test_work_on_a_camera_is_left_out(say, rates, conn):
    say("C-1", 0, 12)
    say("C-1", 18, 48)
    conn.execute(
        "INSERT INTO maintenance (station, starts, ends, why, by, entered_at) VALUES ('C-1', %s, %s, '换电源', '测试', %s)",
        [DAY + timedelta(hours=12), DAY + timedelta(hours=18), NOW],
    )
    assert rates()["C-1"] == 1.0


def test_a_picture_said_to_be_bad_counts_as_online_but_not_as_good(say, cameras, catalog):
    say("C-1", 0, 48)
    say("C-1", 6, 6, value=1.0, kind="camera_fault")
    say("C-1", 12, 12, value=0.0, kind="camera_fault")
    found = online.over(cameras.conn, catalog, DAY, DAY + timedelta(days=1), NOW)["C-1"]
    assert (found.rate, found.good_rate) == (1.0, 0.75)


def test_an_outage_over_midnight_is_one_for_both_days(say, rates):
    say("C-1", 0, 23.9)
    say("C-1", 24.1, 60)  # twelve minutes less the silence limit: forgiven on either side
    say("C-2", 0, 23.8)
    say("C-2", 24.1, 60)  # eighteen less three: counted on both
    assert rates(0, 24)["C-1"] == rates(24, 48)["C-1"] == 1.0
    assert rates(0, 24)["C-2"] < 1 and rates(24, 48)["C-2"] < 1


def test_rates_are_told_by_owner(say, cameras, catalog):
    say("C-1", 0, 48)
    say("C-2", 0, 12)
    found = online.by_org(cameras.conn, catalog, online.over(cameras.conn, catalog, DAY, DAY + timedelta(days=1), NOW))
    assert {org: sorted(own) for org, own in found.items()} == {"gaj": ["C-1"], "cgj": ["C-2", "C-3"]}
    assert round(sum(found["cgj"].values(), Tally()).rate, 3) == round(12.05 / 24, 3)


# Days kept ------------------------------------------------------------------------------------------------------------
def kept(conn) -> set[str]:
    return {r["key"] for r in conn.execute("SELECT key FROM fact WHERE key LIKE 'online:%'")}


def test_days_that_are_over_are_kept_one_a_round_newest_first(say, cameras, catalog, conn):
    say("C-1", 0, 50)
    assert online.keep(conn, catalog, NOW) == 1 and kept(conn) == {"online:2026-09-02"}
    assert online.keep(conn, catalog, NOW) == 1 and online.keep(conn, catalog, NOW) == 0
    assert kept(conn) == {"online:2026-09-01", "online:2026-09-02"}


def test_a_kept_day_is_what_the_words_say_and_is_read_instead_of_them(say, rates, catalog, conn):
    say("C-1", 0, 48)
    say("C-2", 3, 9)
    say("C-2", 15.5, 20, value=0.0)
    before = rates(0, 48)
    online.keep(conn, catalog, NOW, most=9)
    assert rates(0, 48) == before and rates(1, 47) != {}
    conn.execute("UPDATE fact SET value = jsonb_set(value, '{cameras,C-1}', '[100, 50, 50, 1]') WHERE key = 'online:2026-09-01'")
    assert rates()["C-1"] == 0.5


def test_words_that_come_late_have_their_day_tallied_anew(say, rates, catalog, conn):
    say("C-1", 0, 12)
    online.keep(conn, catalog, NOW, most=9)
    assert rates()["C-1"] < 0.6
    say("C-1", 12.1, 48)
    assert rates()["C-1"] == 1.0
    assert online.keep(conn, catalog, NOW, most=9) == 2 and rates()["C-1"] == 1.0


def test_the_engine_keeps_the_days(say, cameras, catalog, conn):
    say("C-1", 0, 48)
    Engine(conn, catalog).step(NOW)
    assert kept(conn) == {"online:2026-09-02"}
