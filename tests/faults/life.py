"""Lives of the intake process that end by their own SIGKILL at a named point.

It imports the product and forks a life for every line of stdin (JSON: `env`, `log`, `point`, `limit`). A life wraps the
function at which its point lies and runs `python -m ingest run` from where that command begins. So the product holds no line
for tests, a point is as exact as a function call, and a life begins within milliseconds. `limit` is the size that no file
the life writes may exceed, which is what a full disk looks like. On stdout: `born PID`, `dead PID CODE`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Point:
    """Die at the `nth` call of `of` (module:dotted name), `when` it begins ("before") or has returned ("after").

    `needs`: "" (a healthy city), "away" (no database), "backlog" (a spill of an earlier life, database back), "refusal" (the
    database refuses one value, so that batches are cut in half). `only` looks at the arguments.
    """

    says: str
    of: str
    when: str
    nth: int = 1
    needs: str = ""
    only: Callable[..., bool] = lambda *args, **more: True


POINTS = {
    "received": Point("received, not yet queued", "ingest.write.batch:Writer.put", "before", 60),
    "queued": Point("queued, not in a batch", "ingest.write.batch:Writer.put", "after", 60),
    "batch": Point("a batch is made, nothing written", "ingest.write.batch:write", "before", 3),
    "inserted": Point("inside the transaction, after the insert", "brain.store.db:run", "before", 3,
                      only=lambda conn, name, **more: name == "feeds_counted"),
    "uncommitted": Point("everything written, before COMMIT", "ingest.write.commit:store_all", "after", 3),
    "committed": Point("after COMMIT, before it is booked", "ingest.write.batch:Writer._settle", "before", 3),
    "booked": Point("booked, before any acknowledgement", "ingest.write.batch:Writer._settle", "after", 3),
    "acking": Point("in the middle of a batch's acknowledgements", "ingest.doors.mqtt:Door._acked", "after", 60),
    "ack_packed": Point("acknowledgements made, not sent", "ingest.doors.mqtt:puback", "after", 3),
    "ack_sent": Point("after an acknowledgement was sent", "ingest.doors.mqtt_stream:Stream.send", "after", 3,
                      only=lambda self, data: data[:1] == b"\x40"),
    "halved": Point("half of a refused batch is committed", "ingest.write.commit:write", "after", 1, "refusal"),
    "spill_before": Point("before the spill is written", "ingest.write.spill:Spill.put", "before", 2, "away"),
    "spill_opened": Point("a new spill file, still empty", "ingest.write.spill:Spill._open_next", "after", 1, "away"),
    "spill_torn": Point("half a record written to the spill", "ingest.write.spill:os.write", "half", 2, "away"),
    "spill_unsynced": Point("spill written, before fsync", "ingest.write.spill:os.fsync", "before", 3, "away"),
    "spill_synced": Point("after fsync, before acknowledgement", "ingest.write.spill:Spill.put", "after", 2, "away"),
    "start": Point("at start, while the spill is read", "ingest.write.spill:Spill._read", "after", 1, "backlog"),
    "drain_read": Point("a portion of the spill is read", "ingest.write.spill:Spill.peek", "after", 1, "backlog"),
    "drain_committed": Point("the portion is committed, not done", "ingest.write.spill:Spill.done", "before", 1, "backlog"),
    "unlink_before": Point("before a drained file is deleted", "pathlib:Path.unlink", "before", 1, "backlog",
                           only=lambda path, *rest, **more: path.suffix == ".spill"),
    "unlink_after": Point("after a drained file is deleted", "pathlib:Path.unlink", "after", 1, "backlog",
                          only=lambda path, *rest, **more: path.suffix == ".spill"),
    "connected": Point("connected, before subscribing", "ingest.doors.mqtt:Door._subscribe", "before", 1),
}  # fmt: skip


class _Os:
    """`os` as one module sees it, so that a wrapped `write` is not everybody's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: Point) -> None:
    """Wrap the function of a point."""
    import importlib

    module, _, path = point.of.partition(":")
    owner: Any = importlib.import_module(module)
    if path.startswith("os."):
        owner.os = _Os()
    *way, name = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    real, left = getattr(owner, name), point.nth

    def wrapped(*args: Any, **more: Any) -> Any:
        nonlocal left
        if not point.only(*args, **more):
            return real(*args, **more)
        left -= 1
        mine = left == 0  # asked now: the call may call itself
        if mine and point.when == "half":
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
            die()
        if mine and point.when == "before":
            die()
        done = real(*args, **more)
        if mine:
            die()
        return done

    setattr(owner, name, wrapped)


def live(env: dict[str, str], log: str, point: str, limit: int) -> int:
    """The life itself, in the forked process."""
    import ingest.__main__ as intake

    os.environ.clear()
    os.environ.update(env)
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(file, 1)
    os.dup2(file, 2)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if point:
        arm(POINTS[point])
    return intake.main(["run"])


def serve() -> None:
    """Fork a life a line; say when it was born and when it died."""
    import ingest.doors.mqtt
    import ingest.worker  # noqa: F401 - imported here, once for all lives
    from brain import catalog
    from ingest import feeds

    catalog.load(os.environ.get("BRAIN_CATALOG") or None)
    feeds.load()
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = live(**asked)
            except BaseException:
                traceback.print_exc()  # into the life's log: a fault of the harness must name itself
            finally:
                sys.stderr.flush()
                os._exit(code)
        print("born", pid, flush=True)
        threading.Thread(target=bury, args=[pid], daemon=True).start()


def bury(pid: int) -> None:
    print("dead", pid, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
