"""`brain import readings`: history from a CSV or Parquet file of any length, a chunk at a time.

A chunk is read and checked column by column (Arrow); the times and values that Arrow cannot read go one by one through the reader
of all doors (`brain.sheets.cells`). It is copied into a staging table, and stored in one transaction with its
rows of `intake_batch`: the engine takes them as history, so alerts that come of them are marked late and page nobody.
What cannot be taken is written to a file of its own with its line and reason, and the rest goes on; the same file again
stores nothing twice.

While PostgreSQL stores chunks the next one is read and checked; two connections store at a time, each the stations of its own
half, so that of several rows under one identity the first of the file is still the first to be stored, and neither ever
waits for the other.

Why not `flow.readings.store`, which does all this for a batch: it makes a Python object of every value, and only here there
are millions of them.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported, so no checker can know one of them.)

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from brain.catalog import Catalog
from brain.commands import _columns
from brain.flow.measured import readings as intake
from brain.model import Quality, Refused
from brain.sheets import cells
from brain.store import db

COLUMNS = ("station", "kind", "at", "value")
OPTIONAL = ("seq", "quality")
CHUNK = 200_000  # rows in one transaction
LANES = 2  # connections that store
BLOCK = 8 << 20  # bytes of CSV read at once
FEED, WORKER = "import", "import"
QUALITIES = pa.array([q.value for q in Quality])


@dataclass
class Done:
    """What became of a file's rows; `refused` are (line, reason), the first `SHOWN` of them."""

    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    gaps: int = 0  # rows that say that there is no value
    first: list[tuple[int, str]] = field(default_factory=list)


SHOWN = 20


def load(
    connect: Callable[[], psycopg.Connection],
    catalog: Catalog,
    path: Path,
    rejects: Path,
    console: Console | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Done:
    """Bring in a file and count the hours anew. `connect` gives a fresh connection. Raises Refused when the file as a whole
    cannot be read."""
    done = Done()
    bad: Any = None
    with ExitStack() as used:
        conn = used.enter_context(connect())
        known = pa.array(sorted(r["id"] for r in db.many(conn, "engine_stations", now=now())), pa.string())
        checks = _Checks(known, catalog)
        bar = used.enter_context(Progress(
            TextColumn("导入读数"), BarColumn(), TransferSpeedColumn(), TextColumn("{task.fields[rows]:,} 行"),
            TimeRemainingColumn(), console=console or Console(stderr=True), transient=False,
        ))  # fmt: skip
        task = bar.add_task("", total=path.stat().st_size if path.exists() else None, rows=0)
        lanes = [used.enter_context(_Lane(used.enter_context(connect()), done, catalog.bounds.ahead)) for _ in range(LANES)]
        rows = 0
        for line, table, at_byte, broken in _tables(path):
            good, bad_rows, gaps = checks.look(table, now())
            done.gaps += gaps
            lines = _lines(line, broken, len(table))
            refused = sorted([*((int(lines[n]), n, why) for n, why in bad_rows), *((n, -1, why) for n, why in broken if why)])
            if refused:
                if bad is None:
                    bad = _writer(rejects)
                    used.callback(bad[0].close)
                bad[1].writerows((*_row(table, n), number, why) for number, n, why in refused)
                done.first += [(number, why) for number, _, why in refused[: max(SHOWN - len(done.first), 0)]]
                done.refused += len(refused)
            for start in range(0, len(good), CHUNK):
                chunk = checks.in_order(good.slice(start, CHUNK))
                which = pc.bit_wise_and(pc.index_in(chunk["station"], known), LANES - 1)
                for number, lane in enumerate(lanes):
                    lane.give(chunk.filter(pc.equal(which, number)), now())
            rows += len(table) + len(broken)
            bar.update(task, completed=at_byte, rows=rows)
        for lane in lanes:
            lane.wait()
        bar.update(task, completed=path.stat().st_size, rows=rows)
        intake.roll_up(conn, now())
    return done


class _Lane:
    """A connection and a thread that stores with it, one chunk at a time; counts go into `done`."""

    def __init__(self, conn: psycopg.Connection, done: Done, ahead: timedelta):
        self._ahead = ahead
        self._conn = conn
        self._done = done
        self._thread = ThreadPoolExecutor(1, "import")
        self._last: Future[tuple[int, int]] | None = None
        db.run(conn, "backfill_staging")

    def __enter__(self) -> _Lane:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def give(self, rows: pa.Table, received_at: datetime) -> None:
        """Store these when the ones before are stored; raises what went wrong with those."""
        if len(rows):
            out = io.BytesIO()
            arrow_csv.write_csv(rows, out, arrow_csv.WriteOptions(include_header=False, quoting_style="needed"))
            self.wait()
            self._last = self._thread.submit(_store, self._conn, out.getbuffer(), len(rows), received_at, self._ahead)

    def wait(self) -> None:
        if self._last is not None:
            stored, duplicate = self._last.result()
            self._last = None
            self._done.stored, self._done.duplicate = self._done.stored + stored, self._done.duplicate + duplicate


# Reading ------------------------------------------------------------------------------------------------------------
Broken = list[tuple[int, str]]  # (line, why); no reason for a line that holds only blanks


def _tables(path: Path) -> Iterator[tuple[int, pa.Table, int, Broken]]:
    """(line of the first row, rows with text columns as they stand, bytes read so far, lines that are no rows)."""
    if not path.exists():
        raise Refused(f"文件 {path} 不存在；请核对路径")
    if path.suffix.lower() in (".parquet", ".pq"):
        yield from _parquet(path)
    else:
        yield from _csv(path)


def _parquet(path: Path) -> Iterator[tuple[int, pa.Table, int, Broken]]:
    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as err:
        raise Refused(f"文件 {path} 不是 Parquet：{str(err).splitlines()[0]}") from None
    _demand(path, file.schema_arrow.names)
    wanted = [c for c in (*COLUMNS, *OPTIONAL) if c in file.schema_arrow.names]
    line, total = 1, max(file.metadata.num_rows, 1)
    try:
        for batch in file.iter_batches(CHUNK, columns=wanted):
            yield line, pa.Table.from_batches([batch]), path.stat().st_size * line // total, []
            line += batch.num_rows
    except (pa.ArrowException, OSError) as err:
        raise Refused(f"文件 {path} 第 {line} 行起读不下去：{str(err).splitlines()[0]}；请重新导出，已读的不会存两次") from None


def _csv(path: Path) -> Iterator[tuple[int, pa.Table, int, Broken]]:
    broken: Broken = []  # those of the rows read ahead included

    def unfit(row: Any) -> str:
        why = f"这一行有 {row.actual_columns} 列，首行有 {row.expected_columns} 列；请补齐或去掉多余的逗号"
        broken.append((row.number or 0, why if row.text.strip() else ""))
        return "skip"

    with open(path, "rb") as file:
        head = file.readline().decode("utf-8-sig", "replace").strip()
        names = next(csv.reader([head]), [])
        _demand(path, names)
        file.seek(0)
        try:
            reader = arrow_csv.open_csv(
                file,
                read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK, encoding=_encoding(path)),
                parse_options=arrow_csv.ParseOptions(invalid_row_handler=unfit, ignore_empty_lines=False),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=[c for c in (*COLUMNS, *OPTIONAL) if c in names],
                    strings_can_be_null=False,
                ),
            )
            line = 2
            for batch in reader:
                end = int(_lines(line, broken, batch.num_rows)[-1]) + 1 if batch.num_rows else line
                yield line, pa.Table.from_batches([batch]), file.tell(), [one for one in broken if one[0] < end]
                broken[:] = [one for one in broken if one[0] >= end]
                line = end
            if broken:
                yield line, reader.schema.empty_table(), file.tell(), broken
        except (pa.ArrowInvalid, UnicodeDecodeError) as err:
            raise Refused(f"文件 {path} 读不了：{str(err).splitlines()[0]}；请另存为 UTF-8 的 CSV 再导入") from None


def _lines(first: int, broken: Broken, rows: int) -> np.ndarray:
    """The line of each row, from line `first` on, among lines that are no rows."""
    lines = np.arange(first, first + rows + len(broken))
    return np.setdiff1d(lines, [number for number, _ in broken], assume_unique=True)[:rows]


def _encoding(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(1 << 20)
    try:
        start[: start.rfind(b"\n") + 1].decode()
    except UnicodeDecodeError:
        return "gb18030"
    return "utf8"


def _demand(path: Path, names: list[str]) -> None:
    missing = [c for c in COLUMNS if c not in names]
    if missing:
        raise Refused(f"文件 {path} 缺少列 {'、'.join(missing)}；应有 {','.join(COLUMNS)}，可有 {','.join(OPTIONAL)}")


# Checking -----------------------------------------------------------------------------------------------------------
class _Checks:
    """Column by column where the whole column is sound, row by row where it is not."""

    def __init__(self, known: pa.Array, catalog: Catalog):
        self.known = known
        kinds = sorted(catalog.kinds.values(), key=lambda k: k.key)
        self.kinds = pa.array([k.key for k in kinds])
        self.low = pa.array([k.sane[0] for k in kinds], pa.float64())
        self.high = pa.array([k.sane[1] for k in kinds], pa.float64())
        self.units = [k.unit for k in kinds]
        self.ahead = catalog.bounds.ahead  # later than that is no clock's drift
        self.oldest = catalog.bounds.oldest

    def look(self, table: pa.Table, now: datetime) -> tuple[pa.Table, list[tuple[int, str]], int]:
        """(what can be stored: station, kind, at, seq, value, quality; what cannot, the row's number in the table with its reason;
        how many rows say that there is no value)."""
        station = pc.utf8_trim_whitespace(pc.cast(table["station"], pa.string()).combine_chunks())
        kind = pc.utf8_trim_whitespace(pc.cast(table["kind"], pa.string()).combine_chunks())
        at, strange_at = _columns.times(table["at"].combine_chunks(), now)
        value, found, strange = _columns.numbers(table["value"].combine_chunks())
        rows = len(table)
        seq = pc.cast(table["seq"], pa.string()).combine_chunks() if "seq" in table.column_names else pa.array([""] * rows)
        seq = pc.fill_null(seq, "")
        quality = self._quality(table, rows, found)
        which = pc.index_in(kind, self.kinds)
        low, high = self.low.take(which), self.high.take(which)
        sane = pc.and_(pc.greater_equal(value, low), pc.less_equal(value, high))
        reasons = (
            (pc.is_in(station, self.known), lambda n: f"没有站点 {station[n].as_py()}；请先登记"),
            (pc.is_valid(which), lambda n: f"没有传感器种类 {kind[n].as_py()}；请用 sensors.toml 里的名字"),
            (pc.is_valid(at), lambda n: strange_at[n]),
            (
                pc.fill_null(pc.and_(pc.greater_equal(at, pa.scalar(self.oldest)), pc.less_equal(at, pa.scalar(now + self.ahead))), True),
                lambda n: f"时间 {table['at'][n].as_py()!r} "
                f"{f'早于 {self.oldest:%Y-%m-%d}' if at[n].as_py() < self.oldest else '在未来'}；请核对年份与时区",
            ),
            (pc.is_valid(value), lambda n: strange.get(n, f"数值 {table['value'][n].as_py()!r} 不是有限的数；请核对")),
            (
                pc.fill_null(sane, True),
                lambda n: f"数值 {value[n].as_py():g} 超出合理范围 {low[n].as_py():g}–{high[n].as_py():g} "
                f"{self.units[which[n].as_py()]}；请核对单位",
            ),
            (
                pc.match_substring_regex(seq, r"^[^\x00-\x1f\x7f]{0,200}$"),
                lambda n: f"序号 seq {cells.short(seq[n].as_py())} 里有不能存的字符，或超过 200 字；请改正",
            ),
            (pc.is_valid(quality), lambda n: f"没有数据质量 {table['quality'][n].as_py()!r}；可用 ok、manual、maintenance 等"),
        )
        whole = reduce(pc.and_, (pc.fill_null(ok, False) for ok, _ in reasons))
        good = pa.table(
            {"station": station, "kind": kind, "at": at, "seq": seq, "value": value, "quality": quality}
        )
        if pc.all(whole).as_py():
            return good, [], 0
        refused, gaps = [], 0
        for n in pc.indices_nonzero(pc.invert(whole)).to_pylist():
            if strange.get(n) == _columns.GAP or (n not in strange and table["value"][n].as_py() is None):
                blank = all(not str(table[c][n].as_py() or "").strip() for c in COLUMNS)
                gaps += not blank  # a line that holds only commas says nothing at all
                continue
            why = next(words(n) for ok, words in reasons if not pc.fill_null(ok, False)[n].as_py())
            refused.append((n, why))
        return good.filter(whole), refused, gaps

    def in_order(self, good: pa.Table) -> pa.Table:
        """The rows by station, kind and time: the index is then filled page after page. Of one identity the first of the file
        stays the first."""
        keys = pa.table({
            "station": pc.index_in(good["station"], self.known), "kind": pc.index_in(good["kind"], self.kinds),
            "at": good["at"], "row": pa.array(np.arange(len(good), dtype="int32")),
        })  # fmt: skip
        return good.take(pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names]))

    def _quality(self, table: pa.Table, rows: int, found: pa.Array | None) -> pa.Array:
        """What came in order is late here; a quality that the file gives stays, and `found` is that of a value such as `<0.5`.
        Null: no such quality."""
        given = pa.array([""] * rows)
        if "quality" in table.column_names:
            given = pc.fill_null(pc.utf8_trim_whitespace(pc.cast(table["quality"], pa.string()).combine_chunks()), "")
        late = pc.if_else(pc.is_in(given, pa.array(["", "ok"])), Quality.LATE.value, given)
        if found is not None:
            own = pc.and_(pc.is_valid(found), pc.is_in(given, pa.array(["", "ok", Quality.MANUAL.value])))
            late = pc.if_else(own, found, late)
        return pc.if_else(pc.is_in(late, QUALITIES), late, pa.scalar(None, pa.string()))


# Storing ------------------------------------------------------------------------------------------------------------
def _store(conn: psycopg.Connection, rows: memoryview, count: int, received_at: datetime, ahead: timedelta) -> tuple[int, int]:
    """(stored, duplicate) of one chunk, given as CSV, in one transaction.

    Why tried without a look first: history is mostly new, and asking which of it is there took a third of the
    time of storing it (measured, 600,000 rows).
    """
    for careful in (False, True):
        try:
            with conn.transaction():
                db.run(conn, "begin_write")
                with conn.cursor().copy("COPY backfill_staging FROM STDIN (FORMAT csv, FORCE_NOT_NULL (seq))") as copy:
                    copy.write(rows)
                known = db.row(conn, "backfill_known")
                if known["calibrated"]:
                    db.run(conn, "backfill_calibrate", received_at=received_at)
                if known["maintained"]:
                    db.run(conn, "backfill_maintain")
                beside = 0
                if careful:
                    beside = db.run(conn, "backfill_differing", received_at=received_at).rowcount
                    db.run(conn, "backfill_prune")
                stored = db.run(conn, "backfill_store", received_at=received_at).rowcount + beside
                duplicate = count - stored
                parts = db.many(
                    conn, "backfill_note", received_at=received_at, feed=FEED, worker=WORKER, slice=intake.SLICE,
                    duplicate=duplicate, beside=beside, ahead=ahead,
                )  # fmt: skip
                intake.count(conn, FEED, "history", parts[-1]["id"], count, stored, duplicate, received_at)
            return stored, duplicate
        except psycopg.errors.UniqueViolation:  # some of it is there already, or stands in the file twice
            if careful:
                raise
    raise AssertionError("unreachable")


# What could not be taken --------------------------------------------------------------------------------------------
def _writer(path: Path) -> tuple[Any, Any]:
    try:
        file = open(path, "w", encoding="utf-8-sig", newline="")  # noqa: SIM115 - closed by load
    except OSError as err:
        raise Refused(f"有读不了的行，要写进 {path}，而它写不了（{err.strerror}）；请给这个文件夹写权限，或换个文件夹再导入") from None
    writer = csv.writer(file)
    writer.writerow([*COLUMNS, *OPTIONAL, "line", "reason"])
    return file, writer


def _row(table: pa.Table, n: int) -> list[str]:
    if not 0 <= n < len(table):
        return [""] * (len(COLUMNS) + len(OPTIONAL))
    return [str(table[c][n].as_py()) if c in table.column_names else "" for c in (*COLUMNS, *OPTIONAL)]
