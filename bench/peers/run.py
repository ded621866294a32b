"""The trace of `make bench-intake` through Node-RED and collectd, on the same broker and database, counted in the sink.

    python -m bench.peers.run [ours] [node-red] [collectd]

Each plays four scenes: a steady stream; the same number of messages at once; and either with `kill -9` of the peer (in the
middle of the stream; when a third of the readings is in the sink), started again two seconds later. Afterwards the sink
is held against what the trace says, reading by reading. Settings: PEERS_PER_S (1000), PEERS_S (10), PEERS_NODE (the
folder Node-RED is installed into, made by npm where it is missing), BRAIN_TEST_POSTGRES_HOME. Writes results.json beside
this file and the table of README.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg

from brain.store import db
from tests.bench import play, trace
from tests.bench.city import TOP, City, Worker, city, free_port

HERE = Path(__file__).parent
PER_S = int(os.environ.get("PEERS_PER_S", 1000))
SECONDS = int(os.environ.get("PEERS_S", 10))
NODE = Path(os.environ.get("PEERS_NODE", Path(tempfile.gettempdir()) / "brain-peers-node"))
SCENES = ("steady", "at once", "steady, kill -9", "at once, kill -9")
DOWN_S = 2
LEAD_S = 4
QUIET_S = 11  # longer than any timer of a peer (collectd's interval is 10 s)
SINK = """
CREATE TABLE sink (station text, kind text, at timestamptz, seq text, value float8, PRIMARY KEY (station, kind, at, seq));
CREATE TABLE dead (topic text, payload text, reason text);
-- As collectd's own example collectd_insert.sql: all nine parameters, typed.
CREATE FUNCTION collectd_insert(at timestamptz, host text, plugin text, plugin_instance text, type text, type_instance text,
                                names text[], types text[], vals float8[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO sink SELECT host, trim(both '''' FROM u.name), at, '', u.value FROM unnest(names, vals) AS u (name, value)
      ON CONFLICT DO NOTHING
$$;
"""
TABLE = ("<!-- table -->", "<!-- end of table -->")


# The trace as each understands it -------------------------------------------------------------------------------------
def for_collectd(shot: trace.Shot) -> trace.Shot:
    """A message in collectd's own words, `time:value:value:value` under host/plugin/type; what is no JSON stays as it is."""
    host, kind = shot.topic.rsplit("/", 1)[1], "well" if "/drainage/" in shot.topic else "water"
    try:
        body = json.loads(shot.payload)
    except ValueError:
        payload = shot.payload
    else:
        if kind == "well":
            at, values = body["list"][0]["t"] / 1000, [row["v"] for row in body["list"]]
        else:
            at, values = datetime.fromisoformat(body["监测时间"]).timestamp(), list(body["数据"].values())
        payload = ":".join([f"{at:.3f}", *map(str, values)]).encode()
    readings = tuple(
        (place, f"depth{n}" if kind == "well" else what, ms, "", value)
        for n, (place, what, ms, _, value) in enumerate(shot.readings)
    )
    if kind == "well" and len(readings) == 2:  # the middle one of the three is the poison
        readings = (readings[0], (readings[1][0], "depth2", *readings[1][2:]))
    return shot._replace(topic=f"collectd/{host}/trace/{kind}", payload=payload, readings=readings)


FORMS = {"json": lambda shot: shot, "collectd": for_collectd}


def shots(form: str, total: int, begin: datetime, truth: trace.Truth) -> Iterator[trace.Shot]:
    return map(FORMS[form], trace.trace(total, PER_S, begin, truth))


def player(port: str, total: str, begin: str, paced: str, form: str) -> dict:
    """The sender, as a process of its own."""
    since = float(begin)
    ready = play.packets(shots(form, int(total), datetime.fromtimestamp(since, UTC), trace.Truth()))
    return asdict(play.play(int(port), ready, since) if paced == "paced" else play.play(int(port), list(ready), None))


# Peers ----------------------------------------------------------------------------------------------------------------
class Ours:
    """One worker of this project; its sink is `reading`."""

    form = "json"
    rows = "reading"
    dead = "SELECT count(*) AS n FROM dead_letter"
    about = "city-brain, `python -m ingest run`, one worker, shipped settings"

    def __init__(self, found: City, url: str):
        self.found, self.url = found, url
        self.worker: Worker | None = None

    def start(self) -> psutil.Process:
        self.worker = Worker(self.found, self.url, "peer-ours", "ours")
        self.worker.log.write_bytes(b"")
        self.worker.ready()
        return self.worker.about

    def kill(self) -> None:
        self.worker.kill()

    def stop(self) -> None:
        self.worker.stop()


class Started:
    """A peer that is one process; ready when it is connected to the broker."""

    rows = "sink"
    dead = "SELECT count(*) AS n FROM dead"
    process: subprocess.Popen

    def __init__(self, found: City, url: str):
        self.found = found
        self.database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        self.folder = Path(tempfile.mkdtemp(prefix="peer-", dir=found.folder))

    def _run(self, command: list[str], **more) -> psutil.Process:
        with open(self.folder / "out.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **more)
        about = psutil.Process(self.process.pid)
        until = time.monotonic() + 60
        while not any(c.raddr and c.raddr.port == self.found.broker.port and c.status == "ESTABLISHED"
                      for c in about.net_connections()):  # fmt: skip
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{type(self).__name__} did not start: {(self.folder / 'out.log').read_text()[-2000:]}")
            time.sleep(0.1)
        time.sleep(1)  # and has subscribed
        return about

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


class NodeRed(Started):
    form = "json"
    about = "Node-RED 4.1.8 with pg 8.23.1, `flow.json`: MQTT 5, QoS 1, kept session; one INSERT a message, pool of 10"

    def start(self) -> psutil.Process:
        if not (NODE / "node_modules" / "node-red").exists():
            NODE.mkdir(parents=True, exist_ok=True)
            shutil.copy(HERE / "package.json", NODE)
            subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=NODE, check=True)
        shutil.copy(HERE / "settings.js", NODE)
        env = os.environ | {
            "PEER_MQTT_PORT": str(self.found.broker.port), "PEER_PG_HOST": str(self.found.server.sockets),
            "PEER_PG_DATABASE": self.database, "PEER_UI_PORT": str(free_port()),
            "PEER_FLOW": str(shutil.copy(HERE / "flow.json", self.folder)),
        }  # fmt: skip
        red = NODE / "node_modules" / "node-red" / "red.js"
        return self._run(["node", str(red), "--userDir", str(NODE), "--settings", str(NODE / "settings.js")], env=env)


class Collectd(Started):
    form = "collectd"
    about = "collectd 5.12.0 (Debian 12), `collectd.conf`: mqtt QoS 1, kept session; postgresql writer, default queue"

    def start(self) -> psutil.Process:
        text = (HERE / "collectd.conf").read_text()
        words = {
            "FOLDER": self.folder, "TYPES": HERE / "types.db", "PORT": self.found.broker.port, "DATABASE": self.database,
            "SOCKET": self.found.server.sockets,
        }  # fmt: skip
        config = self.folder / "collectd.conf"
        config.write_text(re.sub("@([A-Z]+)@", lambda m: str(words[m[1]]), text))
        return self._run(["/usr/sbin/collectd", "-f", "-C", str(config)])


PEERS = {"ours": Ours, "node-red": NodeRed, "collectd": Collectd}


# Measuring ------------------------------------------------------------------------------------------------------------
def scene(found: City, name: str, what: str) -> dict:
    """One peer in one scene."""
    found.fresh_broker()
    url = found.fresh()
    with db.connect(url) as conn:
        conn.execute(SINK)
    peer = PEERS[name](found, url)
    about = peer.start()
    total, begin = PER_S * SECONDS, datetime.fromtimestamp(int(time.time()) + LEAD_S, UTC)
    cpu, rss, loads = _cpu(about), 0, []
    paced = "now" if what.startswith("at once") else "paced"
    words = (found.broker.port, total, begin.timestamp(), paced, peer.form)
    sender = subprocess.Popen(
        [sys.executable, "-m", "bench.peers.run", "play", *map(str, words)], stdout=subprocess.PIPE, text=True, cwd=TOP
    )
    killed = "kill" not in what
    moved, seen, first, last = time.monotonic(), 0, 0.0, 0.0
    with db.connect(url) as conn:
        while sender.poll() is None or time.monotonic() - moved < QUIET_S:
            due = time.time() > begin.timestamp() + SECONDS / 2 if paced == "paced" else seen >= total
            if due and not killed:
                peer.kill()
                time.sleep(DOWN_S)
                about, killed = peer.start(), True
            now = conn.execute(f"SELECT count(*) AS n FROM {peer.rows}").fetchone()["n"]
            if now != seen:
                moved, seen, last = time.monotonic(), now, time.time()
                first = first or last
            rss = max(rss, about.memory_info().rss)
            loads.append(os.getloadavg()[0])
            time.sleep(0.25)
        spent = _cpu(about) - cpu if "kill" not in what else None
        peer.stop()
        sent = json.loads(sender.communicate()[0])
        row = _against(conn, peer, total, begin)
    found.drop(url)
    row |= {
        "peer": name, "about": peer.about, "scene": what, "sent": sent["sent"], "acked": sent["acked"], "rss_mb": rss / 2**20,
        "cpu_10k_s": None if spent is None else spent / total * 10_000, "load": statistics.mean(loads),
        "rows_per_s": row["rows"] / (last - first) if last > first else None,
        "ready_after_s": None if paced == "now" else max(0.0, last - begin.timestamp() - SECONDS),
    }  # fmt: skip
    print(json.dumps(row), file=sys.stderr)
    return row


def _cpu(about: psutil.Process) -> float:
    times = about.cpu_times()
    return times.user + times.system


def _against(conn: psycopg.Connection, peer, total: int, begin: datetime) -> dict:
    """The sink held against the trace, reading by reading. `lost_news` are those lost that were neither late nor in a
    message with poison."""
    truth = trace.Truth()
    conn.execute("CREATE TEMP TABLE truth (station text, kind text, ms bigint, seq text, late boolean)")
    with conn.cursor().copy("COPY truth FROM STDIN") as copy:
        for shot in shots(peer.form, total, begin, truth):
            if not shot.repeated:
                for station, kind, ms, seq, _ in shot.readings:
                    late = ms < begin.timestamp() * 1000 - 3_600_000
                    copy.write_row((station, kind, ms, seq, late or shot.dead > 0))
    conn.execute(
        f"CREATE TEMP TABLE found AS SELECT station, kind, round(extract(epoch FROM at) * 1000)::bigint AS ms, seq,"
        f" count(*) AS n FROM {peer.rows} GROUP BY 1, 2, 3, 4"
    )
    row = conn.execute(
        "SELECT count(*) FILTER (WHERE t.station IS NOT NULL) AS wanted,"
        " count(*) FILTER (WHERE t.station IS NOT NULL AND f.station IS NULL) AS lost,"
        " count(*) FILTER (WHERE t.station IS NOT NULL AND f.station IS NULL AND NOT t.late) AS lost_news,"
        " coalesce(sum(f.n - 1) FILTER (WHERE t.station IS NOT NULL AND f.n > 1), 0)::bigint AS doubled,"
        " coalesce(sum(f.n) FILTER (WHERE t.station IS NULL), 0)::bigint AS untrue,"
        " coalesce(sum(f.n), 0)::bigint AS rows"
        " FROM truth t FULL JOIN found f USING (station, kind, ms, seq)"
    ).fetchone()
    letters = conn.execute(peer.dead).fetchone()["n"]
    return dict(row) | {"letters": letters, "again": truth.again, "letters_wanted": truth.dead, "poison": truth.poison}


def table(done: dict) -> str:
    """The results as lines of the README."""
    lines = [
        f"{done['when']}, storage body {done['body']}; {done['total']:,} messages at {done['per_s']:,} a second.", "",
        "| peer | scene | sent = acked | readings wanted | lost | … of them timely, in sound messages | doubled | untrue stored "
        "| refused kept | rows/s | behind at the end s | CPU s per 10,000 msg | RSS MB | load |",
        "|" + "---|" * 14,
    ]  # fmt: skip
    for row in done["rows"]:
        lines.append(
            f"| {row['peer']} | {row['scene']} | {row['sent']:,}{'' if row['sent'] == row['acked'] else ' ≠'} | {row['wanted']:,} "
            f"| {row['lost']:,} | {row['lost_news']:,} | {row['doubled']:,} | {row['untrue']:,} | {row['letters']:,} "
            f"| {_text(row['rows_per_s'], 0)} | {_text(row['ready_after_s'], 1)} | {_text(row['cpu_10k_s'], 2)} "
            f"| {row['rss_mb']:.0f} | {row['load']:.1f} |"
        )
    return "\n".join(lines)


def _text(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def main() -> int:
    wanted = sys.argv[1:] or list(PEERS)
    out = HERE / "results.json"
    kept = json.loads(out.read_text())["rows"] if out.exists() else []
    rows = {(r["peer"], r["scene"]): r for r in kept}
    with city() as found:
        body = found.body
        for what in SCENES:
            for name in wanted:
                rows[name, what] = scene(found, name, what)
    order = sorted(rows.values(), key=lambda r: (SCENES.index(r["scene"]), list(PEERS).index(r["peer"])))
    when = datetime.now(UTC).isoformat(timespec="seconds")
    done = {"when": when, "body": body, "per_s": PER_S, "total": PER_S * SECONDS, "rows": order}
    out.write_text(json.dumps(done, ensure_ascii=False, indent=1) + "\n")
    page = HERE / "README.md"
    before, rest = page.read_text().split(TABLE[0])
    page.write_text(before + TABLE[0] + "\n" + table(done) + "\n" + TABLE[1] + rest.split(TABLE[1])[1])
    print(table(done))
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["play"]:
        print(json.dumps(player(*sys.argv[2:])))
    else:
        sys.exit(main())
