"""Whose a file is: an uploaded one, or one in a department's own folder, brings nothing about the stations of others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

MIXED = "测站编号,监测时间,水位(cm)\nWL-01,2026-09-03 08:00,312\nWL-02,2026-09-03 08:00,55\n"


@pytest.fixture
def foreign(conn):
    """WL-02 is a water station of another organisation."""
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('WL-02', 'WL-02', 'water', 116.1, 24.3, 'sthj')")


def test_rows_about_foreign_stations_in_an_uploaded_file_are_refused_and_the_others_stored(drop, foreign):
    row = drop.take("water", "a.csv", MIXED, by="某甲", org="swj")
    assert (row["stored"], row["dead"]) == (1, 1)
    (letter,) = drop.hands.letters()
    assert letter["rule"] == "owner" and "WL-02" in letter["reason"] and letter["topic"].split("/")[2] == "swj"
    assert [e["rule"] for e in drop.report("water", "a.csv")["errors"]] == ["owner"]


def test_the_same_file_in_the_platforms_own_hand_brings_all(drop, foreign):
    drop.take("water", "a.csv", MIXED, by="某甲", org="swj")
    row = drop.take("water", "a.csv", MIXED, by="信息中心")
    assert (row["state"], row["stored"], row["duplicate"], row["dead"]) == ("done", 1, 1, 0)


def test_a_departments_own_folder_carries_its_name_and_no_mapping_in_it_says_otherwise(drop, foreign):
    drop.lay("water/swj", "a.csv", MIXED, org="sthj", by="某乙")
    drop.lay("water/swj", "b.csv", MIXED.replace("08:00", "09:00"))
    drop.look()
    drop.ticks += 60
    drop.look()
    drop.ticks += 60
    drop.look()
    assert sorted((r["name"], r["by"], r["stored"], r["dead"]) for r in drop.rows()) == [
        ("a.csv", "某乙", 1, 1), ("b.csv", drop.catalog.departments["swj"].short, 1, 1),
    ]  # fmt: skip
    assert {d["topic"].split("/")[2] for d in drop.hands.letters()} == {"swj"}
    assert list((drop.folder / "water" / "swj").iterdir()) == []


def test_a_kill_between_mapping_and_file_leaves_the_file_to_the_next_look(drop, foreign, monkeypatch):
    drop.lay("water/swj", "a.csv", MIXED, by="某乙")

    def killed(self, goal):
        if self.suffix == ".csv":
            raise KeyboardInterrupt
        return os.rename(self, goal)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", killed)
        drop.look()
    drop.ticks += 60
    drop.look()
    assert [(r["stored"], r["dead"]) for r in drop.rows()] == [(1, 1)]
