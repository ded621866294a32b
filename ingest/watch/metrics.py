"""What this worker says to Prometheus: its accounts, its doors, and the few measures that the writer keeps beside them.

Why everything of one scrape comes from one `writer.counts()`: its accounts are taken at one instant, so that
received = stored + duplicate + dead + lost + in flight holds to the unit, whatever happens meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from ingest.write.batch import Writer
from ingest.write.counts import SECONDS, SIZES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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
