"""12345 sheets: one event an order, whatever sheets it stands in; changed rows leave notes; places as good as they are."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brain import catalog as catalogs
from brain.flow.events import acting as events
from brain.flow.events.hotline import IMPORTER
from brain.identity import chain
from brain.model import Refused, Source, State, Verb
from brain.rules.forms import Given
from brain.sheets import columns
from ingest.practice import load
from ingest.write.commit import outcomes, write
from ingest.write.message import parsed
from ingest.write.records import RecordToStore

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
PRACTICE = load()
COMPLAINTS = Path(__file__).parents[3] / ".." / "shared" / "data" / "complaints" / "zh_messages_cityA_4326.csv"


class Desk:
    """The hotline's sheets, row by row through parsing and commit as the writer does it."""

    def __init__(self, conn, catalog):
        self.conn, self.catalog, self.line, self.now = conn, catalog, 1, NOW

    def row(self, number="MZ-1", content="路灯不亮", state="待签收", address="", point="", reply="", **more) -> tuple[int, int, list]:
        """(stored, duplicate, refusals) of one row."""
        cells = {"工单编号": number, "诉求内容": content, "工单状态": state, "地址": address, "坐标": point, "办理结果": reply}
        return self.take(cells | more)

    def take(self, cells: dict) -> tuple[int, int, list]:
        self.line += 1
        self.now += timedelta(minutes=1)
        meant = {c: m for c, m in columns.propose(cells, "hotline", self.catalog.sheets, {}).items() if m and m != "private"}
        asked = {c: cells[c] for c in meant}
        payload = json.dumps({"feed": "hotline", "row": self.line, "cells": asked, "columns": meant}).encode()
        message = parsed("hotline", f"file/x/{self.line}", payload, self.now, payload_max=PRACTICE.payload_max)
        message.told = lambda outcome: None
        entries = [(message, RecordToStore(record, self.catalog)) for record in message.records]
        assert message.refused is None, message.refused
        done = write(self.conn, entries, "tests", self.now)
        ((_, outcome),) = outcomes([message], entries, done, [])
        return outcome.stored, outcome.duplicate, list(outcome.refused)

    def events(self) -> list:
        rows = self.conn.execute("SELECT id FROM event ORDER BY id").fetchall()
        return [events.get(self.conn, r["id"]) for r in rows]

    def notes(self) -> list[str]:
        return [x.note for x in events.log_of(self.conn, self.events()[0].id) if x.verb == Verb.NOTE]

    def order(self) -> dict:
        return self.conn.execute("SELECT * FROM work_order").fetchone()


@pytest.fixture
def desk(district, conn, catalog) -> Desk:
    return Desk(conn, catalog)


def test_an_order_becomes_an_event_of_the_hotline_at_its_point(desk, district):
    lng, lat = district.at("A")
    assert desk.row(point=f"{lng},{lat}", 来电时间="2026-09-03 09:00") == (1, 0, [])
    (event,) = desk.events()
    assert (event.source, event.state, event.category) == (Source.HOTLINE, State.REPORTED, "matter:01037")
    assert (event.lng, event.lat) == pytest.approx((lng, lat)) and event.cell is not None
    assert "12345 工单 MZ-1" in event.description and "来电 2026-09-03 09:00" in event.description


def test_the_same_row_again_is_a_duplicate(desk):
    desk.row()
    assert desk.row() == (0, 1, [])
    assert len(desk.events()) == 1 and desk.notes() == []


def test_a_changed_state_leaves_a_note_and_no_second_event(desk):
    desk.row()
    assert desk.row(state="办理中") == (1, 0, [])
    assert desk.row(state="已办结", reply="已修好，来电人满意") == (1, 0, [])
    assert len(desk.events()) == 1
    assert desk.notes() == [
        "12345 工单 MZ-1：待签收 → 办理中（相当于处置中）",
        "12345 工单 MZ-1：办理中 → 已办结（相当于已结案）；答复或回访：已修好，来电人满意",
    ]


def test_an_order_signed_on_the_platform_is_accepted_here(desk):
    desk.row()
    desk.row(state="已签收")
    desk.row(number="MZ-2", state="办理中")
    assert [e.state for e in desk.events()] == [State.ACCEPTED, State.ACCEPTED]


@pytest.mark.parametrize("state", ["已办结", "退单", "回访"])
def test_an_order_that_is_finished_when_first_seen_opens_nothing(desk, state):
    assert desk.row(state=state) == (1, 0, [])
    assert desk.events() == [] and desk.order()["event_id"] is None
    assert desk.row(state="重办") == (1, 0, []) and len(desk.events()) == 1


def test_an_order_closed_here_still_takes_notes_of_the_platform(desk, conn):
    desk.row()
    conn.execute("UPDATE event SET state = 'declined'")
    assert desk.row(state="督办") == (1, 0, [])
    assert desk.notes() == ["12345 工单 MZ-1：待签收 → 督办（相当于处置中）"]


@pytest.mark.parametrize(
    ("given", "placed", "says"),
    [
        ({"address": "长沙镇小密村口"}, "village", "小密村"),
        ({"address": "长沙镇政府对面"}, "town", "长沙镇"),
        ({"address": "不知道哪里"}, "district", "区中心"),
        ({"point": "121.47,31.23", "address": "长沙镇"}, "town", "长沙镇"),
    ],
)
def test_without_a_point_in_the_district_the_smallest_named_place_is_taken_and_said(desk, given, placed, says):
    desk.row(**given)
    assert desk.order()["placed"] == placed and says in desk.events()[0].description


def test_an_unknown_state_is_refused_with_the_known_ones(desk):
    ((rule, reason),) = desk.row(state="飞走了")[2]
    assert rule == "state" and "“飞走了”；可用 待签收、" in reason and desk.events() == []


def test_a_city_calls_states_and_categories_as_it_likes(district, conn, tmp_path):
    own = '[state.signed]\nnames = ["区里收下"]\n[category]\nwords = [["matter:06010", ["路灯"]]]\n'
    (tmp_path / "sheets.toml").write_text(own, encoding="utf-8")
    desk = Desk(conn, catalogs.load(str(tmp_path)))
    desk.row(state="区里收下")
    assert [(e.state, e.category) for e in desk.events()] == [(State.ACCEPTED, "matter:06010")]


def test_a_refused_order_leaves_its_neighbours_of_the_batch_alone(desk, conn, catalog):
    good = parsed("hotline", "file/x/1", payload("MZ-1", "路灯不亮"), NOW, payload_max=9999)
    odd = parsed("hotline", "file/x/2", payload("MZ-\ud8002", "编号有坏字"), NOW, payload_max=9999)
    last = parsed("hotline", "file/x/3", payload("MZ-3", "井盖破损"), NOW, payload_max=9999)
    ((_, stored),) = write(conn, [(p, RecordToStore(p.records[0], catalog)) for p in (good, odd, last)], "tests", NOW)
    assert (stored.stored, stored.dead, len(desk.events())) == (2, 1, 2)
    letter = conn.execute("SELECT * FROM dead_letter").fetchone()
    assert letter["rule"] == "store" and letter["topic"] == "file/x/2" and "数据库不收" in letter["reason"]


def test_what_no_document_can_carry_is_taken_out_of_an_order(desk, conn, catalog):
    message = parsed("hotline", "file/x/1", payload("MZ-1", "路\x01灯\ud800不\x9f亮"), NOW, payload_max=9999)
    ((_, stored),) = write(conn, [(message, RecordToStore(message.records[0], catalog))], "tests", NOW)
    assert stored.stored == 1
    (event,) = desk.events()
    assert event.title == "路灯不亮"


@pytest.mark.parametrize("name", ["asked_at", "due_at"])
def test_an_order_of_an_impossible_time_goes_to_the_dead_letter(desk, conn, catalog, name):
    message = parsed("hotline", "file/x/1", payload("MZ-1", "路灯不亮"), NOW, payload_max=9999)
    order = replace(message.records[0], **{name: NOW.replace(year=9999)})
    ((_, stored),) = write(conn, [(message, RecordToStore(order, catalog))], "tests", NOW)
    assert (stored.dead, desk.events()) == (1, [])
    assert conn.execute("SELECT rule FROM dead_letter").fetchone()["rule"] == "time"


def payload(number: str, content: str) -> bytes:
    cells, meant = {"a": number, "b": content}, {"a": "number", "b": "content"}
    return json.dumps({"feed": "hotline", "row": 1, "cells": cells, "columns": meant}).encode()


def test_a_batch_that_is_taken_back_takes_its_orders_back(desk, conn, catalog):
    message = parsed("hotline", "file/x/1", payload("MZ-1", "路灯不亮"), NOW, payload_max=9999)
    with pytest.raises(RuntimeError), conn.transaction():
        write(conn, [(message, RecordToStore(message.records[0], catalog))], "tests", NOW)
        raise RuntimeError
    assert desk.events() == [] and desk.order() is None


def test_an_order_without_any_place_in_the_district_is_refused_with_what_to_do(conn, catalog):
    desk = Desk(conn, catalog)
    _, _, refusals = desk.row()
    assert refusals[0][0] == "place" and "；请" in refusals[0][1]


def test_an_event_of_an_order_is_a_persons_to_register_and_not_a_rules(desk, district):
    desk.row(state="已签收")
    (event,) = desk.events()
    with pytest.raises(Refused):
        events.act(desk.conn, desk.catalog, event.id, Verb.REGISTER, IMPORTER, desk.now, Given(condition="x"))


@pytest.mark.skipif(not COMPLAINTS.exists(), reason="the complaints of ../shared are not here")
def test_a_sheet_of_real_messages_is_understood_and_taken_in(desk):
    with open(COMPLAINTS, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[:200]
    assert columns.lacks(columns.propose(rows[0], "hotline", desk.catalog.sheets, {}), "orders") == []
    fates = [desk.take(row) for row in rows]
    assert sum(stored for stored, _, _ in fates) == len({r["留言编号"] for r in rows}) == len(desk.events())
    assert all(not refused for _, _, refused in fates)
    proposed = [e.category for e in desk.events()]
    assert len(set(proposed)) > 5


def test_without_a_secret_an_order_becomes_a_dead_letter_and_intake_goes_on(desk, secret):
    chain.use("")
    try:
        stored, _, refusals = desk.row()
    finally:
        chain.use(secret)
    assert stored == 0 and [rule for rule, _ in refusals] == ["key"] and "BRAIN_SECRET_KEY" in refusals[0][1]
    assert desk.events() == []
    assert desk.row() == (1, 0, [])
