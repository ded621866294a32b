"""`make bench-intake`: one seeded trace through the real intake, at rising rates and as fast as it goes.

Writes `bench/intake.md` and `bench/intake.json`. `python -m tests.bench.bench_trace sustain` (or drain, steps) measures
one part anew and keeps the others as they were written. Settings: BENCH_RATES (messages a second,
"500,1000,2000,3000,5000"), BENCH_STEP_S (10), BENCH_DRAIN (30000 messages), BENCH_ROUNDS (3), BENCH_SUSTAIN_S (60; the
promise is for 600), BENCH_SUSTAIN_PER_S (3400, which is 10,200 readings a second), BENCH_SUSTAIN_WORKERS (1).
BRAIN_TEST_POSTGRES_HOME names a PostgreSQL 18 with TimescaleDB, without which nothing is compressed.

Three parts. Drain: as many messages wait in the broker for the bare paho loop, for one worker and for two; each takes
them turn about, and the same readings go through a raw COPY. Steps: workers wait, the player sends at a steady rate.
Sustain: the same for long, then the room a reading takes.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime

from brain.store import db
from tests.bench import trace
from tests.bench.city import (
    TOP,
    City,
    Player,
    Worker,
    bare,
    city,
    delays,
    drained_per_s,
    lost_and_doubled,
    sessions,
    settled,
    sizes,
    workers,
)  # fmt: skip

RATES = [int(r) for r in os.environ.get("BENCH_RATES", "500,1000,2000,3000,5000").split(",")]
STEP_S = int(os.environ.get("BENCH_STEP_S", 10))
DRAIN = int(os.environ.get("BENCH_DRAIN", 30_000))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
SUSTAIN_S = int(os.environ.get("BENCH_SUSTAIN_S", 60))
SUSTAIN_PER_S = int(os.environ.get("BENCH_SUSTAIN_PER_S", 3400))
SUSTAIN_WORKERS = int(os.environ.get("BENCH_SUSTAIN_WORKERS", 1))
BEHIND_S = 0.1  # a sender that fell further behind its plan was a bottleneck itself
OUT = TOP / "bench"


def main() -> int:
    parts = {"drain": _drain, "steps": _steps, "sustain": _sustain}
    wanted = sys.argv[1:] or list(parts)
    kept = OUT / "intake.json"
    done = json.loads(kept.read_text()) if kept.exists() and set(wanted) < set(parts) else {}
    with city() as found:
        about = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores", "python": platform.python_version(),
            "seed": trace.SEED, "devices": trace.DEVICES, "body": found.body,
        }  # fmt: skip
        if done.get("about", about) != about:
            raise SystemExit(f"{kept} was measured elsewhere ({done['about']}): measure all parts")
        done["about"] = about
        for part in wanted:
            done[part] = _part(parts[part], found)
    OUT.mkdir(exist_ok=True)
    kept.write_text(json.dumps(done, ensure_ascii=False, indent=1) + "\n")
    text = written(done)
    (OUT / "intake.md").write_text(text)
    print(text)
    return 0


def _part(measure, found: City) -> dict:
    before = os.getloadavg()[0]
    rows = measure(found)
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"), "rows": rows,
        "load": [round(before, 1), round(os.getloadavg()[0], 1)],
    }  # fmt: skip


# Parts ----------------------------------------------------------------------------------------------------------------
def _drain(found: City) -> list[dict]:
    rows = []
    for turn in range(ROUNDS):
        names = {1: [f"solo{turn}"], 2: [f"pair{turn}-1", f"pair{turn}-2"]}
        sessions(found.broker, [f"bare{turn}"])
        for many, waiting in names.items():
            sessions(found.broker, waiting, f"drain{turn}-{many}")
        player = Player(found.broker.port, DRAIN, SUSTAIN_PER_S, paced=False)
        sender, truth = player.result()
        bare_per_s = _child(found, f"bare{turn}", DRAIN)
        row = {"messages": DRAIN, "sent": sender.sent / sender.took_s, "bare": bare_per_s, "lost": 0, "doubled": 0}
        readings = truth.distinct / truth.received
        for many, waiting in names.items():
            per_s, lost, doubled = _taken(found, waiting, f"drain{turn}-{many}", truth)
            row[f"messages{many}"] = per_s * truth.messages / truth.received
            row[f"readings{many}"] = per_s * readings
            row["lost"] += lost
            row["doubled"] += doubled
        row["copy"] = _copy(found, player.begin)
        print(json.dumps(row), file=sys.stderr)
        rows.append(row)
    return rows


def _taken(found: City, names: list[str], share: str, truth: trace.Truth) -> tuple[float, int, int]:
    url = found.fresh()
    crew = [Worker(found, url, name, share) for name in names]
    with db.connect(url) as conn:
        lost, doubled = lost_and_doubled(truth, settled(conn, truth))
        per_s = drained_per_s(conn)
    for worker in crew:
        worker.stop()
    found.drop(url)
    return per_s, lost, doubled


def _child(found: City, name: str, wanted: int) -> float:
    """The bare loop as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_trace", "bare", str(found.broker.port), name, str(wanted)],
        cwd=TOP, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)["per_s"]


def _copy(found: City, begin: datetime) -> float:
    """Rows a second of a raw COPY of the same readings into `reading`, its key included."""
    lines = [
        f"{station}\t{kind}\t{datetime.fromtimestamp(ms / 1000, UTC).isoformat()}\t{seq}\t{value!r}\tok\t0\n"
        for shot in trace.trace(DRAIN, SUSTAIN_PER_S, begin, trace.Truth()) if not shot.repeated
        for station, kind, ms, seq, value in shot.readings
    ]  # fmt: skip
    blocks = ["".join(lines[at : at + 2000]) for at in range(0, len(lines), 2000)]
    url = found.fresh()
    with db.connect(url) as conn:
        begun = time.perf_counter()
        with conn.cursor().copy("COPY reading (station, kind, at, seq, value, quality, delay_s) FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        took = time.perf_counter() - begun
    found.drop(url)
    return len(lines) / took


def _steps(found: City) -> list[dict]:
    rows = []
    for many in (1, 2):
        for rate in RATES:
            row, url = _run(found, many, rate, STEP_S)
            found.drop(url)
            rows.append(row)
    return rows


def _sustain(found: City) -> list[dict]:
    row, url = _run(found, SUSTAIN_WORKERS, SUSTAIN_PER_S, SUSTAIN_S)
    with db.connect(url) as conn:
        row["bytes_before"], row["bytes_after"] = sizes(conn, found.body)
        row["series_rows"] = conn.execute(
            "SELECT avg(n)::float8 AS n FROM (SELECT count(*) AS n FROM reading GROUP BY station, kind) s"
        ).fetchone()["n"]
    found.drop(url)
    return [row]


def _run(found: City, many: int, per_s: int, seconds: int) -> tuple[dict, str]:
    """One steady run; its figures and its database. The broker is a fresh one: it would keep every message for the sessions
    of earlier runs, and stand still while it saves them all."""
    found.fresh_broker()
    url = found.fresh()
    crew = workers(found, url, many)
    for worker in crew:
        worker.ready()
    cpu, database = sum(w.cpu() for w in crew), found.database_cpu()
    loads = []
    player = Player(found.broker.port, per_s * seconds, per_s, paced=True)
    while player.playing():
        for worker in crew:
            worker.look()
        loads.append(os.getloadavg()[0])
        time.sleep(0.5)
    sent, truth = player.result()
    with db.connect(url) as conn:
        counts = settled(conn, truth)
        cpu, database = sum(w.cpu() for w in crew) - cpu, found.database_cpu() - database
        late = delays(conn)
    lost, doubled = lost_and_doubled(truth, counts)
    for worker in crew:
        worker.look()
        worker.stop()
    troubles = [line for w in crew for line in w.log.read_text(errors="replace").splitlines() if " INFO " not in line]
    row = {
        "workers": many, "per_s": per_s, "seconds": seconds, "sent": sent.sent, "acked": sent.acked,
        "sent_per_s": sent.sent / sent.took_s, "behind_ms": sent.behind_s * 1000, "bottleneck": sent.behind_s > BEHIND_S,
        **{key: counts[key] for key in ("received", "stored", "duplicate", "dead")},
        "truth": asdict(truth) | {"received": truth.received}, "lost": lost, "doubled": doubled, **late,
        "cpu_10k_s": cpu / sent.sent * 10_000, "database_cpu_10k_s": database / sent.sent * 10_000,
        "rss_mb": [w.rss / 2**20 for w in crew], "troubles": troubles[:20], "load": statistics.mean(loads),
    }  # fmt: skip
    print(json.dumps(row), file=sys.stderr)
    return row, url


# Words ----------------------------------------------------------------------------------------------------------------
def written(done: dict) -> str:
    """The measurements as a page."""
    about = done["about"]
    lines = [
        "# Measured by `make bench-intake`", "",
        f"{about['machine']}, Python {about['python']}, storage body {about['body']}; seed {about['seed']}, "
        f"{about['devices']:,} devices, 3 readings a message, 1 % poison, 1 % repeated, 2 % late, 5 % bursts within one "
        "millisecond (`tests/bench/trace.py`). Broker, database, intake and sender share the machine; "
        "the load average stands with each part. Read the ratios first.", "",
    ]  # fmt: skip
    lines += ["| goal | measured | met |", "|---|---|---|"]
    lines += [f"| {goal} | {measured} | {'yes' if met else 'no'} |" for goal, measured, met in _goals(done)] + [""]
    if part := done.get("drain"):
        rows = part["rows"]
        lines += [
            "## As fast as it goes", "",
            f"{rows[0]['messages']:,} messages wait in the broker for each; drained turn about in {len(rows)} rounds, median (lowest – "
            f"highest). {part['when']}, load {part['load'][0]} → {part['load'][1]}.", "",
            "| what | figure | of the bare loop | of raw COPY |", "|---|---|---|---|",
            f"| (a) bare paho receive loop | {_span(rows, 'bare')} msg/s | 1 | |",
        ]  # fmt: skip
        for many in (1, 2):
            a = _of_bare(rows, many)
            b = statistics.median(row[f"readings{many}"] / row["copy"] for row in rows)
            lines.append(
                f"| {many} worker{'s' * (many > 1)}, committed then acknowledged | {_span(rows, f'messages{many}')} msg/s, "
                f"{_span(rows, f'readings{many}')} readings/s stored | {a:.2f} | {b:.2f} |"
            )
        lines += [
            f"| (b) raw COPY into `reading` | {_span(rows, 'copy')} rows/s | | 1 |",
            f"| the sender | {_span(rows, 'sent')} msg/s | | |", "",
            f"Lost {sum(r['lost'] for r in rows)}, doubled {sum(r['doubled'] for r in rows)}.", "",
        ]  # fmt: skip
    head = [
        "| workers | msg/s asked | sent | acked by the broker | stored | duplicate | dead | lost | doubled | p50 ms | p95 ms "
        "| p99 ms | CPU s per 10,000 msg: workers | … database | RSS MB each | sender behind ms | load |",
        "|" + "---|" * 17,
    ]
    if part := done.get("steps"):
        lines += ["## At rising rates", "", f"{part['rows'][0]['seconds']} s each. {part['when']}.", "", *head]
        lines += [_line(row) for row in part["rows"]] + ["", *_notes(part["rows"])]
    if part := done.get("sustain"):
        row = part["rows"][0]
        after = "not measured (no TimescaleDB)" if row["bytes_after"] is None else f"{row['bytes_after']:.2f}"
        readings = (row["stored"] + row["duplicate"]) / row["sent"] * row["sent_per_s"]
        lines += [
            "## For long", "", f"{row['seconds']} s, {readings:,.0f} sound readings/s sent. {part['when']}.", "", *head,
            *map(_line, part["rows"]), "", *_notes(part["rows"]),
            f"Bytes a reading in `reading`, its key included: {row['bytes_before']:.0f} as written; compressed {after} "
            f"({row['series_rows']:,.0f} readings a series).", "",
        ]  # fmt: skip
    lines += [
        "Delays run from the instant a message was due to be sent (so a sender that is behind counts against intake) to the "
        "time PostgreSQL gives the commit (`pg_xact_commit_timestamp`, taken just before the log is flushed); late "
        "readings are left out. Stored, duplicate and dead count readings, and one for a message that cannot be read. "
        "Lost and doubled are counted in the tables `reading` and `dead_letter` against what the trace says, and the sum "
        "of all values must agree.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _goals(done: dict) -> list[tuple[str, str, bool]]:
    """(goal, what was measured, met) of the promises."""
    goals = []
    if part := done.get("drain"):
        for many in (1, 2):
            ratio = _of_bare(part["rows"], many)
            goals.append((f"≥0.8 × the bare receive loop, {many} worker{'s' * (many > 1)}", f"{ratio:.2f}", ratio >= 0.8))
    if part := done.get("sustain"):
        row = part["rows"][0]
        readings = (row["stored"] + row["duplicate"]) / row["sent"] * row["sent_per_s"]
        fast = row["sent_per_s"] >= 3000 and readings >= 10_000 and row["seconds"] >= 600
        said = f"{row['sent_per_s']:,.0f} msg/s, {readings:,.0f} readings/s for {row['seconds']} s, {row['lost']} lost"
        goals.append(("≥3,000 msg/s and ≥10,000 readings/s for 10 min, 0 lost", said, fast and not row["lost"]))
        goals.append(("publish → committed p99 ≤1 s", f"{row['p99']:,.0f} ms", row["p99"] <= 1000))
        if row["bytes_after"] is not None:
            size = row["bytes_after"]
            goals.append(("≤4 bytes a reading compressed", f"{size:.2f}", size <= 4))
    return goals


def _of_bare(rows: list[dict], many: int) -> float:
    return statistics.median(row[f"messages{many}"] / row["bare"] for row in rows)


def _line(row: dict) -> str:
    return (
        f"| {row['workers']} | {row['per_s']:,} | {row['sent']:,} | {row['acked']:,} | {row['stored']:,} | {row['duplicate']:,} "
        f"| {row['dead']:,} | {row['lost']} | {row['doubled']} | {row['p50']:,.0f} | {row['p95']:,.0f} | {row['p99']:,.0f} "
        f"| {row['cpu_10k_s']:.2f} | {row['database_cpu_10k_s']:.2f} | {' + '.join(f'{mb:.0f}' for mb in row['rss_mb'])} "
        f"| {row['behind_ms']:,.0f} | {row['load']:.1f} |"
    )


def _notes(rows: list[dict]) -> list[str]:
    slow = [f"{r['workers']} × {r['per_s']:,}" for r in rows if r["bottleneck"]]
    said = f"In {', '.join(slow)} the sender itself fell more than {BEHIND_S * 1000:.0f} ms behind its plan for want of CPU."
    return [said, ""] if slow else []


def _span(rows: list[dict], key: str) -> str:
    found = [row[key] for row in rows]
    return f"{statistics.median(found):,.0f} ({min(found):,.0f} – {max(found):,.0f})"


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        print(json.dumps(bare(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
    else:
        sys.exit(main())
