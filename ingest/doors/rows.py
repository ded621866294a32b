"""Bodies of many rows (JSON, CSV, GeoJSON) cut into messages, one a row: pure, for the push and the polling door.

Why a message a row: each then has its own fate and its own answer, and what stands in the dead letter is what has to be
mended and no more. The raw form of a row is the feed's own JSON message made of its cells exactly as they were written:
a line of a CSV means nothing without its header, so the names are part of it, and `feeds/<feed>.parse` reads it again
whenever it is replayed. A line that does not fit its header is kept as both lines of CSV: nobody should guess it later.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from brain import catalog as catalogs
from brain.catalog.records import Catalog
from brain.catalog.sheet_records import Sheets
from brain.sheets import columns, places, shape
from brain.sheets.cells import Unreadable
from brain.sheets.heads import TIMES, plain
from ingest import feeds
from ingest.feeds import BadMessage, _provenance, _wire

FORMS = {
    "application/json": "json",
    "text/csv": "csv",
    "application/geo+json": "geojson",
    "application/vnd.geo+json": "geojson",
}
"""Kind of body by its media type."""

PROBED_AT = datetime(2026, 9, 3, 1, tzinfo=UTC)
PROBE = {
    "station": "X-1", "at": "2026-09-03T08:00:00+08:00", "kind": "x", "value": "1", "lng": "116.1", "lat": "24.2",
    "date_utc": "2026-09-03", "clock_utc": "0000", "satellite": "T",
}  # fmt: skip
"""A row that every feed reads under its own names, by what its columns mean."""
SEPARATORS = ",;\t|"
SPREAD_MAX = 32 << 20  # bytes of all rows of a body together


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its raw form, and (rule, reason) where it is refused before its feed has seen it."""

    payload: bytes
    refused: tuple[str, str] | None = None


class BadBody(Exception):
    """A body of which no row can be told. `rule` and `reason` as in BadMessage; `large`: it has too many rows."""

    def __init__(self, rule: str, reason: str, *, large: bool = False):
        super().__init__(reason)
        self.rule, self.reason, self.large = rule, reason, large


def cut(feed: str, form: str, body: bytes, most: int, catalog: Catalog | None = None) -> list[Row]:
    """The rows of a body in its order. `catalog`: the city's, where its heads of sheets are other than the shipped. Raises BadBody,
    and nothing else, whatever the bytes."""
    try:
        said = _wire.text(body, gbk=True)
    except BadMessage as err:
        raise BadBody(err.rule, err.reason) from None
    found = list(_within(most, _csv(feed, said, catalog) if form == "csv" else _json(feed, said, form, catalog)))
    if not found:
        raise BadBody("shape", "正文里一行数据也没有；没有新数据时不必推送")
    return found


def message(feed: str, row: dict[str, Any], point: tuple[float, float] | None = None) -> bytes:
    """The feed's own JSON message of one row of a table."""
    flat = getattr(feeds.load().get(feed), "flat", None)
    return _dumps(row if flat is None else flat(row, point))


def _within(most: int, rows: Iterator[Row]) -> Iterator[Row]:
    """So many rows and no more; and no more bytes than fit, because names that stand once in a body come with every row."""
    size = 0
    for number, row in enumerate(rows, 1):
        size += len(row.payload)
        if number > most:
            raise BadBody("size", f"超过 {most} 行；请分成几次推送", large=True)
        if size > SPREAD_MAX:
            raise _spread()
        yield row


def _spread() -> BadBody:
    return BadBody("size", f"展开后超过 {SPREAD_MAX >> 20} MB；请缩短列名与公共字段，或分成几次推送", large=True)


def _dumps(value: object) -> bytes:
    """As JSON; a name that stood twice does so again, for its feed to refuse it.
    Half a surrogate pair cannot be told in UTF-8; it stays what it is, and its feed refuses that row."""
    try:
        try:
            said = json.dumps(value, ensure_ascii=False)
        except TypeError:  # a name stands twice
            said = json.dumps(_wire.twofold(value), ensure_ascii=False)
        return said.encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        raise BadBody("decode", "数字过长或嵌套过深；请核对正文的格式") from None


# JSON and GeoJSON ---------------------------------------------------------------------------------------------------
def _json(feed: str, said: str, form: str, catalog: Catalog | None) -> Iterator[Row]:
    try:
        found = _wire.decoder.decode(said)
    except json.JSONDecodeError as err:
        near = _wire.short(said[max(0, err.pos - 12) : err.pos + 12])
        raise BadBody(
            "decode", f"不是合法的 JSON：第 {err.lineno} 行第 {err.colno} 列附近“{near}”；请核对括号、引号与逗号"
        ) from None
    except (ValueError, RecursionError):
        raise BadBody("decode", "不是合法的 JSON：数字过长或嵌套过深；请核对正文的格式") from None
    if form == "geojson" or (isinstance(found, dict) and found.get("type") == "FeatureCollection"):
        yield from _features(feed, found, (catalog or catalogs.load()).sheets.head.systems)
        return
    if isinstance(found, dict) and isinstance(readings := found.get("readings"), list):
        common = {k: v for k, v in found.items() if k != "readings"}
        found = readings
    else:
        common, found = {}, [found] if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise BadBody("shape", f"正文应是一条报文，或报文的列表，现为“{_wire.short(found)}”；请按格式发送")
    # So much over that no row's own fields in place of common ones could make it fit: seen before anything is spread.
    if common and len(_dumps(common)) * len(found) > 8 * SPREAD_MAX:
        raise _spread()
    for number, row in enumerate(found, 1):
        if isinstance(row, dict):
            yield Row(message(feed, common | row))  # one at a time: all at once, the common part would fill the memory
        else:
            yield Row(_dumps(row), ("shape", f"第 {number} 行应是一个对象，现为“{_wire.short(row)}”；请按格式发送"))


def _features(feed: str, found: object, systems: frozenset[str]) -> Iterator[Row]:
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list):
        raise BadBody("shape", "正文应是带 features 列表的 FeatureCollection；请按 GeoJSON（RFC 7946）发送")
    named = places.system(found.get("crs")) if isinstance(found, dict) else ""
    around = _provenance.told({k: v for k, v in found.items() if k != "features"}) if isinstance(found, dict) else {}
    for number, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if isinstance(properties, dict):
            own = _provenance.told({k: v for k, v in feature.items() if k != "properties"})
            yield _feature(feed, number, feature, around | own | properties, named, systems)
        else:
            said = _wire.short(feature)
            yield Row(
                _dumps([feature]), ("shape", f"第 {number} 个要素没有 properties，现为“{said}”；请按 GeoJSON 发送")
            )


def _feature(
    feed: str, number: int, feature: dict[str, Any], properties: dict[str, Any], named: str, systems: frozenset[str]
) -> Row:
    """A feature as a message of its feed; `systems` are names of properties that say the system of its point. Where its point cannot be
    told, and the feed would have used it, the row is refused with the reason; a station's own feature needs none."""
    try:
        lng, lat = places.of_geometry(feature.get("geometry"), f"第 {number} 个要素")
        if "crs" in feature:
            named = places.system(feature["crs"])
        for name, value in properties.items():
            if isinstance(value, str) and plain(name) in systems and not any(sign in value for sign in ",，"):  # no pair of numbers
                own = places.system(value)
                if named and own != named:
                    raise Unreadable("place", f"第 {number} 个要素的坐标系说法不一；请只留一种")
                named = own
        return Row(message(feed, properties, places.located(lng, lat, f"第 {number} 个要素", named)))
    except Unreadable as err:
        bare = message(feed, properties)
        if message(feed, properties, (0.0, 0.0)) == bare:
            return Row(bare)
        return Row(bare, (err.rule, str(err)))


# CSV ----------------------------------------------------------------------------------------------------------------
def _csv(feed: str, said: str, catalog: Catalog | None) -> Iterator[Row]:
    meant: dict[str, str] | None = None
    for number, row in enumerate(table(said), 1):
        if isinstance(row, Row):
            yield row
            continue
        if meant is None:
            catalog = catalog or catalogs.load()
            meant = _meant(feed, tuple(row), catalog)
        yield Row(_of_sheet(feed, number, row, meant, catalog.sheets) if meant and catalog else message(feed, row))


def _meant(feed: str, names: tuple[str, ...], catalog: Catalog) -> dict[str, str]:
    """What the columns mean, where the head is that of a sheet (units and zones in brackets, names as in `sheets.toml`), as the file
    door reads it; nothing where the feed reads it as it stands. Raises BadBody for a word in a head that nobody understands."""
    taker = catalog.sheets.takers.get(feed)
    if taker is None or taker.form != "readings" or not len({n.lower() for n in names}) == len(names) <= catalog.sheets.limits.columns:
        return {}
    told = catalog.sheets
    meant = columns.propose(names, feed, told, {kind.key: kind.unit for kind in catalog.kinds.values()})
    fields, kinds = told.fields[taker.form], told.kinds.get(feed, {})
    said, beside = [], False
    for name, meaning in meant.items():
        field, form = columns.parted(meaning.replace("@", ":").removeprefix(columns.KIND))
        known = (field, *kinds.get(field, ())) if meaning.startswith(columns.KIND) else fields[field].names if field else ()
        said.append((field, form))
        beside |= bool(field) and "?" not in form and plain(name) not in map(plain, known)
    if not beside and _reads(feed, meant):
        return {}
    lacking = columns.lacks(meant, taker.form)
    if lacking and (beside or any(field in TIMES and form for field, form in said)):
        raise BadBody("shape", f"CSV 的首行：{'；'.join(lacking)}")
    return {} if lacking else meant


def _reads(feed: str, meant: dict[str, str]) -> bool:
    """Whether the feed reads a row under these names by itself: asked by showing it one."""
    row = {name: PROBE.get(columns.parted(m)[0], "1" if m.startswith(columns.KIND) else "") for name, m in meant.items()}
    try:
        return bool(feeds.load()[feed].parse(f"{feeds.PUSH}{feed}/-/-/-", message(feed, row), PROBED_AT))
    except BadMessage:
        return False


def _of_sheet(feed: str, number: int, row: dict[str, str], meant: dict[str, str], told: Sheets) -> bytes:
    """The row as the file door would hand it over (`feeds._rows`)."""
    asked = {name: meaning for name, meaning in meant.items() if meaning}
    cells = columns.kept(shape.Row(number, dict(row)), asked, told, "readings")
    return _dumps({"feed": feed, "row": number, "cells": cells, "columns": {n: m for n, m in asked.items() if m != "private"}})


def table(said: str) -> Iterator[dict[str, str] | Row]:
    """The rows of a CSV under its header line; as a Row, refused, where a line does not fit it. Raises BadBody."""
    names: list[str] | None = None
    number = 0
    try:
        for cells in _records(said):
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = _head(cells)
                continue
            number += 1
            if len(cells) == len(names):
                yield dict(zip(names, cells, strict=True))
            else:
                reason = f"第 {number} 行有 {len(cells)} 格，列名有 {len(names)} 个；请核对这一行的分隔符与引号"
                yield Row(_lines(names, cells), ("shape", reason))
    except csv.Error as err:
        raise BadBody("decode", f"CSV 在第 {number + 1} 行读不下去（{err}）；请核对引号是否配对") from None


def _records(said: str) -> Iterator[list[str]]:
    """Lists of cells. The separator is the comma, or where it parts nothing of the first line, what parts it most: the spreadsheets
    of places with a decimal comma write semicolons, databases tabs."""
    first = next((line for line in said.splitlines() if line.strip()), "")

    def parts(sign: str) -> int:
        try:
            return len(next(csv.reader([first], delimiter=sign), []))
        except csv.Error:
            return 0

    sign = "," if parts(",") > 1 else max(SEPARATORS, key=parts)
    return csv.reader(io.StringIO(said, newline=""), delimiter=sign, strict=True)


def head(said: str) -> list[str]:
    """The column names of a CSV; none where it is empty. Raises BadBody."""
    try:
        return next((_head(c) for c in _records(said) if any(map(str.strip, c))), [])
    except csv.Error as err:
        raise BadBody("decode", f"CSV 的首行读不下去（{err}）；请核对引号是否配对") from None


def _head(cells: list[str]) -> list[str]:
    names = [_wire.fold(cell) for cell in cells]
    if "" in names:
        raise BadBody("shape", f"CSV 首行第 {names.index('') + 1} 列没有列名；首行应是列名")
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise BadBody("shape", f"CSV 首行有两列都叫“{_wire.short(twice)}”；列名不能重复")
    return names


def _lines(*lines: list[str]) -> bytes:
    said = io.StringIO(newline="")
    csv.writer(said).writerows(lines)
    return said.getvalue().encode()
