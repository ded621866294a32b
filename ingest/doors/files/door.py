"""The file door: what is laid into `drop/<feed>/` is taken in row by row, and never lost.

A file is taken when nobody has it open for writing and its size has stood still for a while, or at once when its mapping
lies beside it (`<name>.map.json`, which the upload page writes first). Taking is a rename into `taking/<worker>/`; when every
row is safe (committed, or in the spill) the file goes to `done/`, or to `failed/` when it cannot be read as a whole, with
`<name>.report.json`.

Why nothing is kept of how far a file came: a kill in its middle leaves it in `taking/`, the next process reads it from the
start, and what was stored the first time is a duplicate. Only its dead letters would stand twice; the old ones are closed.

Whose a file is: what is laid into `drop/<feed>/` itself is the platform's own hand (the district's IT office) and may name any
station; what is laid into `drop/<feed>/<department>/`, or uploaded by a department's person, names that department in its
mapping, and its rows about the stations of others are refused (`owners.py`).

While the database is away files simply wait in their folder.

What lies in `done/` and `failed/` is deleted after so many days (`files.done_days`, `files.refused_days`), because sheets of
the hotline hold what callers said of themselves, and all that anybody needs of them is in the record by then.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain import catalog as catalogs
from brain.catalog.records import Catalog, Taker
from brain.city import ZONE
from brain.settings import BadSetting, Settings
from brain.sheets import cells, columns, reading
from brain.sheets.reading import BadSheet
from brain.store import db
from ingest import feeds
from ingest.practice import Practice
from ingest.write.batch import Writer
from ingest.write.fault import blames_data, first_line
from ingest.write.message import Outcome
from ingest.write.stations import Book, Known

log = logging.getLogger("ingest")

MAP = ".map.json"
REPORT = ".report.json"
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", MAP)
TAKING, DONE, FAILED = "taking", "done", "failed"
WAIT_S = 0.5
CLEAR_S = 3600.0  # how often it is looked for originals whose days are over
DAY_S = 86400
RESTS = 7  # a file that cannot be handled is tried again after a pause that doubles so often: to the better part of an hour
NAME_MAX, NAME_LEFT = 255, 24  # bytes of a name in a folder, and of them what is kept free for endings of ours
LEASELESS = ("nfs", "cifs", "smb")  # file systems whose kernel side refuses a lease as if somebody wrote, whoever does
WORD_MAX = 400  # characters of a column's name and meaning together: longer ones are not remembered


@dataclass(slots=True)
class Job:
    """A file in hand: its rows that are not safe yet, and what became of the others."""

    feed: str
    prefix: str  # how the topics of its rows begin
    stamp: tuple[int, int]
    rows: int = 0
    stored: int = 0
    duplicate: int = 0
    dead: int = 0
    waiting: int = 0
    beyond: int = 0  # hotspots of a FIRMS sheet far from here, which nobody was asked to take
    errors: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[int, bytes] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def told(self, line: int, errors_max: int, outcome: Outcome) -> None:
        """What became of a row (writer's thread)."""
        with self.changed:
            if line not in self.pending:
                return  # handed over twice, because its first acknowledgement was late
            self.stored += outcome.stored
            self.duplicate += outcome.duplicate
            self.dead += len(outcome.refused)
            self.waiting += outcome.spilled
            for rule, reason in dict.fromkeys(outcome.refused):  # a station nobody knows is refused for each of its values
                if len(self.errors) < errors_max:
                    self.errors.append({"row": line, "rule": rule, "reason": _clean(reason)})

    def safe(self, line: int) -> None:
        """A row is committed or spilled (writer's thread)."""
        with self.changed:
            self.pending.pop(line, None)
            self.changed.notify_all()


class Door:
    """Watches the folders of all feeds that take files. `step` is one look at them; `start` repeats it in a thread."""

    def __init__(
        self,
        drop: Path,
        worker: str,
        connect: Callable[[], psycopg.Connection],
        writer: Writer,
        practice: Practice,
        catalog: Catalog,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ):
        self.failed = False
        self.drop = drop
        self._worker = worker
        self._connect = connect
        self._conn: psycopg.Connection | None = None
        self._writer = writer
        self._practice = practice
        self._sheets = catalog.sheets
        self._orgs = {key: org.short for key, org in catalog.departments.items()}
        self._units = {kind.key: kind.unit for kind in catalog.kinds.values()}
        self._now = now
        self._monotonic = monotonic
        self._seen: dict[Path, tuple[int, int, float]] = {}  # size, mtime, since when
        self._away = False
        self._cleared: float | None = None
        self._odd: dict[Path, tuple[int, float]] = {}  # what could not be handled: how often, and when last
        self._held: set[Path] = set()  # files that somebody has held open for long, and that were named for it
        self._stopping = threading.Event()
        self._finishing = threading.Event()
        self._thread: threading.Thread | None = None

    # The process ------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        try:
            for feed in self._sheets.takers:
                for folder in (TAKING + "/" + self._worker, DONE, FAILED):
                    (self.drop / feed / folder).mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise BadSetting(f"文件投放目录 {self.drop} 建不了：{err.strerror}；请检查 BRAIN_HOME 的权限") from None
        self._thread = threading.Thread(target=self._run, name="files")
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def finish(self) -> None:
        self._finishing.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.step()
                self._stopping.wait(self._practice.drop_poll_s)
        except Exception:
            log.exception("文件接入出错，进程退出；手里的文件留在 %s 下，重启后接着办", TAKING)
            self.failed = True
        finally:
            if self._conn is not None:
                self._conn.close()

    # One look ---------------------------------------------------------------------------------------------------------
    def step(self) -> int:
        """Take in every file that is ready; returns how many were finished."""
        finished = 0
        if self._cleared is None or self._monotonic() - self._cleared >= CLEAR_S:
            self._cleared = self._monotonic()
            self._clear()
        try:
            if self._conn is None:
                self._conn = self._connect()
            for taker, path in self._ready():
                if self._stopping.is_set():
                    break
                try:
                    finished += self._take_in(self._conn, taker, path)
                    self._odd.pop(path, None)
                except Exception as err:  # one odd file must not stop the others, nor the process
                    if isinstance(err, psycopg.Error) and not blames_data(err):
                        raise
                    self._complain(path, err)
            self._away = False
        except psycopg.Error as err:
            if not self._away:
                log.warning("文件接入等数据库恢复：%s", first_line(err))
            self._away = True
            if self._conn is not None:
                self._conn.close()
                self._conn = None
        return finished

    def _ready(self) -> Iterator[tuple[Taker, Path]]:
        """Files in hand from before, then files that have been written to their end, each taken by its rename."""
        seen: dict[Path, tuple[int, int, float]] = {}
        for taker in self._sheets.takers.values():
            folder = self.drop / taker.key
            taking = folder / TAKING / self._worker
            for path in self._listed(taking):
                if not self._resting(path):
                    yield taker, path
            self._forward(folder, seen)
            for path in self._listed(folder):
                if self._resting(path):
                    continue
                try:
                    taken = self._taken(path, taking, seen)
                except OSError as err:
                    self._complain(path, err)
                    continue
                if taken is not None:
                    yield taker, taken
        self._seen = seen

    def _forward(self, folder: Path, seen: dict[Path, tuple[int, int, float]]) -> None:
        """Bring what lies whole in a department's own folder into the common one, with the department's name in its mapping: the
        mapping first, so that no kill makes it the platform's own file."""
        for org, short in self._orgs.items():
            own = folder / org
            for path in self._listed(own):
                try:
                    if self._resting(path) or not self._still(path, seen):
                        continue
                    said = _mapping(path.with_name(path.name + MAP))
                    goal = _free(folder, _fitting(path.name))
                    half, sidecar = goal.with_name(f".{goal.name}{MAP}"), goal.with_name(goal.name + MAP)
                    half.write_text(
                        json.dumps({"name": _clean(path.name), "by": short, **said, "org": org}, ensure_ascii=False), encoding="utf-8"
                    )
                    half.rename(sidecar)
                    try:
                        path.rename(goal)
                    except FileNotFoundError:  # another worker was quicker
                        if not goal.exists():
                            sidecar.unlink(missing_ok=True)
                        continue
                    path.with_name(path.name + MAP).unlink(missing_ok=True)
                except OSError as err:
                    self._complain(path, err)

    def _clear(self) -> None:
        """Delete the originals that have lain for their days, and the reports beside them."""
        kept = {DONE: self._practice.drop_done_days, FAILED: self._practice.drop_refused_days}
        for feed in self._sheets.takers:
            for folder, days in kept.items():
                gone = 0
                try:
                    found = _over(self.drop / feed / folder, self._now().timestamp() - days * DAY_S) if days else []
                except OSError as err:
                    self._complain(self.drop / feed / folder, err)
                    continue
                for path in found:
                    try:
                        path.unlink(missing_ok=True)
                        path.with_name(path.name + REPORT).unlink(missing_ok=True)
                        gone += 1
                    except OSError as err:
                        self._complain(path, err)
                if gone:
                    log.info("文件 %s/%s：删去 %d 份满 %d 天的原件和处理结果", feed, folder, gone, days)

    def _listed(self, folder: Path) -> list[Path]:
        """Files of a folder; none, and a complaint, where it cannot be read: the others go on."""
        try:
            found = _files(folder)
        except OSError as err:
            self._complain(folder, err)
            return []
        self._odd.pop(folder, None)
        return found

    def _taken(self, path: Path, taking: Path, seen: dict[Path, tuple[int, int, float]]) -> Path | None:
        """Where a file lies that has just been taken; None when it is not whole yet, or another worker was quicker."""
        if not self._still(path, seen):
            return None
        taken = _free(taking, _fitting(path.name))
        taken.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(taken)
        except FileNotFoundError:
            return None
        _bring(path.with_name(path.name + MAP), taken.with_name(taken.name + MAP))
        return taken

    def _complain(self, path: Path, err: Exception) -> None:
        """Say that a file cannot be handled; it stays where it is for a while, then is tried again, each time later: what
        can be read in it is handed over once more each time."""
        says = err.strerror if isinstance(err, OSError) else f"{type(err).__name__} {first_line(err)}"
        times, _ = self._odd.get(path, (0, 0.0))
        if not times:
            log.error("文件 %s 处理不了：%s；请检查权限和磁盘，改好后自动接着办", _clean(str(path)), says, exc_info=err)
        self._odd[path] = (times + 1, self._monotonic())

    def _resting(self, path: Path) -> bool:
        """True for a file that could not be handled a short while ago."""
        times, at = self._odd.get(path, (0, 0.0))
        return times > 0 and self._monotonic() - at < self._practice.stuck_s * 2 ** min(times - 1, RESTS)

    def _still(self, path: Path, seen: dict[Path, tuple[int, int, float]]) -> bool:
        """True when the file is whole: nobody writes it, and its mapping lies beside it or nothing has changed for a while."""
        try:
            stat = path.stat()
        except FileNotFoundError:
            return False
        now = self._monotonic()
        size, changed, since = self._seen.get(path, (-1, -1, now))
        if (size, changed) != (stat.st_size, stat.st_mtime_ns):
            since = now
        seen[path] = (stat.st_size, stat.st_mtime_ns, since)
        if not _exists(path.with_name(path.name + MAP)) and now - since < self._practice.drop_still_s:
            return False
        if not _being_written(path):
            self._held.discard(path)
            return True
        if path not in self._held and now - since >= self._practice.stuck_s:
            self._held.add(path)
            log.warning("文件 %s 写完了也没有关，有程序还开着它；请在那个程序里关闭文件，关后自动来取", _clean(str(path)))
        return False

    # One file ---------------------------------------------------------------------------------------------------------
    def _take_in(self, conn: psycopg.Connection, taker: Taker, path: Path) -> bool:
        """One file from `taking` to its end; False when it stays there for the next look or process."""
        sidecar = path.with_name(path.name + MAP)
        _bring(path.parents[2] / sidecar.name, sidecar)  # a kill came between the two renames
        said = _mapping(sidecar)
        now, stamp, sheet = self._now(), _stamp(path), str(said.get("sheet") or "")
        data, messages, meant, beyond, why = b"", {}, {}, 0, ""
        try:
            data = _bytes(path, self._sheets.limits.mib << 20)
            messages, meant, beyond = self._messages(conn, taker, path.name, data, said)
        except BadSheet as err:
            why = str(err)
        # The same bytes read another way are another file; its dead letters are those of the bytes, however they were read.
        # So is a file of another uploader's department, whose rows about foreign stations are refused.
        org = _clean(str(said.get("org") or "")).replace("/", "_")
        content = hashlib.sha256(data + sheet.encode("utf-8", "replace") + org.encode())
        sha = hashlib.sha256(content.digest() + json.dumps(meant, sort_keys=True).encode()).hexdigest()
        by = _clean(str(said.get("by") or ""))
        key = {"feed": taker.key, "name": _clean(str(said.get("name") or path.name)), "sha256": sha}
        again = db.one(conn, "file_open", **key)
        known = None if again or why else db.one(conn, "file_known", feed=taker.key, sha256=sha)
        file = again or db.row(conn, "file_taken", **key, by=by, now=now)
        job = Job(taker.key, feeds.row_topic(content.hexdigest()[:12], org), stamp, beyond=beyond)
        letters = [r["id"] for r in db.many(conn, "file_letters", feed=taker.key, prefix=job.prefix)]
        if known:
            says = f"与 {known['received_at'].astimezone(ZONE):%m月%d日 %H:%M} 的“{known['name']}”是同一份文件，当时已全部入库，没有再收"
            return self._end(conn, path, file["id"], job, "same", says)
        if why:
            return self._end(conn, path, file["id"], job, "failed", why)
        job.pending = messages
        job.rows = len(job.pending)
        if not self._hand_over(job):
            return False
        if letters:
            db.run(conn, "intake_letters_replayed", ids=letters)
        if isinstance(said.get("columns"), dict):  # what a person has said, also of columns that nobody asks for
            chosen = {_clean(str(c)): _clean(str(m)) for c, m in said["columns"].items() if len(f"{c}{m}") <= WORD_MAX}
            db.run(
                conn, "file_column_remember", feed=taker.key, by=by, now=now, given=list(chosen), meant=list(chosen.values())
            )
        return self._end(conn, path, file["id"], job, "done", "")

    def _messages(
        self, conn: psycopg.Connection, taker: Taker, name: str, data: bytes, said: dict[str, Any]
    ) -> tuple[dict[int, bytes], dict[str, str], int]:
        """The file's messages by row, what its columns mean, and how many rows were left out as too far from here. Raises
        BadSheet when it cannot be read as a whole."""
        if taker.form == "message":
            if not name.lower().endswith(".xml"):
                raise BadSheet(f"{taker.title}只收 .xml 文件；请按 CAP 1.2 导出")
            return {1: data}, {}, 0
        sheet = reading.read(name, data, self._sheets.limits, sheet=str(said.get("sheet") or ""))
        meant = said.get("columns")
        if not isinstance(meant, dict):
            remembered = {r["given"]: r["meant"] for r in db.many(conn, "file_columns", feed=taker.key)}
            meant = columns.propose(sheet.columns, taker.key, self._sheets, self._units, remembered)
        meant = {c: str(meant[c]) for c in sheet.columns if meant.get(c)}
        if lacking := columns.lacks(meant, taker.form):
            raise BadSheet(f"列对应不全——{'；'.join(lacking)}。请在“文件接入”页上传并指定各列")
        if not sheet.rows:
            raise BadSheet("表里只有表头，没有数据行；请核对导出的内容")
        asked = {c: m for c, m in meant.items() if m != "private"}
        rows = _near(conn, sheet.rows, meant) if "date_utc" in meant.values() else sheet.rows
        return {row.line: _payload(taker.key, name, row, asked) for row in rows}, asked, len(sheet.rows) - len(rows)

    def _hand_over(self, job: Job) -> bool:
        """Every row to the writer, and wait until all are safe; False when the process ends before.

        A row whose acknowledgement does not come is handed over again, like a message the broker redelivers: the writer
        lets it go when neither database nor disk takes anything."""
        while job.pending:
            for line, payload in list(job.pending.items()):
                if self._stopping.is_set() or self._writer.failed:
                    break
                self._writer.open(
                    job.feed, f"{job.prefix}{line}", payload, self._now(), partial(job.safe, line),
                    partial(job.told, line, self._practice.drop_errors),
                )  # fmt: skip
            if not self._settled(job):
                return False
        return True

    def _settled(self, job: Job) -> bool:
        """Wait until nothing is pending, or nothing has moved for too long; False when the process ends."""
        moved, left = self._monotonic(), len(job.pending)
        with job.changed:
            while job.pending:
                if self._writer.failed or self._finishing.is_set():
                    return False
                if self._monotonic() - moved > self._practice.stuck_s and not self._stopping.is_set():
                    return True
                job.changed.wait(WAIT_S)
                if len(job.pending) != left:
                    moved, left = self._monotonic(), len(job.pending)
        return True

    def _end(self, conn: psycopg.Connection, path: Path, ident: int, job: Job, state: str, says: str) -> bool:
        """Write down what became of the file, then move it: a kill in between only repeats it. False when it has changed
        since it was read: it stays, and is read once more."""
        if changed := _stamp(path) != job.stamp:
            state, says = "failed", "读的时候文件又变了，从头再读，见另一行；请先写到 .part 名下，写完再改名"
        job.errors.sort(key=lambda e: e["row"])
        says = _clean(says or _says(job))
        counts = {key: getattr(job, key) for key in ("rows", "stored", "duplicate", "dead", "waiting")}
        report = {"says": says, "errors": job.errors, "beyond": job.beyond}
        finished = {"id": ident, "state": state, "now": self._now(), **counts, "report": Jsonb(report)}
        if changed:
            db.run(conn, "file_finished", **finished)
            letters = db.many(conn, "file_letters", feed=job.feed, prefix=job.prefix)
            db.run(conn, "intake_letters_replayed", ids=[r["id"] for r in letters])  # the next reading writes them anew
            return False
        goal = path.parents[2] / (FAILED if state == "failed" else DONE)
        goal.mkdir(parents=True, exist_ok=True)
        db.run(conn, "file_finished", **finished)
        goal = _named(path, goal)
        goal.with_name(goal.name + REPORT).write_text(
            json.dumps({"file": _clean(path.name), "feed": job.feed, "state": state, **counts, **report}, ensure_ascii=False, indent=1),
            encoding="utf-8",
        )
        path.unlink(missing_ok=True)
        path.with_name(path.name + MAP).unlink(missing_ok=True)
        log.info("文件 %s/%s：%s", job.feed, _clean(path.name), says)
        return True


def _files(folder: Path) -> list[Path]:
    """Files of a folder that may be data, oldest first."""
    if not folder.is_dir():
        return []
    found = [
        Path(entry.path)
        for entry in os.scandir(folder)
        if entry.is_file(follow_symlinks=False)
        and not entry.name.startswith((".", "~$"))
        and not entry.name.lower().endswith(UNFINISHED)
    ]
    return sorted(found, key=lambda path: (_age(path), path.name))


def _over(folder: Path, before: float) -> list[Path]:
    """Files of a folder that were dealt with before a moment; a report goes with its file. The moment is told by the report,
    for the file itself keeps the time its sender gave it; without one, by when it was put there."""
    if not folder.is_dir():
        return []
    entries = {entry.name: entry for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)}
    found = []
    for name, entry in entries.items():
        if name.endswith(REPORT) and name.removesuffix(REPORT) in entries:
            continue
        report = entries.get(name + REPORT)
        try:
            at = entry.stat(follow_symlinks=False).st_ctime if report is None else report.stat(follow_symlinks=False).st_mtime
        except FileNotFoundError:
            continue  # another worker was quicker
        if at < before:
            found.append(folder / name)
    return sorted(found)


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _free(folder: Path, name: str) -> Path:
    """A path in the folder that is not taken: with a number before its ending if need be."""
    found, number = folder / name, 1
    while found.exists():
        number += 1
        found = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return found


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _being_written(path: Path) -> bool:
    """True when somebody has the file open for writing: the kernel then grants no read lease. Where it cannot say (another
    user's file, a network folder) only the standing still counts."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # whoever opens it just now: the signal's default would end us
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as err:
        return err.errno == errno.EAGAIN and not _kind_of(str(path.parent)).startswith(LEASELESS)
    finally:
        os.close(file)
    return False


@lru_cache(maxsize=64)
def _kind_of(folder: str) -> str:
    """What kind of file system a folder lies on; empty where nobody says."""
    try:
        return _kind_among(os.path.realpath(folder), Path("/proc/mounts").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def _kind_among(folder: str, mounts: str) -> str:
    found = ("", "")
    for line in mounts.splitlines():
        _, at, kind, *_ = line.split(" ")
        at = at.replace("\\040", " ").rstrip("/")
        if f"{folder.rstrip('/')}/".startswith(f"{at}/") and len(at) >= len(found[0]):  # of two at one place the later lies above
            found = (at, kind)
    return found[1]


def _named(path: Path, folder: Path) -> Path:
    """The file under a free name in the folder, where it is now too. A second name and no rename: that one would put it in
    the place of a file which another worker has brought there just now."""
    while True:
        goal = _free(folder, path.name)
        try:
            os.link(path, goal)
        except FileExistsError:
            continue
        except OSError:  # no second names here (another's file, a network folder)
            path.rename(goal)
        return goal


def _fitting(name: str) -> str:
    """The name, cut before its ending where a number or the ending of a report would not fit behind it any more."""
    ending = Path(name).suffix if len(Path(name).suffix) < NAME_LEFT else ""
    stem = name.removesuffix(ending)
    while len(os.fsencode(stem + ending)) > NAME_MAX - NAME_LEFT:
        stem = stem[:-1]
    return stem + ending


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a longer name than there can be
        return False


def _bring(path: Path, to: Path) -> None:
    if _exists(path) and not to.exists():
        with contextlib.suppress(FileNotFoundError):  # another worker was quicker
            path.rename(to)


def _mapping(path: Path) -> dict[str, Any]:
    """What a sidecar says: `columns`, `sheet`, `by`, `org`, `name`; one that cannot be read says nothing."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _bytes(path: Path, most: int) -> bytes:
    size = path.stat().st_size
    if size > most:
        raise BadSheet(f"文件有 {size / (1 << 20):.1f} MiB，超过上限 {most >> 20} MiB；请分成几个文件")
    return path.read_bytes()


def _near(conn: psycopg.Connection, rows: tuple[reading.Row, ...], meant: dict[str, str]) -> list[reading.Row]:
    """The hotspots of a FIRMS sheet that may lie in a watch cell, and those whose place cannot be read: NASA's files are of a
    whole country, and thousands of dead letters would hide the one that matters. Beside the cells they are told."""
    book = Book()
    book.fill(Known(**row) for row in db.many(conn, "intake_stations"))
    box = book.watched()
    if box is None:
        return list(rows)
    west, south, east, north = box
    column = {field: name for name, field in meant.items()}
    found = []
    for row in rows:
        try:
            lng, lat = (cells.number(row.cells.get(column.get(field, "")), field) for field in ("lng", "lat"))
        except cells.Unreadable:
            lng = lat = None
        if lng is None or lat is None or not (lng < west or lng > east or lat < south or lat > north):
            found.append(row)
    return found


def _payload(feed: str, name: str, row: reading.Row, meant: dict[str, str]) -> bytes:
    kept = columns.veiled({column: row.cells.get(column) for column in meant}, meant)
    said = {"feed": feed, "file": _clean(name), "row": row.line, "cells": kept, "columns": meant}
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _says(job: Job) -> str:
    said = f"{job.rows} 行：入库 {job.stored}，重复 {job.duplicate}，死信 {job.dead}"
    said += f"；另有 {job.beyond} 行火点在本区监测格的范围以外，没有收" if job.beyond else ""
    return said + (f"；数据库当时不可用，{job.waiting} 行已写盘，恢复后入库" if job.waiting else "")


def _clean(text: str) -> str:
    """Text as the database can hold it: without NUL, and without the half signs of a name that is no UTF-8."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode()


def door(settings: Settings, practice: Practice, writer: Writer) -> Door:
    """The file door of this process; several workers may share one drop folder."""
    connect = partial(
        db.connect, settings.database_url, name=f"brain files {settings.worker}", connect_timeout=3,
        keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=10_000,
    )  # fmt: skip
    return Door(settings.drop, settings.worker, connect, writer, practice, catalogs.load(settings.catalog or None))
