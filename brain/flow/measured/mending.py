"""What people do about intake, and what is told about it: mappings, replays, discards; accounts, quality, drift.

Verbs are one transaction each with its audit line inside. Who may do what is asked here, so that no page can forget it:
only the system administrator changes anything; a department reads about its own feeds, the duty desk about all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.identity.doing import Doer, act_audited
from brain.identity.people import Person
from brain.model import Refused, Role
from brain.store import db

WHAT = {"station": "测站", "kind": "感知量", "unit": "单位", "column": "列名"}
"""What a mapping may be about: key in `intake_mapping.what` → its word."""
KNOWN_DAYS = 7  # a quantity that a station has sent within so many days is expected of it
KEEP_DAYS = 35
BITE = (5_000, 300_000)  # batches and readings counted at once: less than a second of work
BEAT_FRESH_S = 15.0  # for lists; the alert has its own limits in the catalog
ONE_OFF = frozenset({"spill", "import", "mend"})
"""Names under which readings are stored that no department sends."""


# Who may ---------------------------------------------------------------------------------------------------------------
def may_change(person: Person) -> bool:
    return person.role is Role.ADMIN


def sees(person: Person, org: str | None) -> bool:
    """Whether a person may read about a feed of this organisation."""
    if person.role is Role.DEPARTMENT:
        return org is not None and org == person.org
    return person.role in READERS


READERS = frozenset({Role.ADMIN, Role.OPERATOR, Role.CHIEF, Role.DEPARTMENT})


def _may(by: Doer) -> None:
    if not isinstance(by.who, Person) or not may_change(by.who):
        raise Refused("只有系统管理员可以处理死信和对照；请联系管理员", "role")


def feeds_of(conn: psycopg.Connection, person: Person) -> list[dict[str, Any]]:
    """The feeds that a person may read about, with their totals."""
    return [r for r in db.many(conn, "accounts_feeds") if sees(person, r["org"])]


# Verbs -----------------------------------------------------------------------------------------------------------------
def set_mapping(
    conn: psycopg.Connection,
    catalog: Catalog,
    by: Doer,
    feed: str,
    what: str,
    given: str,
    meant: str,
    now: datetime,
) -> None:
    """Say what a sender's word stands for. Raises Refused: 'role', 'mapping'."""
    given, meant = given.strip(), meant.strip()

    def do() -> None:
        _may(by)
        _check_mapping(conn, catalog, what, given, meant)
        db.run(conn, "mapping_set", feed=feed, what=what, given=given, meant=meant, by=by.name, now=now)

    said = {"what": what, "given": given, "meant": meant}
    act_audited(conn, by, "intake.map", f"feed:{feed}", now, do, kept=lambda _: said)


def _check_mapping(conn: psycopg.Connection, catalog: Catalog, what: str, given: str, meant: str) -> None:
    if what not in WHAT:
        raise Refused("对照只能是测站、感知量、单位或列名", "mapping")
    if not given or not meant or len(given) > 200 or len(meant) > 200 or "\0" in given + meant:
        raise Refused("对照的两边都要填写，各不超过 200 字", "mapping")
    if what == "station" and db.one(conn, "truth_station", station=meant) is None:
        raise Refused(f"没有编号为 {meant} 的测站；请先登记测站，或改选已有的测站", "mapping")
    if what == "kind" and meant.partition("@")[0] not in catalog.kinds:
        raise Refused(f"目录里没有感知量 {meant}；请从 sensors.toml 已登记的里面选", "mapping")


def ask_replay(
    conn: psycopg.Connection, by: Doer, feed: str, rule: str | None, letters: list[int] | None, now: datetime
) -> int:
    """Ask the workers to replay open dead letters in their order; the number of the request. Raises Refused('role')."""

    def do() -> int:
        _may(by)
        return db.row(conn, "mend_ask", feed=feed, rule=rule, letters=letters, by=by.name, now=now)["id"]

    count = len(letters) if letters else None
    return act_audited(conn, by, "intake.replay", f"feed:{feed}", now, do, rule=rule, letters=count)


def replay_of(conn: psycopg.Connection, ident: int) -> dict[str, Any] | None:
    """The request with what came of it; `done_at` is null until a worker has done it."""
    return db.one(conn, "mend_of", id=ident)


def discard(
    conn: psycopg.Connection, by: Doer, feed: str, letters: Iterable[int], reason: str, now: datetime
) -> int:
    """Throw open dead letters away, with a reason; they stay in the record. Returns how many. Raises Refused."""
    ids, reason = list(letters), reason.replace("\0", "").strip()

    def do() -> list[int]:
        _may(by)
        if len(reason) < 2 or len(reason) > 200:
            raise Refused("丢弃死信要写明原因，2–200 字", "reason")
        return [r["id"] for r in db.many(conn, "letters_discard", ids=ids, feed=feed, by=by.name, reason=reason, now=now)]

    def line(gone: list[int]) -> dict[str, Any]:
        return {"letters": gone[:100], "n": len(gone), "reason": reason}

    return len(act_audited(conn, by, "intake.discard", f"feed:{feed}", now, do, kept=line))


def note_drift(conn: psycopg.Connection, by: Doer, ident: int, now: datetime) -> None:
    """Somebody has taken note of a changed shape; it leaves the list of news. Raises Refused: 'role', 'unknown'."""

    def do() -> str:
        _may(by)
        row = db.one(conn, "drift_of", id=ident)
        if row is None:
            raise Refused("没有这条提示，或已处理", "unknown")
        db.run(conn, "drift_seen", id=ident, by=by.name, now=now)
        return row["feed"]

    act_audited(conn, by, "intake.drift", "", now, do, kept=lambda feed: {"object": f"feed:{feed}"}, drift=ident)


# Counting --------------------------------------------------------------------------------------------------------------
def count(conn: psycopg.Connection) -> int:
    """Bring the quality counts up to the log, a bite at a time; returns how many batches were counted. Another consumer of
    the log, with its own cursor: a restart counts nothing twice and leaves nothing out."""
    return db.row(conn, "quality_count", batches=BITE[0], readings=BITE[1])["n"]


def forget(conn: psycopg.Connection, now: datetime) -> None:
    """Drop counts that nobody asks for any more."""
    db.run(conn, "quality_forget", before=now - timedelta(days=KEEP_DAYS))


# Quality ---------------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Quality:
    """How well something delivered over a window: a feed, a department, a station.

    `expected` are the readings that the catalog's periods ask for, `arrived` those of them that came (a station that sends
    more often than asked does not make up for one that is silent); `n` all that were stored, `trusted` those whose
    quality rules accept; `delays` counts by delay class.
    """

    key: str
    title: str = ""
    org: str | None = None
    n: int = 0
    trusted: int = 0
    expected: float = 0.0
    arrived: float = 0.0
    stations: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)
    delays: dict[int, int] = field(default_factory=dict)

    @property
    def arrival(self) -> float | None:
        return self.arrived / self.expected if self.expected >= 1 else None

    @property
    def validity(self) -> float | None:
        return self.trusted / self.n if self.n else None

    @property
    def score(self) -> float | None:
        """What the board ranks by: arrival times validity."""
        if self.arrival is None:
            return self.validity
        return self.arrival * (self.validity if self.validity is not None else 0.0)

    def delay(self, share: float) -> float | None:
        """The delay in seconds that so large a share of the readings kept to: the middle of its class, right to a tenth."""
        wanted, seen = share * sum(self.delays.values()), 0
        for cls in sorted(self.delays):
            seen += self.delays[cls]
            if seen >= wanted:
                return 2.0 ** ((cls + 0.5) / 4)
        return None

    def add(self, row: Mapping[str, Any], expected: float, arrived: float) -> None:
        self.n += row["n"]
        self.trusted += row["trusted"]
        self.expected += expected
        self.arrived += arrived
        if row["active"]:
            self.stations.add(row["station"])
            if row["n"]:
                self.heard.add(row["station"])
        for cls, n in row["delays"].items():
            self.delays[int(cls)] = self.delays.get(int(cls), 0) + n


def pairs(conn: psycopg.Connection, catalog: Catalog, now: datetime, hours: int) -> list[dict[str, Any]]:
    """Every station and quantity known of each feed with what came over the last `hours` full hours and the running one:
    n, trusted, delays, `expected` and `arrived`."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    since = hour - timedelta(hours=hours)
    rows = db.many(conn, "quality_pairs", since=since, known_since=hour - timedelta(days=KNOWN_DAYS))
    for row in rows:
        row["expected"], row["arrived"] = _expected(row, catalog, since, now)
    return rows


def _expected(row: Mapping[str, Any], catalog: Catalog, since: datetime, now: datetime) -> tuple[float, float]:
    """(expected, arrived) by the catalog's period, hour by hour. Nothing is expected of a station that is switched off, of
    what is sent only when something happens, and of the time before the pair was first heard."""
    kind = catalog.kinds.get(row["kind"])
    if kind is None or kind.silence_s is None or not row["active"]:
        return 0.0, 0.0
    begin = max(since, row["begun"])
    expected = max((now - begin).total_seconds(), 0.0) / kind.period_s
    if kind.period_s >= 3600:  # at most one an hour counts, so that many at once do not make up for the hours after
        return expected, min(float(len(row["hours"])), expected)
    arrived = 0.0
    for start, n in row["hours"].items():
        lasted = min(now.timestamp(), int(start) + 3600) - max(begin.timestamp(), int(start))
        arrived += min(float(n), max(lasted, 0.0) / kind.period_s)
    return expected, min(arrived, expected)


def summed(rows: Iterable[Mapping[str, Any]], by: str) -> dict[str, Quality]:
    """Quality by feed, station or org of such rows."""
    found: dict[str, Quality] = {}
    for row in rows:
        key = row[by]
        if key is not None:
            quality = found.setdefault(key, Quality(key))
            quality.add(row, row["expected"], row["arrived"])
    return found


# Workers ---------------------------------------------------------------------------------------------------------------
def workers(conn: psycopg.Connection, now: datetime) -> list[dict[str, Any]]:
    """Workers that should be alive or have just said good-bye, each with `age_s`, `alive` and whether its accounts add up."""
    rows = db.many(conn, "intake_workers")
    for row in rows:
        row["age_s"] = max((now - row["beat_at"]).total_seconds(), 0.0)
        row["alive"] = row["stopped_at"] is None and row["age_s"] <= BEAT_FRESH_S
        row["adds_up"] = all(adds_up(c) for c in row["counts"].values())
    return rows


def adds_up(c: Mapping[str, int]) -> bool:
    """received = stored + duplicate + dead + lost + in flight."""
    return c["received"] == c["stored"] + c["duplicate"] + c["dead"] + c.get("lost", 0) + c.get("in_flight", 0)


def in_flight(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Readings and refusals in memory or in a spill, by feed, as the workers last told. One that has stopped still holds
    what is in its spill."""
    found: dict[str, int] = {}
    for row in rows:
        for feed, c in row["counts"].items():
            found[feed] = found.get(feed, 0) + c["in_flight"]
    return found
