"""The four real weeks of September, as the rules and the record see them: flood, frozen values, one faulty instrument.

The recorded series go through the feed's own message and parser, the batch store and the engine, at the spacing they
were measured with and squeezed 360 times, because the demo squeezes them.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from brain.engine.loop import Engine
from brain.flow.measured import readings
from brain.store import db
from ingest.demo import device_messages, timetable
from ingest.feeds import water

STATIONS = ("WQ-01", "WQ-02", "WQ-04")  # 西阳电站 itself, 五丰渡口, 大麻


@pytest.fixture(scope="module", params=[1.0, 360.0], ids=["as measured", "360 times as fast"])
def alerts(request, server, city_template, catalog, tmp_path_factory) -> dict[str, list[dict]]:
    """All alerts of the four weeks at the three sections, with the original time of the record that opened each."""
    name = f"flood{int(request.param)}"
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {city_template} STRATEGY file_copy")
    tracks = {t.station: t for t in timetable.tracks() if t.station in STATIONS}
    records = sorted((r for t in tracks.values() for r in t.records), key=lambda r: r.at)
    of = {id(r): t.station for t in tracks.values() for r in t.records}
    first = records[0].at
    original = {}
    with db.connect(server.url(name), name="tests") as conn:
        conn.execute("DELETE FROM station WHERE NOT id = ANY(%s)", [list(STATIONS)])  # the others only fall silent, at each step again
        engine = Engine(conn, catalog)
        for record in records:
            at = first + (record.at - first) / request.param
            at = at.replace(microsecond=at.microsecond // 1000 * 1000)
            topic, payload = device_messages.replayed("quality", of[id(record)], at, record)
            parsed = water.parse(topic, payload, at)
            original |= {(r.station, r.at): record.at for r in parsed}
            now = at + timedelta(seconds=2)
            readings.store(
                conn, feed="water", worker="w", lane="live", received_at=now, readings=parsed, received=len(parsed)
            )
            engine.step(now)
        rows = conn.execute("SELECT * FROM alert ORDER BY id").fetchall()
        flags = conn.execute(
            "SELECT station, kind, at, quality FROM reading WHERE quality IN ('suspect', 'stuck')"
        ).fetchall()
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    for row in rows:
        row["original"] = original.get((row["station"], row["observed_at"]))
    return {"alerts": rows, "flags": [f | {"original": original[f["station"], f["at"]]} for f in flags]}


def _day(when) -> str:
    return f"{when.astimezone(device_messages.BEIJING):%m-%d}"


@pytest.mark.timeout(240)
def test_the_flood_at_xiyang_is_an_orange_turbidity_alert_with_an_event(alerts):
    flood = [
        a for a in alerts["alerts"]
        if a["station"] == "WQ-01" and (a["kind"], a["rule"]) == ("turbidity", "ladder") and a["peak"] == 2
    ]  # fmt: skip
    in_september = [a for a in flood if "09-03" <= _day(a["original"]) <= "09-06"]
    assert [a["event_id"] for a in in_september if a["event_id"]], flood


@pytest.mark.timeout(240)
def test_the_worst_turbidity_downstream_is_red(alerts):
    assert any(a["station"] == "WQ-04" and a["kind"] == "turbidity" and a["peak"] == 1 for a in alerts["alerts"])


@pytest.mark.timeout(240)
def test_values_frozen_for_days_are_told_as_a_stuck_instrument(alerts):
    stuck = [a for a in alerts["alerts"] if a["rule"] == "stuck_water"]
    assert {"WQ-02", "WQ-04"} <= {a["station"] for a in stuck}
    assert "WQ-01" not in {a["station"] for a in stuck}


@pytest.mark.timeout(240)
def test_the_lone_jump_of_10_september_is_a_suspected_instrument_and_no_water_class_alert(alerts):
    suspect = [a for a in alerts["alerts"] if a["station"] == "WQ-01" and a["rule"] == "suspect_water"]
    assert [_day(a["original"]) for a in suspect] == ["09-10"]
    assert suspect[0]["event_id"] is None
    on_that_day = [
        a for a in alerts["alerts"]
        if a["station"] == "WQ-01" and a["kind"] == "water_class" and a["original"] and _day(a["original"]) == "09-10"
    ]  # fmt: skip
    assert not on_that_day
    flagged = {f["kind"] for f in alerts["flags"] if f["station"] == "WQ-01" and _day(f["original"]) == "09-10"}
    assert "ammonia" in flagged
