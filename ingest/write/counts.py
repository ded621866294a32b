"""The accounts of this worker as Prometheus reads them, and the few measures that the writer keeps beside them.

Why everything of one scrape comes from one `writer.counts()`: its accounts are taken at one instant, so that
received = stored + duplicate + dead + lost + in flight holds to the unit, whatever happens meanwhile.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

if TYPE_CHECKING:
    from ingest.write.batch import Counts, Writer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SIZES = (1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 8000)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Measures:
    """Counted under the writer's lock, a few additions a batch; read from any thread."""

    def __init__(self) -> None:
        self.sizes = [0] * (len(SIZES) + 1)
        self.seconds = [0] * (len(SECONDS) + 1)
        self.entries = 0
        self.spent_s = 0.0
        self.commit_at: datetime | None = None
        self.spill_units = 0
        self.spill_bytes = 0

    def committed(self, entries: int, spent_s: float, at: datetime) -> None:
        self.sizes[bisect_left(SIZES, entries)] += 1
        self.seconds[bisect_left(SECONDS, spent_s)] += 1
        self.entries += entries
        self.spent_s += spent_s
        self.commit_at = at


def counts_as_json(counts: dict[str, Counts]) -> dict[str, dict[str, int]]:
    """The accounts as a heartbeat carries them."""
    return {
        feed: {
            "received": c.received, "stored": c.stored, "duplicate": c.duplicate, "dead": c.dead, "lost": c.lost,
            "in_flight": c.in_flight,
        }
        for feed, c in counts.items()
    }  # fmt: skip


def door_states(writer: Writer) -> dict[str, dict[str, Any]]:
    """What each door says of itself: `connected`, and more where it has more to say. A door without a `state` of its own
    is connected as long as it has not failed."""
    found = {}
    for name, door in writer.doors.items():
        state = getattr(door, "state", None)
        found[name] = state() if state is not None else {"connected": not door.failed}
    return found


def exposition(writer: Writer) -> bytes:
    """The answer to GET /metrics of this worker."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(writer))  # type: ignore[arg-type]
    return generate_latest(registry)


class _Collector:
    def __init__(self, writer: Writer):
        self.writer = writer

    def collect(self) -> Iterator[Metric]:
        writer, measures = self.writer, self.writer.measures
        worker = writer.worker
        counts = writer.counts()
        says = {
            "received": "Readings and refusals handed over by the doors",
            "stored": "Readings stored",
            "duplicate": "Readings that were there already",
            "dead": "Refusals in the dead letter",
            "lost": "Readings that a damaged spill file took with it",
        }
        for what, sentence in says.items():
            family = CounterMetricFamily(f"brain_intake_{what}", sentence, labels=["worker", "feed"])
            for feed, c in counts.items():
                family.add_metric([worker, feed], getattr(c, what))
            yield family
        flying = GaugeMetricFamily(
            "brain_intake_in_flight", "Readings and refusals in memory or in the spill", labels=["worker", "feed"]
        )
        for feed, c in counts.items():
            flying.add_metric([worker, feed], c.in_flight)
        yield flying
        queued, waiting_s = writer.waiting()
        yield _gauge("queued", "Readings and refusals in memory", worker, queued)
        yield _gauge("waiting_seconds", "Age of the oldest message in memory", worker, waiting_s)
        yield _gauge("spill_units", "Readings and refusals in the spill", worker, measures.spill_units)
        yield _gauge("spill_bytes", "Bytes in the spill", worker, measures.spill_bytes)
        if measures.commit_at is not None:
            age = (writer.now() - measures.commit_at).total_seconds()
            yield _gauge("last_commit_age_seconds", "Time since the last commit", worker, max(age, 0.0))
        states = door_states(writer)
        up = GaugeMetricFamily("brain_intake_door_up", "Whether a door is connected", labels=["worker", "door"])
        for name, state in states.items():
            up.add_metric([worker, name], bool(state["connected"]))
        yield up
        limited = CounterMetricFamily(
            "brain_intake_push_limited", "Pushes refused because their key pushes too often", labels=["worker", "key"]
        )
        for key, n in states.get("http", {}).get("limited", {}).items():
            limited.add_metric([worker, key], n)
        yield limited
        yield _histogram(
            "batch_size", "Readings and refusals of a commit", worker, SIZES, measures.sizes, measures.entries
        )
        yield _histogram(
            "commit_seconds", "Time of a commit", worker, SECONDS, measures.seconds, measures.spent_s
        )  # fmt: skip


def _gauge(name: str, says: str, worker: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"brain_intake_{name}", says, labels=["worker"])
    family.add_metric([worker], value)
    return family


def _histogram(
    name: str, says: str, worker: str, bounds: tuple[float, ...], counts: list[int], total: float
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"brain_intake_{name}", says, labels=["worker"])
    buckets, running = [], 0
    for bound, n in zip([*(f"{b:g}" for b in bounds), "+Inf"], counts, strict=True):
        running += n
        buckets.append((bound, running))
    family.add_metric([worker], buckets, total)
    return family
