"""`make faults`: every fault of the promise, with the shipped limits; prints a certificate and keeps it as `bench/faults.md`.

    python -m tests.faults [--body timescale] [--only NAME …] [--kills 200] [--outage 900000]

Each trial runs under 500 messages a second, one in a hundred of them poison and one in a hundred published twice. After each,
everything that the broker had acknowledged by then must be in the record once, or in the dead letter, and the accounts must
add up. The certificate is written anew after every trial, so that a run that is broken off leaves what it has shown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parents[1]
_spec = spec_from_file_location("faults_harness", HERE / "harness.py")
harness = sys.modules["faults_harness"] = module_from_spec(_spec)
_spec.loader.exec_module(harness)
trials = harness.load("trials")

GOALS = {
    "memory": ("≤200 MB", lambda n: n <= 200 << 20),
    "catch_up": ("≥5×", lambda n: n >= 5),
    "reconnect_s": ("≤30 s", lambda n: n <= 30),
    "recovered_s": ("≤30 s", lambda n: n <= 30),
    "flow": ("≥95 %", lambda n: n >= 0.95),
    "alive": ("yes", bool),
    "wrong": ("none", lambda found: not found),
}
SHOWN = {
    "memory": lambda n: f"memory +{n / 2**20:.1f} MB",
    "catch_up": lambda n: f"catch-up {n:.1f}×",
    "caught_up_s": lambda n: f"in {n:.1f} s",
    "backlog": lambda n: f"backlog {n:,}",
    "spilled": lambda n: f"spill {n / 2**20:.1f} MB",
    "reconnect_s": lambda n: f"reconnect {n:.1f} s",
    "recovered_s": lambda n: f"safe again after {n:.1f} s",
    "flow": lambda n: f"healthy flow {n:.1%}",
    "kills": lambda n: f"{n} kills",
    "busy": lambda n: f"{n} of them while receiving",
    "points": lambda n: f"{n} points",
    "restarts": lambda n: f"{n} restarts",
    "second": lambda n: f"{n:,} by the second worker",
    "took_s": lambda n: f"all refused after {n:.1f} s",
    "says": str,
    "wrong": lambda found: f"wrong: {'; '.join(found)}" if found else "",
    "alive": lambda yes: "" if yes else "the process ended",
}


class Run:
    """The trials of one run, on one city."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        home = os.environ.get("BRAIN_TEST_POSTGRES_HOME", "")
        self.city = harness.City(args.body, home)
        self.city.live()  # from its first subscription on, the broker keeps for the intake what is published
        self.city.kill_all()
        self.gateway = self.city.gateway()
        self.begun = time.monotonic()
        self.rows: list[dict] = []

    # What is tried
    def trials(self) -> list[tuple[str, str, Callable[[], dict]]]:
        city, gateway, many = self.city, self.gateway, self.args.kills
        return [
            ("points", "kill -9 of the intake at every named point", self.points),
            ("kills", "kill -9 of the intake at random instants, forked lives",
             lambda: trials.random_kills(city, many - many // 10, 1.0, seed=many, forked=True)),
            ("commands", "the same of `python -m ingest run`",
             lambda: trials.random_kills(city, many // 10, 4.0, seed=many, forked=False)),
            ("workers", "two workers on one shared subscription, one killed", lambda: trials.two_workers(city, gateway, 4)),
            ("crash", "kill -9 of PostgreSQL, five times", lambda: self.worst(
                5, lambda: trials.database_down(city, gateway, 0.2, "crash"), ("catch_up", "caught_up_s", "spilled"))),
            ("stop1", "PostgreSQL stopped for 1 s", lambda: self.brief(1)),
            ("stop60", "PostgreSQL stopped for 60 s", lambda: trials.database_down(city, gateway, 60, "stop")),
            ("frozen", "PostgreSQL stands still, hangs up on nobody", lambda: trials.database_frozen(city)),
            ("locked", "the table of readings locked by somebody", lambda: trials.table_locked(city)),
            ("full", "the database's disk full (SQLSTATE 53100)", lambda: trials.database_full(city, 5)),
            ("disks", "database away and the spill's disk full (RLIMIT_FSIZE)", lambda: trials.both_disks_full(city)),
            ("broker", "mosquitto restarted", lambda: trials.broker_restarts(city, 20)),
            ("half-open", "the line to the broker dead without a word", self.half_open),
            ("take-over", "another client takes the intake's id, three times",
             lambda: self.worst(3, lambda: trials.take_over(city, 2))),
            *[(f"poison{share}", f"{share} % poison beside healthy traffic", lambda block=block: self.poison(block))
              for share, block in ((1, 0), (10, 2), (100, 3))],
            ("row", "10,000 poison in a row", self.row),
            ("strange", "5 MB, NaN, NUL, GBK, full-width digits, s/ms/µs, 1970, 2099 …",
             lambda: {"wrong": trials.strange_messages(city)} if city.live() else {}),
            ("damage", "spill file cut, holed or a bit flipped at every byte", lambda: self.tests("test_spill_damage.py")),
            ("order", "any order, repetition and delay (property-based)", lambda: self.tests("test_any_order.py")),
            ("outage", f"PostgreSQL stopped while {self.args.outage:,} messages come in", self.outage),
        ]  # fmt: skip

    def worst(self, times: int, trial: Callable[[], dict], leave: tuple[str, ...] = ()) -> dict:
        """A trial several times over; of each figure the largest, except those left out."""
        seen: dict = {}
        for _ in range(times):
            for key, value in trial().items():
                if key not in leave:
                    seen[key] = min(value, seen.get(key, True)) if key == "alive" else max(value, seen.get(key, 0))
            self.city.kill_all()
        return seen

    def brief(self, seconds: float) -> dict:
        seen = trials.database_down(self.city, self.gateway, seconds, "stop")
        del seen["catch_up"]  # too small a backlog to measure a speed by
        return seen

    def points(self) -> dict:
        for point in harness.POINTS:
            died = self.city.die_at(point)
            if died.process.returncode != -9:
                raise AssertionError(f"{point}: ended with {died.process.returncode}")
            self.city.live()
            verdict = self.city.settled(120)
            if not verdict.right:
                raise AssertionError(f"{point}: {verdict}")
            self.city.kill_all()
        self.city.live()
        return {"points": len(harness.POINTS)}

    def half_open(self) -> dict:
        seen = trials.half_open(self.city)
        self.city.live()
        return seen

    def poison(self, block: int) -> dict:
        self.city.live(forked=False)
        other = self.city.gateway(f"poison-{block}")
        other.say(f"first {(block + 8) * harness.sender.BLOCK}")
        return trials.poison(self.city, self.gateway, other, block, 10, 500)

    def row(self) -> dict:
        self.city.live(forked=False)
        other = self.city.gateway("row")
        first = 15 * harness.sender.BLOCK
        before = self.city.judge(self.city.acked()).dead
        begun = time.monotonic()
        other.say(f"first {first}", f"until {first + 10_000}", "rate 100000")
        harness.until(lambda: other.count() >= 10_000, 120, "10,000 acknowledgements")
        verdict = self.city.settled(120)
        if verdict.dead - before < 10_000:
            raise AssertionError(f"only {verdict.dead - before:,} dead letters")
        return {"took_s": time.monotonic() - begun}

    def outage(self) -> dict:
        """As many messages as half an hour brings at 500 a second, as fast as they go: a scaled outage of 30 minutes."""
        one = self.city.live(forked=False)
        memory = trials.Memory(one)
        other = self.city.gateway("outage")
        begun = time.monotonic()
        self.city.server.stop()
        other.say(f"first {4 * harness.sender.BLOCK}", f"until {4 * harness.sender.BLOCK + self.args.outage}", "rate 100000")
        harness.until(lambda: other.count() >= self.args.outage, 900, "the acknowledgements of the outage")
        took, spilled = time.monotonic() - begun, self.city.spilled()
        self.city.start_database()
        seen = trials.caught_up(self.city, self.gateway, one, memory)
        return {"says": f"{self.args.outage / 500 / 60:.0f} min of traffic pressed into {took:.0f} s", "spilled": spilled} | seen

    def tests(self, file: str) -> dict:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--body", self.args.body, str(HERE / file)],
            cwd=TOP, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(TOP)},
        )  # fmt: skip
        last = done.stdout.strip().splitlines()[-1]
        return {"says": last, "wrong": [last] if done.returncode else []}

    # How it is tried
    def run(self) -> bool:
        try:
            for name, what, trial in self.trials():
                if self.args.only and name not in self.args.only:
                    continue
                print(f"{what} …", flush=True)
                self.rows.append(row := self.one(name, what, trial))
                print(f"    {'ok' if row['ok'] else 'FAILED'}  {row['seen']}  {row['verdict']}", flush=True)
                self.keep()
        finally:
            self.city.close()
        return all(row["ok"] for row in self.rows)

    def one(self, name: str, what: str, trial: Callable[[], dict]) -> dict:
        begun = time.monotonic()
        self.gateway.say("rate 500")
        seen: dict = {}
        trouble = ""
        try:
            seen = trial()
            seen.pop("verdict", None)
            seen.pop("block", None)
        except (AssertionError, OSError) as err:
            trouble = f"{type(err).__name__}: {str(err)[:300]}"
        if not any(one.alive() for one in self.city.intakes):
            self.city.live()
        verdict = self.city.settled(180)
        self.city.kill_all()
        missed = [key for key, (_, holds) in GOALS.items() if key in seen and not holds(seen[key])]
        shown = [text for key, value in seen.items() if key in SHOWN and (text := SHOWN[key](value))]
        return {
            "name": name,
            "what": what,
            "seen": ", ".join([*shown, *([trouble] if trouble else [])]),
            "figures": {k: v for k, v in seen.items() if isinstance(v, (int, float, str))},
            "missed": [f"{key} {GOALS[key][0]}" for key in missed],
            "seconds": time.monotonic() - begun,
            "verdict": str(verdict),
            "totals": {
                "sent": verdict.sent, "acknowledged": verdict.acked, "stored": verdict.stored,
                "duplicate": verdict.duplicate, "dead": verdict.dead, "missing": len(verdict.missing),
                "doubled": len(verdict.doubled), "false": len(verdict.false), "letters_again": verdict.letters_again,
            },
            "ok": verdict.right and not missed and not trouble,
        }  # fmt: skip

    # What is kept
    def keep(self) -> None:
        out = TOP / "bench"
        out.mkdir(exist_ok=True)
        about = {
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}",
            "body": self.args.body,
            "minutes": (time.monotonic() - self.begun) / 60,
        }
        (out / "faults.json").write_text(
            json.dumps({"about": about, "rows": self.rows}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        (out / "faults.md").write_text(self.certificate(about), encoding="utf-8")

    def certificate(self, about: dict) -> str:
        last = self.rows[-1]["totals"]
        worst = {
            key: pick(row["figures"][key] for row in self.rows if key in row["figures"])
            for key, pick in (("reconnect_s", max), ("recovered_s", max), ("memory", max), ("catch_up", min))
            if any(key in row["figures"] for row in self.rows)
        }
        ok = all(row["ok"] for row in self.rows)
        lines = [
            "# Certificate of delivery: what `make faults` did and found", "",
            f"{about['when']}, {about['machine']}, storage body {about['body']}, {about['minutes']:.0f} minutes. A durable "
            "PostgreSQL 18, mosquitto, `python -m ingest run` as a process with the shipped limits, and a gateway that writes "
            "down which of its QoS 1 messages the broker acknowledged.", "",
            f"**{'Held' if ok else 'NOT HELD'}.** Of {last['sent']:,} messages sent, {last['acknowledged']:,} were "
            f"acknowledged; {last['stored']:,} are stored, {last['dead']:,} refusals are in the dead letter "
            f"({last['letters_again']:,} of them written again after a kill), {last['duplicate']:,} came again. "
            f"**Missing {last['missing']}, doubled {last['doubled']}, false {last['false']}.** Worst: "
            + ", ".join(SHOWN[key](value) for key, value in worst.items()) + ".", "",
            "| fault | seen | goal missed | missing | doubled | s |", "|---|---|---|---|---|---|",
        ]  # fmt: skip
        for row in self.rows:
            t = row["totals"]
            lines.append(
                f"| {row['what']} | {row['seen']} | {', '.join(row['missed']) or ('' if row['ok'] else 'see seen')} | "
                f"{t['missing']} | {t['doubled']} | {row['seconds']:.0f} |"
            )
        lines += ["", "Named points: " + "; ".join(p.says for p in harness.POINTS.values()) + "."]
        return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--body", choices=["plain", "timescale"], default=os.environ.get("BRAIN_TEST_BODY", "plain"))
    parser.add_argument("--only", nargs="*", help="trials by name")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--outage", type=int, default=900_000, help="messages of the long outage; 500 a second is real time")
    run = Run(parser.parse_args())
    ok = run.run()
    print((TOP / "bench" / "faults.md").read_text(encoding="utf-8"))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
