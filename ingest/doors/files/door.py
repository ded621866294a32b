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

While the database is away files simply wait in their folder. One that the database does not take for another reason, no right to a
table included, is set aside in `failed/` and told (`brain check`): it would be no different the next time, and its rows were safe.

What lies in `done/` and `failed/` is deleted after so many days (`files.done_days`, `files.refused_days`), because sheets of
the hotline hold what callers said of themselves, and all that anybody needs of them is in the record by then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg

from brain import catalog as catalogs
from brain.catalog.records import Catalog
from brain.catalog.sheet_records import Taker
from brain.settings import BadSetting, Settings
from brain.store import db
from ingest.doors.files import folders
from ingest.doors.files.taking import Taking
from ingest.doors.files.tally import veiled
from ingest.practice import Practice
from ingest.write.batch import Writer
from ingest.write.fault import first_line

log = logging.getLogger("ingest")

CLEAR_S = 3600.0  # how often it is looked for originals whose days are over
DAY_S = 86400
RESTS = 7  # a file that cannot be handled is tried again after a pause that doubles so often: to the better part of an hour


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
        self._practice = practice
        self._sheets = catalog.sheets
        self._orgs = {key: org.short for key, org in catalog.departments.items()}
        self._now = now
        self._monotonic = monotonic
        self._seen: dict[Path, tuple[int, int, float]] = {}  # size, mtime, since when
        self._away = False
        self._cleared: float | None = None
        self._odd: dict[Path, tuple[int, float]] = {}  # what could not be handled: how often, and when last
        self._held: set[Path] = set()  # files that somebody has held open for long, and that were named for it
        self._stopping = threading.Event()
        self._finishing = threading.Event()
        self._taking = Taking(
            writer, practice, catalog, self._stopping, self._finishing, now=now, monotonic=monotonic
        )
        self._thread: threading.Thread | None = None

    # The process ------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        try:
            for feed in self._sheets.takers:
                for folder in (folders.TAKING + "/" + self._worker, folders.DONE, folders.FAILED):
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
            log.exception("文件接入出错，进程退出；手里的文件留在 %s 下，重启后接着办", folders.TAKING)
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
                    finished += self._taking.take_in(self._conn, taker, path)
                    self._odd.pop(path, None)
                except psycopg.Error:  # the database is away: what else it does not do, `take_in` puts down to the file
                    raise
                except Exception as err:  # one odd file must not stop the others, nor the process
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
            taking = folder / folders.TAKING / self._worker
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
            for path in self._listed(folder / org):
                try:
                    if not self._resting(path) and self._still(path, seen):
                        folders.forward(path, folder, short, org)
                except OSError as err:
                    self._complain(path, err)

    def _clear(self) -> None:
        """Delete the originals that have lain for their days, and the reports beside them."""
        kept = {folders.DONE: self._practice.drop_done_days, folders.FAILED: self._practice.drop_refused_days}
        for feed in self._sheets.takers:
            for folder, days in kept.items():
                gone = 0
                try:
                    found = folders.dealt_with_before(self.drop / feed / folder, self._now().timestamp() - days * DAY_S) if days else []
                except OSError as err:
                    self._complain(self.drop / feed / folder, err)
                    continue
                for path in found:
                    try:
                        path.unlink(missing_ok=True)
                        path.with_name(path.name + folders.REPORT).unlink(missing_ok=True)
                        gone += 1
                    except OSError as err:
                        self._complain(path, err)
                if gone:
                    log.info("文件 %s/%s：删去 %d 份满 %d 天的原件和处理结果", feed, folder, gone, days)

    def _listed(self, folder: Path) -> list[Path]:
        """Files of a folder; none, and a complaint, where it cannot be read: the others go on."""
        try:
            found = folders.data_files(folder)
        except OSError as err:
            self._complain(folder, err)
            return []
        self._odd.pop(folder, None)
        return found

    def _taken(self, path: Path, taking: Path, seen: dict[Path, tuple[int, int, float]]) -> Path | None:
        """Where a file lies that has just been taken; None when it is not whole yet, or another worker was quicker."""
        if not self._still(path, seen):
            return None
        taken = folders.free_path(taking, folders.fitting_name(path.name))
        taken.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(taken)
        except FileNotFoundError:
            return None
        folders.bring(path.with_name(path.name + folders.MAP), taken.with_name(taken.name + folders.MAP))
        return taken

    def _complain(self, path: Path, err: Exception) -> None:
        """Say that a file cannot be handled; it stays where it is for a while, then is tried again, each time later: what
        can be read in it is handed over once more each time."""
        says = err.strerror if isinstance(err, OSError) else f"{type(err).__name__} {first_line(err)}"
        times, _ = self._odd.get(path, (0, 0.0))
        if not times:
            about = None if isinstance(err, OSError) else err  # the words of such an error hold the name of the file
            log.error("文件 %s 处理不了：%s；请检查权限和磁盘，改好后自动接着办", veiled(str(path)), says, exc_info=about)
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
        if not folders.exists(path.with_name(path.name + folders.MAP)) and now - since < self._practice.drop_still_s:
            return False
        if not folders.being_written(path):
            self._held.discard(path)
            return True
        if path not in self._held and now - since >= self._practice.stuck_s:
            self._held.add(path)
            log.warning("文件 %s 写完了也没有关，有程序还开着它；请在那个程序里关闭文件，关后自动来取", veiled(str(path)))
        return False

    # One file ---------------------------------------------------------------------------------------------------------


def door(settings: Settings, practice: Practice, writer: Writer) -> Door:
    """The file door of this process; several workers may share one drop folder."""
    connect = partial(
        db.connect, settings.database_url, name=f"brain files {settings.worker}", connect_timeout=3,
        keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=10_000,
    )  # fmt: skip
    return Door(settings.drop, settings.worker, connect, writer, practice, catalogs.load(settings.catalog or None))
