"""Pushing over HTTP with a real server, writer and database: what a sender is told, row by row, and which forms are read."""

from __future__ import annotations

import json
import os
import signal
import threading
from datetime import timedelta

import pytest

from brain.identity import push_keys
from ingest.doors.push.serving import Door
from tests.record.intake.push.pushing import BY, NOW, Department, rain


def test_each_row_is_answered_and_the_totals_add_up(qxj, hands):
    answer = qxj.send("rain", [rain(0), rain(1), rain(1), rain(2, station="RG-77"), rain(3, 9999.0), 7])
    assert answer.status_code == 200
    said = answer.json()
    assert [r["result"] for r in said["results"]] == ["stored", "stored", "duplicate", "dead", "dead", "dead"]
    assert [r["row"] for r in said["results"]] == [1, 2, 3, 4, 5, 6]
    assert [r.get("rule") for r in said["results"]][3:] == ["station", "range", "shape"]
    assert (said["rows"], said["stored"], said["duplicate"], said["dead"], said["spilled"]) == (6, 2, 1, 3, 0)
    assert len(hands.readings()) == 2


def test_a_dead_row_stands_in_the_dead_letter_with_its_key_and_can_be_replayed(qxj, hands, conn, catalog, intake):
    from ingest.watch.mend import mend

    qxj.send("rain", b"stcd,tm,p1\nRG-77,2026-09-03 09:00,2.5\n", media="text/csv")
    (letter,) = hands.letters()
    assert letter["topic"] == f"push/rain/qxj/{qxj.id}/-"
    assert json.loads(bytes(letter["payload"])) == {"stcd": "RG-77", "tm": "2026-09-03 09:00", "p1": "2.5"}
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('RG-77', 'RG-77', 'rain', 116.1, 24.3, 'qxj')")
    assert mend(intake, catalog, hands.practice, NOW).replayed == 1
    assert [r[:2] for r in hands.readings()] == [("RG-77", "rain_1h")]


def test_a_row_that_is_sound_in_part_is_stored_in_part(qxj, hands):
    said = qxj.send("rain", rain() | {"p3": "很多"}).json()
    assert said["results"][0]["rule"] == "value"
    assert said["readings"] == {"stored": 1, "duplicate": 0}
    assert len(hands.readings()) == 1


def test_a_body_that_cannot_be_read_stands_whole_in_the_dead_letter(qxj, hands):
    answer = qxj.send("rain", b'[{"stcd": "RG-01"')
    assert answer.status_code == 400
    assert "不是合法的 JSON" in answer.json()["says"]
    (letter,) = hands.letters()
    assert (letter["rule"], bytes(letter["payload"])) == ("decode", b'[{"stcd": "RG-01"')


def test_while_the_database_is_away_a_known_key_writes_to_disk_and_the_rows_come_in_later(qxj, pusher, hands, until):
    assert qxj.send("rain", rain(0)).json()["stored"] == 1
    hands.database(False)
    pusher.cut()
    request = qxj.signed("rain", [rain(1), rain(2)])
    for answer in (qxj.post(request), qxj.post(request)):
        assert answer.status_code == 202
        assert [r["result"] for r in answer.json()["results"]] == ["spilled", "spilled"]
    hands.database(True)
    until(lambda: hands.writer.counts()["rain"].in_flight == 0)
    assert len(hands.readings()) == 3
    assert qxj.post(request).json()["duplicate"] == 2


def test_while_the_database_is_away_a_key_not_checked_lately_is_asked_to_come_again(qxj, pusher, hands):
    hands.database(False)
    never = qxj.send("rain", rain(0))
    assert (never.status_code, never.json()["error"], never.headers["Retry-After"]) == (503, "away", "5")
    hands.database(True)
    assert qxj.send("rain", rain(0)).status_code == 200
    hands.database(False)
    pusher.cut()
    hands.now += timedelta(seconds=hands.practice.push.cached_s + 1)
    late = Department(str(qxj.client.base_url), qxj.id, qxj.secret, now=lambda: hands.now)
    assert late.send("rain", rain(1)).status_code == 503


def test_a_database_that_stands_still_keeps_no_push_waiting(qxj, hands, conn, monkeypatch):
    """A frozen server keeps no time limit and hangs up on nobody; eight such waits would close the door."""
    monkeypatch.setattr("ingest.doors.push.pusher.STATEMENT_S", 1)
    assert qxj.send("rain", rain(0)).status_code == 200
    frozen = conn.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'push under test'").fetchall()
    for row in frozen:
        os.kill(row["pid"], signal.SIGSTOP)
    try:
        assert qxj.send("rain", rain(1)).json()["stored"] == 1
    finally:
        for row in frozen:
            os.kill(row["pid"], signal.SIGCONT)
    assert frozen and len(hands.readings()) == 2


def test_while_the_database_is_away_a_key_known_to_be_revoked_stays_refused(qxj, pusher, hands, conn):
    push_keys.revoke(conn, BY, qxj.id, NOW)
    assert qxj.send("rain", rain(0)).status_code == 401
    hands.database(False)
    pusher.cut()
    assert qxj.send("rain", rain(0)).json()["error"] == "revoked"


def test_a_push_that_is_not_safe_in_time_claims_nothing_and_may_be_sent_again(hands, pusher, key):
    door = Door("127.0.0.1", 0, pusher(answer_s=0.5), hands.writer)
    door.start()
    department = Department(f"http://127.0.0.1:{door.port}", *key("rain"))
    request = department.signed("rain", [rain(0), rain(1, station="RG-77")])
    late = department.post(request)  # nobody turns the writer
    assert (late.status_code, late.json()["error"]) == (503, "late")
    assert int(late.headers["Retry-After"]) > 0
    other = department.signed("rain", [rain(7)], token="n1")
    assert department.post(department.signed("rain", [rain(8)], token="n1")).json()["error"] == "late"
    assert department.post(other).status_code == 422, "the number belongs to what is still under way"
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    again = department.post(request).json()
    assert (again["stored"], again["dead"]) == (1, 1), "the rows under way were waited for, and not handed over again"
    assert (len(hands.readings()), len(hands.letters())) == (2, 1)
    door.stop()
    hands.writer.stop()
    turning.join()
    door.finish()


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_by_the_names_of_the_feed_is_read_in_utf_8_and_gbk(qxj, hands, conn, coding):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('西阳', '西阳', 'water', 116.1, 24.3, 'qxj')")
    sheet = "站码,监测时间,水温,pH,溶解氧\r\n西阳,2026-09-03 09:00,28.8,7.02,--\r\n\r\n"
    said = qxj.send("water", sheet.encode(coding), media="text/csv; charset=x").json()
    assert (said["rows"], said["stored"]) == (1, 1), said
    assert [r[1] for r in hands.readings()] == ["ph", "water_temp"]


def test_csv_of_plain_readings_is_turned_into_our_units(qxj, hands):
    sheet = b"station,kind,value,unit,at\nRG-01,rain_1h,1.25,cm,2026-09-03T09:00:00+08:00\n"
    assert qxj.send("rain", sheet, media="text/csv").json()["stored"] == 1
    assert [(r[1], r[3]) for r in hands.readings()] == [("rain_1h", pytest.approx(12.5))]


def test_a_list_of_readings_takes_what_they_have_in_common_from_beside_it(qxj, hands):
    body = {"station": "RG-01", "at": "2026-09-03T09:00:00+08:00", "readings": [
        {"kind": "rain_1h", "value": 1}, {"kind": "rain_3h", "value": 2}, {"kind": "雨势", "value": 3}]}  # fmt: skip
    said = qxj.send("rain", body).json()
    assert [r["result"] for r in said["results"]] == ["stored", "stored", "dead"]
    assert "雨势" in said["results"][2]["reason"]


def test_a_row_with_a_cell_too_few_is_refused_alone(qxj, hands):
    said = qxj.send("rain", b"stcd,tm,p1\nRG-01,2026-09-03 09:00\nRG-01,2026-09-03 09:00,1\n", media="text/csv").json()
    assert [r["result"] for r in said["results"]] == ["dead", "stored"]
    assert bytes(hands.letters()[0]["payload"]) == b"stcd,tm,p1\r\nRG-01,2026-09-03 09:00\r\n"


def test_geojson_points_become_hotspots_at_their_place(qxj, hands):
    spot = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [116.1, 24.3]}, "properties": {
        "acq_date": "2026-09-03", "acq_time": "0100", "satellite": "T", "confidence": 98, "frp": 101.3}}  # fmt: skip
    nowhere = spot | {"geometry": {"type": "Polygon", "coordinates": []}}
    body = {"type": "FeatureCollection", "features": [spot, nowhere]}
    said = qxj.send("fire", body, media="application/geo+json").json()
    assert [r.get("rule", r["result"]) for r in said["results"]] == ["stored", "place"]
    assert {r[:2] for r in hands.readings()} == {("FW-001", "hotspot"), ("FW-001", "hotspot_confidence")}


def test_firms_csv_is_answered_row_by_row(qxj, hands):
    sheet = (
        b"latitude,longitude,bright_ti4,acq_date,acq_time,satellite,confidence,frp\n"
        b"24.3001,116.1001,331.2,2026-09-03,0100,N20,n,4.2\n40.0,100.0,331.2,2026-09-03,0100,N20,n,4.2\n"
    )
    said = qxj.send("fire", sheet, media="text/csv").json()
    assert [r.get("rule", r["result"]) for r in said["results"]] == ["stored", "place"]
