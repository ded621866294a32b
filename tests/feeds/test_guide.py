"""怎样接入 tells the truth: every example of guide.toml goes through the code that the doors run, and must become what it says; so must
every row of a table that names its reader."""

from __future__ import annotations

import json
import tempfile
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brain import catalog as catalogs
from brain.catalog.guide_records import Example, Shown, filled
from brain.cities import meijiang
from brain.city import BEIJING
from brain.commands import backfill
from brain.model import DISTRICT, Level, Quality, Reading
from brain.sheets import cells, columns, reading
from ingest import feeds, practice, tools
from ingest.__main__ import main
from ingest.doors import rows
from ingest.doors.files import rows as file_rows
from ingest.doors.poll import sources
from ingest.doors.poll.polling import _read as answered
from ingest.doors.push import pusher
from ingest.feeds import gb26875, hj212
from ingest.feeds.gb26875 import _frame as gb_frame
from ingest.feeds.hj212 import _frame as hj_frame
from ingest.feeds.sl651 import _frame as sl_frame
from ingest.write import message, units

RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)
REGISTERED = ["WL-01"]  # stations of the file of history
CATALOG, UNITS, PRACTICE = catalogs.load(), units.load(""), practice.load()
DOORS = CATALOG.guide.doors
TABLES = {t.key: t for door in DOORS.values() for t in door.tables}.values()
EXAMPLES = [pytest.param(door.key, one, id=f"{door.key}-{one.key}") for door in DOORS.values() for one in door.examples]


@dataclass(frozen=True)
class Came:
    """What became of an example."""

    readings: tuple[Shown, ...] = ()
    records: tuple[dict[str, Any], ...] = ()
    refused: tuple[str, ...] = ()
    answer: str = ""


def came(door: str, one: Example) -> Came:
    """An example, brought in as it says."""
    return WAYS[one.way](door, one)


def body_of(one: Example) -> bytes:
    return bytes.fromhex(one.body) if one.is_hex else one.body.strip("\n").encode()


# The ways in ----------------------------------------------------------------------------------------------------------
def by_message(door: str, one: Example) -> Came:
    module = feeds.load()[one.feed]
    said = list(tools.decode(module, body_of(one), topic_of(one), CATALOG, UNITS, lambda: RECEIVED))
    return replace(_came(said), answer=answer_of(door, body_of(one)))


def by_retained(door: str, one: Example) -> Came:
    got = message.parsed(one.feed, topic_of(one), body_of(one), RECEIVED, payload_max=PRACTICE.payload_max, retained=True)
    return Came(tuple(map(shown, got.readings)), (), (got.refused[1],) if got.refused else ())


def by_push(door: str, one: Example) -> Came:
    cut = rows.cut(one.feed, rows.FORMS[one.media], body_of(one), 100)
    found = [_row(one.feed, f"{feeds.PUSH}{one.feed}/org/key/-", row) for row in cut]
    receipt = pusher.answer_of([message.Outcome(stored=len(good), refused=(bad,) if bad else ()) for good, bad in found])
    return replace(_rows(found), answer=json.dumps(json.loads(receipt.text), ensure_ascii=False))


def by_signature(door: str, one: Example) -> Came:
    said = dict(line.split(" ", 1) for line in one.beside.strip().splitlines())
    headers = pusher.signed_headers(
        said["编号"], said["密钥"].encode(), f"/api/v1/feeds/{one.feed}", one.media, body_of(one),
        datetime.fromtimestamp(int(said["时间"]), UTC), said["幂等编号"],
    )  # fmt: skip
    return Came(answer="\n".join(f"{name}: {value}" for name, value in headers.items()))


def by_sheet(door: str, one: Example) -> Came:
    taker = CATALOG.sheets.takers[one.feed]
    data = body_of(one)
    sheet = reading.read(one.name, data, CATALOG.sheets.limits)
    meant = columns.propose(sheet.columns, one.feed, CATALOG.sheets, {k.key: k.unit for k in CATALOG.kinds.values()}, {})
    payloads = file_rows.messages(None, taker, one.name, data, {"columns": meant}, CATALOG).messages
    module, topic = feeds.load()[one.feed], feeds.row_topic("0123456789ab")
    said = [got for n, p in payloads.items() for got in tools.decode(module, p, f"{topic}{n}", CATALOG, UNITS, lambda: RECEIVED)]
    return _came(said)


def by_poll(door: str, one: Example) -> Came:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "poll.toml").write_text(one.beside, encoding="utf-8")
        (source,) = sources.load(folder, timedelta(hours=24))
    cut = [rows.Row(sources.message(source, row)) if isinstance(row, dict) else row for row in answered(source, body_of(one).decode())]
    return _rows([_row(one.feed, source.topic, row) for row in cut])


def by_history(door: str, one: Example) -> Came:
    checks = backfill._Checks(pa.array(REGISTERED), CATALOG)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / one.name).write_bytes(body_of(one))
        ((line, table, _, _),) = backfill._tables(Path(folder) / one.name)
    good, refused, _ = checks.look(table, RECEIVED)
    found = tuple(
        Shown(r["station"], r["kind"], r["value"], CATALOG.kinds[r["kind"]].unit, local(r["at"]), r["quality"]) for r in good.to_pylist()
    )
    return Came(found, (), tuple(f"第 {line + n} 行：{why}" for n, why in refused))


WAYS = {
    "message": by_message, "retained": by_retained, "push": by_push, "signed": by_signature, "sheet": by_sheet, "poll": by_poll,
    "history": by_history,
}  # fmt: skip


# What they share ------------------------------------------------------------------------------------------------------
def topic_of(one: Example) -> str:
    known = {"district": DISTRICT, "org": one.owner or feeds.load()[one.feed].FEED.org}
    return filled(one.topic, known) or feeds.topic(one.feed, "-")


def local(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def shown(r: Reading) -> Shown:
    return _shown(tools.shown(r, CATALOG, UNITS))


def _shown(said: dict[str, Any]) -> Shown:
    at = local(datetime.fromisoformat(said["at"]))
    return Shown(said["station"], said["kind"], said["value"], said["unit"], at, said["quality"])


def _came(said: list[dict[str, Any]]) -> Came:
    return Came(
        tuple(_shown(r) for one in said for r in one.get("readings", ())),
        tuple(r for one in said for r in one.get("records", ())),
        tuple(one["error"] for one in said if not one["ok"]),
    )


def _row(feed: str, topic: str, row: rows.Row) -> tuple[list, tuple[str, str] | None]:
    if row.refused:
        return [], row.refused
    got = message.parsed(feed, topic, row.payload, RECEIVED, payload_max=PRACTICE.payload_max)
    return [*got.readings, *got.records], got.refused


def _rows(found: list[tuple[list, tuple[str, str] | None]]) -> Came:
    return Came(tuple(shown(r) for good, _ in found for r in good), (), tuple(bad[1] for _, bad in found if bad))


def answer_of(door: str, data: bytes) -> str:
    """The bytes a TCP door answers with when the frame is safe."""
    if door == "hj212":
        try:
            return hj212.answer(hj_frame.read(data)).decode().strip()
        except feeds.BadMessage:
            return ""
    if door == "sl651":
        try:
            return sl_frame.answer(sl_frame.read(data), RECEIVED).hex(" ").upper()
        except feeds.BadMessage:
            return ""
    if door == "gb26875":
        try:
            return gb26875.reply(gb_frame.read(data), gb_frame.CONFIRM, RECEIVED).hex(" ")
        except gb_frame.Broken:
            return gb26875.reply(gb_frame.outline(data), gb_frame.DENY, RECEIVED).hex(" ")
    return ""


def said_of(value: object) -> str:
    """A field of a record as guide.toml writes it."""
    if isinstance(value, datetime):
        return local(value)
    if isinstance(value, Level):
        return CATALOG.words.of("level", value.key)
    if isinstance(value, tuple):
        return " ".join(map(said_of, value))
    return str(value)


def _unit(row: tuple[str, ...]) -> str:
    value, unit = row[0].split(" ")
    kind = CATALOG.kinds[row[2]]
    turned = UNITS.convert(float(value), unit, kind.unit)
    return f"{turned:g} {kind.unit}"


def _number(row: tuple[str, ...]) -> str:
    value = cells.number(row[0], "值")
    return "缺测" if value is None else f"{value:g}"


def _cell(row: tuple[str, ...]) -> str:
    """As a cell of a sheet: with its quality where that is not the usual."""
    try:
        value = cells.measured(row[0], "值", cell=True)
    except cells.Unreadable:
        return "不收"
    if value is None:
        return "缺测"
    return f"{value[0]:g}" + ("" if value[1] is Quality.OK else f"，{CATALOG.words.of('quality', value[1])}")


READERS = {
    "cell": _cell,
    "time": lambda row: local(cells.when(row[0], "时间", about=RECEIVED)),
    "number": _number,
    "flag": lambda row: CATALOG.words.of("quality", cells.flag(row[0], "标识")),
    "unit": _unit,
}


# What is held ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("door", "one"), EXAMPLES)
def test_an_example_becomes_what_it_says(door, one):
    got = came(door, one)
    assert got.readings == tuple(replace(r, value=pytest.approx(r.value)) for r in one.readings)
    assert got.refused == one.refused
    assert got.answer == (json.dumps(json.loads(one.answer), ensure_ascii=False) if one.way == "push" else one.answer.strip("\n"))
    assert bool(got.records) == bool(one.records)
    for label, name, value in one.records:
        assert (label, said_of(got.records[0][name])) == (label, value)


@pytest.mark.parametrize(("door", "one"), EXAMPLES)
def test_every_refusal_tells_how_to_mend_it(door, one):
    assert all("；" in reason for reason in one.refused)


@pytest.mark.parametrize("table", [pytest.param(t, id=t.key) for t in TABLES if t.reader])
def test_a_row_of_a_table_is_read_as_it_says(table):
    assert [READERS[table.reader](row) for row in table.rows] == [row[1] for row in table.rows]


def test_every_door_that_takes_bytes_is_shown():
    told = {one.feed for door in DOORS.values() for one in door.examples}
    assert set(feeds.load()) <= told
    assert {"hj212", "sl651", "gb26875"} <= set(DOORS)


def test_each_door_shows_what_is_taken_and_what_is_refused():
    for door in DOORS.values():
        assert any(one.readings or one.records for one in door.examples), door.key
        assert any(one.refused for one in door.examples), door.key


def test_an_example_is_of_who_may_send_it():
    """The stations of an example are those of its owner in the district that is shipped, whose account may write its topic."""
    owners = {}
    for file in (Path(meijiang.__file__).parent / "data" / "stations").glob("*.toml"):
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        owners |= {s["id"]: s.get("org", said.get("org")) for s in said.get("station", ())}
    for door in DOORS.values():
        for one in door.examples:
            assert {owners[s] for s in one.stations} <= {one.owner}, one.title
            assert not one.topic or not one.owner or one.branch in CATALOG.departments[one.owner].sends, one.title
            assert not (set(owners) & {r.station for r in one.readings} - set(one.stations)) or one.way in ("history", "poll"), one.title


def test_an_example_that_is_not_true_is_seen():
    """The test itself can fail: another value, another sentence, another answer."""
    one = next(e for e in DOORS["hj212"].examples if e.key == "hour")
    got = came("hj212", replace(one, body=one.body.replace("38", "39")))
    assert got.refused and not got.readings and not got.answer


def test_the_command_says_the_same(tmp_path, capsys):
    for door in DOORS.values():
        for one in door.examples:
            if one.way == "message" and one.feed != "gb26875":  # which reads a frame by the clock, and the command's is today's
                file = tmp_path / "message"
                file.write_bytes(body_of(one))
                main(["decode", one.feed, str(file), "--topic", topic_of(one)])
                said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
                assert _came(said).readings == came(door.key, one).readings, one.key
                assert _came(said).refused == one.refused, one.key
