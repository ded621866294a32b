"""What people know of an instrument (maintenance, calibration) and what its neighbours say of it (drift), brought to what
is stored. Intake applies the same to what comes in (`ingest.write.checks`); `settle` sees to what had come in before.

Nothing is lost by any of it: a reading under maintenance or drift keeps its value and only its quality says so; a
calibrated value can be computed back, because calibrations are never changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median

import psycopg

from brain.catalog import Catalog, Rule
from brain.identity.doing import Doer, act_audited
from brain.model import Quality, Reading, Refused, Station
from brain.store import db
from geo.measure import distance_m

EFFECTIVE_AFTER = timedelta(seconds=10)
"""A calibration takes effect so long after its entry, on a whole second (the record knows no finer time of receipt): by
then every worker starts its batches with it."""
SETTLE_AFTER = timedelta(seconds=60)
"""What was stored before is corrected so long after that: longer than any batch may be under way (statement_s)."""


# Maintenance --------------------------------------------------------------------------------------------------------
def maintain(
    conn: psycopg.Connection, station: str, starts: datetime, ends: datetime, why: str, by: Doer, now: datetime
) -> int:
    """Enter work on a station; returns its id. Readings observed in [starts, ends) are kept as `maintenance`, also those
    that are stored already. Raises Refused."""

    def do() -> int:
        if not starts < ends:
            raise Refused("检修的结束时间应晚于开始时间；请核对后重填", "time")
        if not why.strip():
            raise Refused("请写明检修原因，便于日后查对", "why")
        db.run(conn, "begin_write")  # must be the transaction's first: so the audit line follows the move here
        _known(conn, station)
        found = db.row(
            conn, "maintenance_add", station=station, starts=starts, ends=ends, why=why.strip(), by=by.name, now=now
        )["id"]
        _mark(conn, station, None, starts, ends, Quality.MAINTENANCE)
        return found

    said = {"starts": starts.isoformat(), "ends": ends.isoformat(), "why": why}
    return act_audited(conn, by, "maintenance", station, now, do, kept=lambda _: said)


def end_maintenance(conn: psycopg.Connection, station: str, by: Doer, now: datetime) -> int:
    """The work is done: its windows end now, those to come fall away. Returns how many; Refused when there is none."""

    def do() -> list[int]:
        _known(conn, station)
        ended = db.many(conn, "maintenance_end", station=station, now=now)
        if not ended:
            raise Refused(f"{station} 现在没有检修；可用 brain station list 查看", "none")
        return [r["id"] for r in ended]

    return len(act_audited(conn, by, "maintenance_end", station, now, do, kept=lambda ended: {"windows": ended}))


# Calibration --------------------------------------------------------------------------------------------------------
def calibrate(
    conn: psycopg.Connection,
    catalog: Catalog,
    station: str,
    kind: str,
    starts: datetime,
    ends: datetime | None,
    by: Doer,
    now: datetime,
    *,
    factor: float = 1.0,
    addend: float = 0.0,
    why: str,
) -> int:
    """Enter a calibration (true = sent × factor + addend for readings observed from `starts` to `ends`, None: until
    further notice); returns its id. Readings stored before it takes effect are corrected by `settle`. Raises Refused."""

    def do() -> int:
        if kind not in catalog.kinds:
            raise Refused(f"目录里没有感知量 {kind}；请核对 sensors.toml 里的名字", "kind")
        if factor == 0 or (factor == 1 and addend == 0):
            raise Refused("校准的倍数不能为 0，倍数为 1、加数为 0 等于没有校准；请核对", "value")
        if ends is not None and not starts < ends:
            raise Refused("校准的结束时间应晚于开始时间；请核对后重填", "time")
        if not why.strip():
            raise Refused("请写明校准依据（如比测记录编号），便于日后查对", "why")
        db.run(conn, "truth_alone", station=station)
        _known(conn, station)
        other = db.one(conn, "calibration_overlap", station=station, kind=kind, starts=starts, ends=ends)
        if other:
            raise Refused(
                f"{station} 的{catalog.kinds[kind].label}在这段时间已有校准（第 {other['id']} 号）；请错开时间", "overlap"
            )
        return db.row(
            conn, "calibration_add", station=station, kind=kind, starts=starts, ends=ends, factor=factor, addend=addend,
            why=why.strip(), by=by.name, now=now, effective=(now + EFFECTIVE_AFTER).replace(microsecond=0),
        )["id"]  # fmt: skip

    said = {
        "factor": factor, "addend": addend, "starts": starts.isoformat(), "ends": ends.isoformat() if ends else None, "why": why,
    }  # fmt: skip
    return act_audited(conn, by, "calibration", f"{station} {kind}", now, do, kept=lambda _: said)


def settle(conn: psycopg.Connection, now: datetime) -> int:
    """Bring what was stored before an entry was known in line with it; returns how many readings changed. One transaction
    an entry, so that a stop in between repeats nothing and forgets nothing."""
    changed = 0
    for row in db.many(conn, "maintenance_unsettled", before=now - SETTLE_AFTER):
        with conn.transaction():
            db.run(conn, "begin_write")
            changed += _mark(conn, row["station"], None, row["starts"], row["ends"], Quality.MAINTENANCE)
            db.run(conn, "maintenance_settled", id=row["id"], now=now)
    for row in db.many(conn, "calibration_unsettled", before=now - SETTLE_AFTER):
        with conn.transaction():
            db.run(conn, "begin_write")
            where = {key: row[key] for key in ("station", "kind", "starts", "ends", "effective", "factor", "addend")}
            hours = db.many(conn, "calibration_correct", **where)
            db.run(conn, "calibration_correct_latest", **where)
            _dirty(conn, row["station"], [(row["kind"], r["at"]) for r in hours])
            db.run(conn, "calibration_settled", id=row["id"], now=now)
            changed += len(hours)
    return changed


def _known(conn: psycopg.Connection, station: str) -> None:
    if db.one(conn, "truth_station", station=station) is None:
        raise Refused(f"没有测站 {station}；请核对编号，或先登记", "station")


def _mark(
    conn: psycopg.Connection, station: str, kind: str | None, starts: datetime, ends: datetime, quality: Quality
) -> int:
    where = {"station": station, "kind": kind, "starts": starts, "ends": ends, "quality": str(quality)}
    hours = db.many(conn, "quality_span", **where)
    db.run(conn, "quality_span_latest", **where)
    _dirty(conn, station, [(r["kind"], r["at"]) for r in hours])
    return len(hours)


def _dirty(conn: psycopg.Connection, station: str, marks: list[tuple[str, datetime]]) -> None:
    if marks:
        db.run(conn, "hours_dirty", station=station, kinds=[k for k, _ in marks], ats=[at for _, at in marks])


# Drift --------------------------------------------------------------------------------------------------------------
def gaps(
    conn: psycopg.Connection, rule: Rule, stations: Mapping[str, Station], until: datetime
) -> dict[str, list[Reading]]:
    """What a rule of type `drift` judges: station → for each of its quantities and days the distance of its median from
    the median of its neighbours', as readings in the unit of the kind. Days with too few neighbours are left out."""
    params = rule.params
    since = until - timedelta(days=params["days"] + params["base_days"] + 1)
    middles: defaultdict[str, dict[tuple[str, datetime], float]] = defaultdict(dict)
    for row in db.many(conn, "daily_middles", kinds=list(rule.inputs), since=since, until=until):
        middles[row["kind"]][row["station"], row["day"]] = row["middle"]
    found: defaultdict[str, list[Reading]] = defaultdict(list)
    for kind, values in middles.items():
        names = sorted({name for name, _ in values if name in stations and stations[name].theme == rule.theme})
        days = sorted({day for _, day in values})
        for name in names:
            around = neighbours(stations[name], [stations[n] for n in names], params["neighbours"], params["within_m"])
            for day in days:
                beside = [values[n, day] for n in around if (n, day) in values]
                if (name, day) in values and len(beside) >= params["min_neighbours"]:
                    found[name].append(Reading(name, kind, day, values[name, day] - median(beside)))
    return {name: sorted(readings, key=lambda r: (r.at, r.kind)) for name, readings in found.items()}


def neighbours(station: Station, others: Iterable[Station], most: int, within_m: float) -> list[str]:
    """Those that the station names (params.neighbours), else the nearest `most` within `within_m` metres."""
    there = [o for o in others if o.id != station.id and o.active]
    if named := station.params.get("neighbours"):
        return [o.id for o in there if o.id in named]
    if not there:
        return []
    away = distance_m(station.lng, station.lat, [o.lng for o in there], [o.lat for o in there])
    ranked = sorted(zip(away, (o.id for o in there), strict=True))
    return [name for metres, name in ranked[:most] if metres <= within_m]


def mark_drift(conn: psycopg.Connection, station: str, kind: str, since: datetime, until: datetime) -> int:
    """What a drifting quantity has said since is kept, but trusted no more; returns how many readings that were."""
    with conn.transaction():
        db.run(conn, "begin_write")
        return _mark(conn, station, kind, since, until, Quality.DRIFT)
