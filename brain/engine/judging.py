"""From new readings to judgements: which rules to ask at which station, with which trail and memory. Reads, never
writes.

One query a chunk for the rules' memories and one or few for the trails, whatever the number of readings. A rule that
fails is a failure of that rule at that station and of nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog, Rule
from brain.flow.alerts import recording
from brain.flow.alerts.recording import Key
from brain.flow.measured import readings
from brain.model import TRUSTED, Judgement, Quality, Reading, RuleState, Station
from brain.rules import thresholds
from brain.store import db

NOTHING = RuleState()
TRIES = 100  # changes of one rule in one chunk; more than that is a rule that does not come to rest
LOOK_BACK = (timedelta(days=2), timedelta(days=60))  # how far a trail may reach: at least, at most


@dataclass(slots=True)
class Memory:
    """What a rule remembers, and when it wants to be asked again."""

    state: RuleState = NOTHING
    due: datetime | None = None


@dataclass(slots=True)
class Findings:
    """What a chunk of readings, or the passing of time, comes to."""

    judged: list[tuple[Station, Rule, Judgement, bool]] = field(default_factory=list)  # changes, in order; late?
    states: list[tuple[Key, RuleState, datetime | None]] = field(default_factory=list)  # memories that changed
    held: dict[Key, tuple[Station, Rule]] = field(default_factory=dict)  # levels that live data confirm
    flags: dict[str, list[tuple[str, datetime, str, Quality]]] = field(default_factory=dict)  # by station
    failed: list[tuple[Station, Rule, Exception]] = field(default_factory=list)
    worked: list[tuple[Station, Rule]] = field(default_factory=list)


def memories(conn: psycopg.Connection, stations: Iterable[str]) -> dict[Key, Memory]:
    rows = db.many(conn, "engine_states", stations=sorted(set(stations)))
    return {(r["station"], r["kind"], r["rule"]): Memory(recording.state_of(r["state"]), r["due"]) for r in rows}


def judge_readings(
    conn: psycopg.Connection,
    catalog: Catalog,
    stations: Mapping[str, Station],
    fresh: Sequence[tuple[Reading, bool]],
    now: datetime,
) -> Findings:
    """Judge new readings, each with whether it was back-filled, in one go."""
    by_station: defaultdict[str, list[tuple[Reading, bool]]] = defaultdict(list)
    for reading, late in fresh:
        if (station := stations.get(reading.station)) and station.active:
            by_station[reading.station].append((reading, late))
    asked = {name: catalog.rules_for(stations[name], {r.kind for r, _ in found}) for name, found in by_station.items()}
    held = memories(conn, by_station)
    trails = _trails(conn, catalog, asked, by_station)
    findings = Findings()
    for name, rules in asked.items():
        late_at = _late_at(by_station[name])
        came = {r.kind for r, late in by_station[name] if not late and r.quality in TRUSTED}
        _judge_station(findings, stations[name], rules, trails[name], held, now, late_at, came)
    return findings


def judge_due(
    conn: psycopg.Connection, catalog: Catalog, due: Sequence[tuple[Station, Rule, Memory]], now: datetime
) -> Findings:
    """Ask rules again because time has passed."""
    wanted: dict[tuple[str, str], int] = {}
    for station, rule, _ in due:
        for kind in rule.inputs:
            wanted[station.id, kind] = max(wanted.get((station.id, kind), 0), thresholds.reach(rule))
    trails = _fetch(conn, catalog, wanted, now)
    findings = Findings()
    for station, rule, memory in due:
        key = (station.id, rule.kind, rule.key)
        _judge_station(findings, station, [rule], trails[station.id], {key: memory}, now, {}, set())
    return findings


def _judge_station(
    findings: Findings,
    station: Station,
    rules: Sequence[Rule],
    trail: list[Reading],
    held: Mapping[Key, Memory],
    now: datetime,
    late_at: Mapping[tuple[str, datetime], bool],
    came: set[str],
) -> None:
    """All rules at one station; flags of the first ones are laid over the trail before the next are asked."""
    for rule in rules:
        key = (station.id, rule.kind, rule.key)
        memory = held.get(key, Memory())
        mine = [r for r in trail if r.kind in rule.inputs]
        try:
            found = thresholds.judge_all(rule, station, mine, memory.state, now)
            recording.state_text(found[-1].state)  # a memory that cannot be written down is the rule's failure, too
        except Exception as err:
            findings.failed.append((station, rule, err))
            continue
        findings.worked.append((station, rule))
        last = found[-1]
        due = last.due if last.due is None or last.due > now else now + timedelta(minutes=1)
        if last.state != memory.state or due != memory.due:
            findings.states.append((key, last.state, due))
        for judgement in found:
            if judgement.action != "hold":
                findings.judged.append((station, rule, judgement, _is_late(rule, mine, judgement, late_at)))
            if judgement.flags:
                findings.flags.setdefault(station.id, []).extend(judgement.flags)
                trail = thresholds.with_flags(trail, judgement.flags)
        if last.state.level is not None and not came.isdisjoint(rule.inputs):
            findings.held[key] = (station, rule)


def _late_at(fresh: Sequence[tuple[Reading, bool]]) -> dict[tuple[str, datetime], bool]:
    return {(r.kind, r.at): late for r, late in fresh}


def _is_late(
    rule: Rule, trail: Sequence[Reading], judgement: Judgement, late_at: Mapping[tuple[str, datetime], bool]
) -> bool:
    """Whether the record that decided was back-filled. What only the clock decided is of now."""
    at = judgement.state.seen_at
    if thresholds.by_clock(rule) or at is None:
        return False
    causes = [r for r in trail if r.at == at]
    return bool(causes) and all(late_at.get((r.kind, r.at), r.quality == Quality.LATE) for r in causes)


# Trails -------------------------------------------------------------------------------------------------------------
def _trails(
    conn: psycopg.Connection,
    catalog: Catalog,
    asked: Mapping[str, Sequence[Rule]],
    fresh: Mapping[str, Sequence[tuple[Reading, bool]]],
) -> dict[str, list[Reading]]:
    """Trails of all stations of a chunk, from its oldest reading's past up to its newest reading."""
    wanted: dict[tuple[str, str], int] = {}
    newest: dict[str, datetime] = {}
    for name, rules in asked.items():
        counts: defaultdict[str, int] = defaultdict(int)
        for reading, _ in fresh[name]:
            counts[reading.kind] += 1
        newest[name] = max(r.at for r, _ in fresh[name])
        for rule in rules:
            for kind in rule.inputs:
                need = thresholds.reach(rule) + max(counts[k] for k in rule.inputs)
                wanted[name, kind] = max(wanted.get((name, kind), 0), need)
    oldest = min((r.at for found in fresh.values() for r, _ in found), default=None)
    trails = _fetch(conn, catalog, wanted, oldest, max(newest.values(), default=None))
    # What is stored but not yet consumed belongs to a later chunk: there it is known whether it was back-filled.
    return {name: [r for r in trails[name] if r.at <= newest[name]] for name in asked}


def _fetch(
    conn: psycopg.Connection,
    catalog: Catalog,
    wanted: Mapping[tuple[str, str], int],
    oldest: datetime | None,
    until: datetime | None = None,
) -> defaultdict[str, list[Reading]]:
    """Newest records of each pair, up to `until`: while the engine catches up, younger ones that are stored already would
    push out those it has come to. Pairs that need many records (a back-fill) are asked apart, so that they do not make
    the others' trails long."""
    out: defaultdict[str, list[Reading]] = defaultdict(list)
    buckets: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for pair, need in wanted.items():
        buckets[max(need - 1, 1).bit_length()].append(pair)
    for size, pairs in buckets.items():
        need = max(wanted[p] for p in pairs)
        reach = timedelta(seconds=2 * need * max(catalog.kinds[k].period_s for _, k in pairs))
        since = None if oldest is None else oldest - min(max(reach, LOOK_BACK[0]), LOOK_BACK[1])
        for name, found in readings.trails(conn, pairs, since=since, until=until, limit=1 << size).items():
            out[name] += found
    if len(buckets) > 1:
        for found in out.values():
            found.sort(key=lambda r: (r.at, r.kind, r.seq))
    return out
