"""Every handed case of `tests/feeds/cases/files` and its neighbours, laid into the real file door: what is stored, what is refused,
and that neither is lost or readable where it must not be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "feeds" / "cases" / "files"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
BEYOND = {"quoted_thousands.csv", "long_items_as_laboratories_write.csv"}
"""Read right, and one of them refused: by what a river can carry, or as a quantity that nobody has mapped yet."""


def test_each_file_of_people_is_stored_as_it_was_meant_or_refused_with_its_reason(drop, conn):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES ('AQ-01', '站', 'air', 116, 24)")
    conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES ('WQ-01', '站', 'water', 116, 24) ON CONFLICT DO NOTHING")
    for station, theme in (("24E124", "water"), ("00441402", "water"), ("平均站", "water"), ("FM-01", "fire")):
        added = "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, '站', %s, 116, 24) ON CONFLICT DO NOTHING"
        conn.execute(added, [station, theme])
    conn.execute("INSERT INTO place (code, kind, name, lng, lat) VALUES ('441402', 'district', '梅江区', 116.1, 24.3)")
    for case in CASES:
        row = drop.take(case["feed"], case["file"], (FOLDER / case["file"]).read_bytes())
        told = row["report"]["says"], row["report"]["errors"]
        if "says" in case:
            assert row["state"] == "failed" and case["says"] in told[0], (case["file"], told)
            continue
        assert row["state"] == "done", (case["file"], told)
        refused = dict(case.get("refused", []))
        assert {e["row"] for e in row["report"]["errors"]} >= refused.keys(), (case["file"], told)
        wanted = len(case.get("readings", case.get("orders"))) - (case["file"] in BEYOND)
        assert (row["stored"] + row["duplicate"], row["dead"] >= len(refused)) == (wanted, True), (case["file"], told)
        assert row["report"]["left"] == case.get("left", []), (case["file"], told)
    drop.hands.adds_up()
    stored = {(r[0], r[1], r[2], round(r[3], 6)) for r in drop.hands.readings()}
    assert ("WL-01", "water_flow", datetime(2026, 9, 3, tzinfo=UTC), 980.0) in stored
    assert not {r for r in stored if r[:2] == ("WL-01", "water_flow") and r[3] in (12.0, 975.0, 12.3, 975.5)}
    letters = "".join(bytes(r["payload"]).decode() + r["reason"] for r in drop.hands.letters())
    orders = "".join(map(str, conn.execute("SELECT * FROM work_order").fetchall()))
    for case in CASES:
        assert not [word for word in case.get("never", []) if word in letters + orders], case["file"]
