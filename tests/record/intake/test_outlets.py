"""Outlets through the whole record: from HJ 212 bytes to alerts, and what never becomes one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from brain.engine.loop import Engine
from ingest.feeds._wire import BEIJING
from ingest.feeds.hj212 import build

MN = "4414020032000000000001AB"
AT = datetime(2026, 9, 3, 9, 0, tzinfo=BEIJING)


@pytest.fixture
def outlet(hands, conn, catalog):
    """`outlet(32, 2061, "w01018-Avg=62.4,w01018-Flag=N")`: the message of a plant, received five minutes after its hour, and the
    alerts that are open once the engine has judged."""
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES (%s, '污水厂总排口', 'water', 116.1, 24.3, 'sthj')", [MN])
    conn.execute("INSERT INTO consumer (name) VALUES ('engine') ON CONFLICT DO NOTHING")
    engine = Engine(conn, catalog)

    def outlet(st: int, cn: int, *factors: str, at: datetime = AT) -> list[tuple[str, str]]:
        area = ";".join([f"DataTime={at:%Y%m%d%H%M%S}", *factors])
        hands.now = at + timedelta(minutes=65 if cn == 2061 else 5 if cn == 2011 else 1500)
        fields = {"QN": f"{hands.now.astimezone(BEIJING):%Y%m%d%H%M%S}000", "ST": st, "CN": cn, "PW": 123456, "MN": MN, "Flag": 5}
        hands.send(build(fields, area), "hj212/10.1.2.3:4411", "hj212")
        hands.writer.step()
        assert not hands.letters()
        while engine.step(hands.now):
            pass
        rows = conn.execute("SELECT kind, level FROM alert WHERE cleared_at IS NULL AND kind <> 'device' ORDER BY kind").fetchall()
        return [(row["kind"], row["level"]) for row in rows]

    return outlet


def test_an_hour_mean_above_the_limit_opens_an_alert_and_its_event(outlet, conn):
    assert [kind for kind, _ in outlet(32, 2061, "w01018-Avg=62.4,w01018-Flag=N")] == ["outlet_cod_1h"]
    row = conn.execute("SELECT e.category FROM event e JOIN alert a ON a.event_id = e.id").fetchone()
    assert row["category"] == "matter:10912"


def test_what_an_outlet_says_in_real_time_never_alarms_and_has_no_class(outlet, conn):
    loud = ("w01018-Rtd=900,w01018-Flag=N", "w21003-Rtd=80,w21003-Flag=N", "w01001-Rtd=3.1,w01001-Flag=N", "w21011-Rtd=9,w21011-Flag=N")
    for minute in range(4):
        assert outlet(32, 2011, *loud, at=AT + timedelta(minutes=minute)) == []
    states = conn.execute("SELECT DISTINCT kind FROM rule_state WHERE station = %s", [MN]).fetchall()
    assert {row["kind"] for row in states} <= {"device"}


@pytest.mark.parametrize("flag", ["M", "C", "F", "D", "B", "T"])
def test_a_mean_that_its_flag_calls_no_measurement_does_not_open(outlet, flag):
    assert outlet(32, 2061, f"w01018-Avg=900,w01018-Flag={flag}") == []


def test_the_next_sound_hour_clears_and_a_flagged_one_does_not(outlet):
    opened = outlet(32, 2061, "w01018-Avg=62.4,w01018-Flag=N")
    assert opened and outlet(32, 2061, "w01018-Avg=1,w01018-Flag=M", at=AT + timedelta(hours=1)) == opened
    assert outlet(32, 2061, "w01018-Avg=49,w01018-Flag=N", at=AT + timedelta(hours=2)) == []


def test_a_chimney_is_judged_by_its_converted_concentration(outlet):
    assert outlet(31, 2061, "a21026-Avg=290,a21026-ZsAvg=290,a21026-Flag=N") == []
    opened = outlet(31, 2061, "a21026-Avg=290,a21026-ZsAvg=406,a21026-Flag=N", at=AT + timedelta(hours=1))
    assert [kind for kind, _ in opened] == ["exhaust_so2_1h"]


def test_hour_and_day_means_do_not_enter_the_roll_up_of_the_real_time_values(outlet, conn):
    outlet(32, 2061, "w01018-Avg=40,w01018-Flag=N")
    outlet(32, 2011, "w01018-Rtd=20,w01018-Flag=N")
    rows = conn.execute("SELECT kind, value FROM reading WHERE station = %s ORDER BY kind", [MN]).fetchall()
    assert [(r["kind"], r["value"]) for r in rows] == [("outlet_cod", 20.0), ("outlet_cod_1h", 40.0)]
