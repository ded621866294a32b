"""The engine: consumes committed batches, judges, does its duties (`duty.py`). One at a time; others stand by.

Why no timers: whatever must happen later stands in a row with its time (`rule_state.due`, `event.next_rung_at`, …),
so a restart forgets nothing. Why one transaction a chunk: alerts, memories, events, notices and the cursor move
together; after any crash a batch has had all of its effects or none.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from brain import catalog as catalogs
from brain.catalog import Catalog, Rule
from brain.engine import counters, judging, upkeep
from brain.engine.duty import Duties
from brain.engine.judging import Findings
from brain.flow.alerts import recording
from brain.flow.city import locating
from brain.flow.measured import readings
from brain.identity import audit, chain, checkpoints
from brain.model import ENGINE, Judgement, Level, Quality, RuleState, Station
from brain.settings import Settings
from brain.store import db

NAME = "engine"
LOCK = 0x6272_656E_67  # "breng": one engine at a time in this database
FEW, MANY = 2_000, 5_000  # readings a chunk aims at
BACKOFF = (1, 2, 4, 8, 15, 30)  # seconds before the next try to reach the database; the last repeats
log = logging.getLogger("brain.engine")


class Engine:
    """Give it a URL (it connects itself) or a connection, and call `step` as often as you like."""

    def __init__(self, conn: psycopg.Connection | str, catalog: Catalog):
        self._own = isinstance(conn, str)
        self.conn = db.connect(conn, name="brain engine") if isinstance(conn, str) else conn
        self.catalog = catalog
        self.duties = Duties(catalog)
        self.stations: dict[str, Station] = {}
        self.poisoned: dict[str, set[str]] = {}
        self.counted = {"batches": 0, "readings": 0, "changes": 0, "failures": 0}
        self._chunk = 64  # batches asked for at once; follows their size
        self._mine = False
        self._next: dict[str, datetime] = {}

    def close(self) -> None:
        if self._own:
            self.conn.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # One step -------------------------------------------------------------------------------------------------------
    def step(self, now: datetime) -> int:
        """Do what there is to do at `now`; returns how much was done: batches consumed, rules asked again, rows swept.
        0 means that nothing is left to do now, or that another engine is at work."""
        if not self._alone():
            return 0
        began = time.perf_counter()
        if self._is_time("stations", now, timedelta(seconds=30)):
            self.stations = upkeep.stations(self.conn, now)
        self.duties.run_due(self.conn, now, first=True)
        done = 0
        for _ in range(32):  # then the sweeps have their turn, however much is waiting
            consumed = self.consume(now)
            done += consumed
            if consumed == 0:
                break
        done += self.ask_again(now)
        done += self.duties.run_due(self.conn, now)
        if self._is_time("beat", now, timedelta(seconds=5)):
            took = round((time.perf_counter() - began) * 1000, 1)
            upkeep.beat(self.conn, NAME, now, self.counted | {"step_ms": took})
            self.duties.store(self.conn)
        return done

    def end(self, now: datetime) -> None:
        """What is to be done before the process ends: nothing of the record waits for its link, and how far the chains came stands
        outside."""
        if self._mine and not self.conn.closed:
            self.duties.run_last(self.conn, now)

    def _alone(self) -> bool:
        if not self._mine:
            self._mine = db.row(self.conn, "engine_alone", key=LOCK)["mine"]
            if self._mine:
                self.poisoned = upkeep.poisoned(self.conn)
                self.duties.resume(self.conn)
        return self._mine

    def _is_time(self, what: str, now: datetime, every: timedelta) -> bool:
        """What is done every so often: at the first step, then when its time has come."""
        if now >= self._next.get(what, now):
            self._next[what] = now + every
            return True
        return False

    # Batches --------------------------------------------------------------------------------------------------------
    def consume(self, now: datetime) -> int:
        """The next chunk of committed batches, in commit order; returns how many there were.

        Reading and judging come first and write nothing; then everything is written in one transaction with the
        cursor. Only this engine moves memories and cursor (it holds the lock), so what was read is still true.
        """
        batches = self._take()
        if not batches:
            return 0
        fresh = [
            (r, b.lane == "history" or r.quality == Quality.LATE)
            for b in batches for r in b.readings if r.quality is not Quality.TEST
        ]  # fmt: skip
        if any(r.station not in self.stations for r, _ in fresh):
            self.stations = upkeep.stations(self.conn, now)
        findings = judging.judge_readings(self.conn, self.catalog, self.stations, fresh, now)
        sums = counters.sums(self.conn, self.catalog, fresh)
        last = batches[-1]
        with self.conn.transaction():
            db.run(self.conn, "begin_write")
            self._write(findings, now)
            counters.store(self.conn, sums, now)
            readings.advance(self.conn, NAME, last.xid, last.id, last.received_at)
        self.counted["batches"] += len(batches)
        self.counted["readings"] += len(fresh)
        return len(batches)

    def _take(self) -> list[readings.Batch]:
        """So many batches that their readings make a chunk."""
        batches = readings.batches_after(self.conn, NAME, self._chunk)
        total = 0
        for number, batch in enumerate(batches):
            total += len(batch.readings)
            if total >= MANY:
                self._chunk = max(1, (number + 1) // 2 if total > 2 * MANY else number + 1)
                return batches[: number + 1]
        if total < FEW and len(batches) == self._chunk:
            self._chunk = min(2 * self._chunk, 1024)
        return batches

    def ask_again(self, now: datetime) -> int:
        """Rules whose time has come although no reading came; returns how many were asked."""
        asked = 0
        while True:
            due = upkeep.due(self.conn, self.catalog, self.stations, now)
            if not due:
                return asked
            findings = judging.judge_due(self.conn, self.catalog, due, now)
            failed = {(s.id, r.kind, r.key) for s, r, _ in findings.failed}
            later = now + timedelta(minutes=1)  # a rule that fails is asked again, but not at once
            kept = [((s.id, r.kind, r.key), m.state, later) for s, r, m in due if (s.id, r.kind, r.key) in failed]
            moved = {key for key, _, _ in findings.states}
            kept += [
                ((s.id, r.kind, r.key), m.state, later)
                for s, r, m in due
                if (s.id, r.kind, r.key) not in moved and (s.id, r.kind, r.key) not in failed
            ]
            with self.conn.transaction():
                db.run(self.conn, "begin_write")
                findings.states += kept
                self._write(findings, now)
            asked += len(due)

    # Writing --------------------------------------------------------------------------------------------------------
    def _write(self, findings: Findings, now: datetime) -> None:
        """Everything a chunk comes to, inside its transaction."""
        failed = recording.apply_many(self.conn, self.catalog, findings.judged, now)
        findings.failed += [(station, rule, err) for (station, rule, *_), err in failed]
        refused = {(station.id, rule.kind, rule.key) for (station, rule, *_), _ in failed}
        confirmed = {key: pair for key, pair in findings.held.items() if key not in refused}
        recording.confirm(self.conn, self.catalog, confirmed, now)
        recording.save_states(self.conn, [s for s in findings.states if s[0] not in refused])
        for station_id, flags in findings.flags.items():
            readings.flag(self.conn, station_id, flags)
        for station, rule, err in findings.failed:
            self._poison(station, rule, err, now)
        if self.poisoned:
            self._heal(findings, now)
        self.counted["changes"] += len(findings.judged)
        self.counted["failures"] += len(findings.failed)

    def _poison(self, station: Station, rule: Rule, err: Exception, now: datetime) -> None:
        """A rule failed here: one alert per station says so, the first time also the audit trail; the rest goes on."""
        name = f"{rule.kind}/{rule.key}"
        known = self.poisoned.setdefault(station.id, set())
        if name in known:
            return
        known.add(name)
        log.error("rule %s failed at %s", name, station.id, exc_info=err)
        audit.audit(
            self.conn, ENGINE, "rule_failed", now, object=f"{station.id} {name}", ok=False,
            error=f"{type(err).__name__}: {err}"[:500],
        )  # fmt: skip
        message = f"规则“{rule.label}”判断出错，已跳过，请联系维护人员"
        evidence = {"rules": sorted(known), "version": rule.version, "error": f"{type(err).__name__}: {err}"[:500]}
        state = RuleState(level=Level.BLUE, seen_at=now)
        judgement = Judgement(state, "open", Level.BLUE, message=message, evidence=evidence)
        recording.apply(self.conn, self.catalog, station, upkeep.own_rule(rule), judgement, now, keep=False)

    def _heal(self, findings: Findings, now: datetime) -> None:
        """Rules that failed before and work again."""
        failed = {(s.id, f"{r.kind}/{r.key}") for s, r, _ in findings.failed}
        for station, rule in findings.worked:
            name = f"{rule.kind}/{rule.key}"
            if name not in self.poisoned.get(station.id, ()) or (station.id, name) in failed:
                continue
            self.poisoned[station.id].discard(name)
            if not self.poisoned[station.id]:
                del self.poisoned[station.id]
                judgement = Judgement(RuleState(), "clear", message=f"规则“{rule.label}”恢复正常判断，解除")
                recording.apply(self.conn, self.catalog, station, upkeep.own_rule(rule), judgement, now, keep=False)


# The process --------------------------------------------------------------------------------------------------------
def run(settings: Settings) -> int:
    """The engine as a process: steps whenever intake says something came, at least once a second; ends cleanly at
    SIGTERM or SIGINT, reconnects with growing pauses. Returns the exit status."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    chain.use(settings.secret)
    chain.ring()
    checkpoints.use(checkpoints.Place(checkpoints.file_of(settings.home), settings.syslog))
    catalog = catalogs.load(settings.catalog or None)
    Duties(catalog)  # a mistake in duties.toml ends the process at once, like any other of the catalog
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    tries = 0
    while not stop.is_set():
        try:
            with db.connect(settings.database_url, name="brain engine") as conn:
                conn.execute("LISTEN brain_intake")
                locating.spot(conn, 0.0, 0.0)  # reads the cells: the first event need not wait for them
                engine = Engine(conn, catalog)
                log.info("engine ready")
                while not stop.is_set():
                    if engine.step(datetime.now(UTC)):
                        tries = 0
                    else:
                        _wait(conn)
                engine.end(datetime.now(UTC))
        except Exception as err:
            # Not only a database that is away: a process that ends would be started again into the same mistake.
            pause = BACKOFF[min(tries, len(BACKOFF) - 1)]
            tries += 1
            away = isinstance(err, psycopg.OperationalError)
            log.error(
                "%s; next try in %s s", str(err).strip() or type(err).__name__, pause, exc_info=None if away else err
            )
            stop.wait(pause)
    log.info("engine ended")
    return 0


def _wait(conn: psycopg.Connection) -> None:
    """Until intake says that a batch was committed, at most a second."""
    for _ in conn.notifies(timeout=1.0, stop_after=1):
        pass
    for _ in conn.notifies(timeout=0):  # what came meanwhile is one and the same reason to look
        pass
