"""The whole demo as a newcomer runs it: seconds to ready, memory of every process, publish → pixel in a real browser."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
from playwright.sync_api import sync_playwright

from brain.commands.pictures import FLAGS, session_of
from brain.settings import read
from brain.store import db

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
WARM_S = 60
DEPTHS = (16.0, 28.0, 41.0)  # cm: yellow, orange, red; each round shows another value
ROUNDS = len(DEPTHS)
GAUGES = [f"PD-{n:02d}" for n in range(4, 16)]
WAIT_FOR = """(text) => new Promise((done, fail) => {
  const seen = () => document.body.innerText.includes(text);
  if (seen()) return done(performance.timeOrigin + performance.now());
  const watch = new MutationObserver(() => { if (seen()) { watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.timeOrigin + performance.now()))); } });
  watch.observe(document.body, {subtree: true, childList: true, characterData: true});
  setTimeout(() => { watch.disconnect(); fail(new Error('not shown: ' + text)); }, 8000);
})"""


def _up():
    """The helper of tests/run, loaded by path: tests are no packages."""
    spec = importlib.util.spec_from_file_location("run_up", HERE.parent / "run" / "test_up.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_up"] = module
    spec.loader.exec_module(module)
    return module.Up


def _percentiles(values: list[float]) -> tuple[float, float, float]:
    cut = statistics.quantiles(values, n=100, method="inclusive")
    return cut[49], cut[94], cut[98]


def _memory(up) -> dict[str, float]:
    """Resident MB by process name; PostgreSQL's shared buffers are counted once (proportional set size)."""
    found: dict[str, float] = {}
    top = psutil.Process(up.process.pid)
    for process in [top, *top.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            name = process.name()
            if "-m" in line:
                name = " ".join(line[line.index("-m") + 1 : line.index("-m") + 3])
            found[name] = found.get(name, 0.0) + process.memory_full_info().pss / 2**20
    return found


def rows() -> list[dict]:
    out: list[dict] = []
    with tempfile.TemporaryDirectory(prefix="brain-bench-") as folder:
        up = _up()(Path(folder) / "var")
        try:
            first = up.start()
            out.append({"what": "first start, installed → ready", "figure": first, "unit": "s", "goal": "≤300"})
            up.stop()
            second = up.start()
            out.append({"what": "second start → ready", "figure": second, "unit": "s", "goal": "≤15"})
            time.sleep(WARM_S)
            memory = _memory(up)
            for name, mb in sorted(memory.items()):
                out.append({"what": f"memory {name}", "figure": mb, "unit": "MB"})
            out.append(
                {"what": "memory, all processes", "figure": sum(memory.values()), "unit": "MB", "goal": "≤1,536"}
            )
            out += _pixels(up)
        finally:
            up.stop()
    return out


def _pixels(up) -> list[dict]:
    settings = read({k: v for k, v in up.env.items() if k.startswith("BRAIN_")})
    took: list[float] = []
    from brain.commands.check import database_url

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", settings.mqtt_port)
    client.loop_start()
    with (
        db.connect(database_url(settings), name="bench") as conn,
        session_of(conn, settings, "operator1") as token,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN").new_page()
        page.context.add_cookies([{"name": "brain_session", "value": token, "domain": "127.0.0.1", "path": "/"}])
        page.goto(f"http://127.0.0.1:{up.port}/", wait_until="load")
        page.wait_for_selector("#wall-map canvas", timeout=60_000)
        time.sleep(8)
        for turn in range(ROUNDS):
            for n, gauge in enumerate(GAUGES):
                depth = DEPTHS[turn] + n / 10 + turn / 100
                text = f"{depth:.1f} cm"
                page.evaluate(f"void (window.__seen = ({WAIT_FOR})({json.dumps(text)}).catch(() => 0))")
                payload = {"dev": gauge, "list": [{"p": "pond", "v": depth, "u": "cm", "t": time.time()}]}
                sent = time.time() * 1000
                client.publish(f"city/441402/drainage/cgj/{gauge}", json.dumps(payload), qos=1)
                shown = page.evaluate("window.__seen")
                if shown:
                    took.append(shown - sent)
        browser.close()
    client.loop_stop()
    client.disconnect()
    if len(took) < 5:
        raise RuntimeError(f"only {len(took)} of {ROUNDS * len(GAUGES)} alerts reached the screen")
    p50, p95, p99 = _percentiles(took)
    asked = ROUNDS * len(GAUGES)
    note = f"{len(took)} of {asked} alerts, replay running"
    return [
        {"what": "publish → pixel p50", "figure": p50, "unit": "ms", "reference": note, "goal": "≤1,000"},
        {"what": "publish → pixel p95", "figure": p95, "unit": "ms", "reference": note, "goal": "≤2,000"},
        {"what": "publish → pixel p99", "figure": p99, "unit": "ms", "reference": note, "goal": "≤3,000"},
    ]
