"""The polling door: asks the sources declared in `poll.toml` and hands on what is new since the last time.

A turn of a source: take its lock (one worker asks, whichever comes first), read from the database how far it was read, ask,
hand over the rows, wait until all are safe, and only then move the cursor. A kill anywhere makes the rows come again, and a
reading that comes again is a duplicate.

Why the rows of the last answer are remembered by their digests: most sources give the same page until something new is on
it, and what arrives there late is older than what was seen. So a cursor alone either loses the late row or offers every
row, and every dead letter, again each time. With the digests a wide `back` costs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from brain.settings import Settings
from brain.store import db
from ingest.doors import rows
from ingest.doors.outcomes import AwaitedOutcomes
from ingest.doors.poll import sources
from ingest.doors.poll.sources import Mark, Source, Trouble
from ingest.feeds import BadMessage, _wire
from ingest.practice import Poll, Practice
from ingest.write.batch import Writer
from ingest.write.commit import patience
from ingest.write.fault import first_line, is_away
from ingest.write.message import ParsedMessage, no_one

log = logging.getLogger("ingest")

LOOK_S = 5.0  # how long at most until the next look whether a source is due, or whether its other worker is gone
DIGEST = 16
GRACE_S = 1.0  # so much longer than its own limit their database may take before the line is cut
STOP_S = 5.0


# Asking -------------------------------------------------------------------------------------------------------------
def ask(source: Source, at: Mark | None, poll: Poll) -> Sequence[dict[str, Any] | rows.Row]:
    """What the source has from `at` on. Raises Trouble, in whose sentence stands no secret, even where the source sends it
    back: the sentence goes into the database and the log."""
    if source.kind == "sql":
        found = _query(source, at, poll)
    else:
        secret = _file(source.secret_file) if source.secret_file else ""
        said = _text(_fetch(source, at, poll, secret))
        try:
            found = _read(source, said)
        except (rows.BadBody, Trouble) as err:
            raise Trouble(_hidden(source, said, secret) or str(err)) from None
    if len(found) > poll.rows_max:
        raise Trouble(f"一次给了超过 {poll.rows_max} 行；请用游标分次读，或写 LIMIT")
    return found


def _hidden(source: Source, said: str, secret: str) -> str:
    """What is wrong with an answer in which the secret stands, told of the answer without it: a sentence quotes only the
    beginning, and half a secret would not be known for one. Empty where it does not stand in it."""
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]} - {""}
    masked = said
    for form in sorted(forms, key=len, reverse=True):
        masked = masked.replace(form, "***")
    if masked == said:
        return ""
    try:
        _read(source, masked)
    except (rows.BadBody, Trouble) as err:
        return str(err)
    return "应答读不成，其中有我们的密钥；请核对地址、参数与密钥"


def _text(body: bytes) -> str:
    try:
        return _wire.text(body, gbk=True)
    except BadMessage as err:
        raise Trouble(err.reason) from None


def _read(source: Source, said: str) -> Sequence[dict[str, Any] | rows.Row]:
    if source.kind == "json":
        try:
            answer = json.loads(said)
        except (ValueError, RecursionError):
            raise Trouble(f"应答不是合法的 JSON：“{_wire.short(said[:200])}”；请核对地址与密钥") from None
        found = sources.listed(source, answer)
        if found:
            sources.drifted(source, set().union(*found))
        return found
    sources.drifted(source, set(rows.head(said)))
    return list(rows.table(said))


def _fetch(source: Source, at: Mark | None, poll: Poll, secret: str) -> bytes:
    """The body of the answer."""
    import httpx  # only here: most workers poll nothing

    cursor = "" if at is None else sources.put(source, at)

    def filled(said: dict[str, str]) -> dict[str, str]:
        return {k: v.replace("{cursor}", cursor).replace("{secret}", secret) for k, v in said.items()}

    url = source.url.replace("{cursor}", quote(cursor, safe="")).replace("{secret}", quote(secret, safe=""))
    host = urlsplit(source.url).hostname
    seconds = source.timeout_s or poll.timeout_s
    until = time.monotonic() + seconds
    body = bytearray()
    try:
        trusted = ssl.create_default_context(cafile=source.ca_file or None)
        with (
            httpx.Client(verify=trusted, timeout=seconds, trust_env=False, follow_redirects=False) as client,
            client.stream(
                source.method, url, params=filled(source.params) or None, data=filled(source.form) or None,
                headers={"User-Agent": "city-brain"} | filled(source.headers),
            ) as response,
        ):  # fmt: skip
            if response.status_code != 200:
                more = "（跳转不跟随，请写最终地址）" if response.is_redirect else ""
                raise Trouble(f"{host} 答了 {response.status_code}{more}；请核对地址、参数与密钥")
            for chunk in response.iter_bytes():  # as they arrive: one that drips must not outlast the time
                body += chunk
                if len(body) > poll.answer_max:
                    raise Trouble(f"{host} 的应答超过 {poll.answer_max} 字节；请用游标或参数少要一些")
                if time.monotonic() > until:
                    raise Trouble(f"{host} {seconds:g} 秒没有答完；请核对网络，或调大 timeout_s")
    except httpx.TimeoutException:
        raise Trouble(f"{host} {seconds:g} 秒没有应答；请核对网络，或调大 timeout_s") from None
    except httpx.ConnectError as err:
        why = "证书不可信" if "CERTIFICATE" in str(err).upper() else "连不上"
        raise Trouble(f"{host} {why}；请核对地址、网络与 ca_file") from None
    except (httpx.HTTPError, httpx.InvalidURL) as err:
        raise Trouble(f"{host} 的应答读不了（{type(err).__name__}）；请核对地址") from None
    except (OSError, ValueError):  # the file of the authority, a header with a line end
        raise Trouble("ca_file 读不了，或请求头、密钥里有不能用的字符；请核对") from None
    return bytes(body)


def _query(source: Source, at: Mark | None, poll: Poll) -> list[dict[str, Any]]:
    """Rows of a query, in a transaction that cannot write, through a cursor that cannot be anything but a SELECT."""
    seconds = source.timeout_s or poll.timeout_s
    way = _file(source.dsn_file)
    try:
        conninfo_to_dict(way)
    except psycopg.Error:  # its sentence would quote the password
        raise Trouble("dsn_file 里的连接串写得不对；应像 postgresql://用户:密码@主机:5432/库") from None
    try:
        with psycopg.Connection[Any].connect(
            way, connect_timeout=max(2, int(seconds)), row_factory=dict_row,
            application_name="brain poll", options=f"-c statement_timeout={int(seconds * 1000)}",
            keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=int(seconds * 1000),
        ) as conn, patience(conn, seconds + GRACE_S):  # fmt: skip
            conn.read_only = True
            with conn.cursor(name="brain_poll") as cursor:
                cursor.execute(source.query, {"cursor": at} if source.cursor else None)  # type: ignore[arg-type]
                found = cursor.fetchmany(poll.rows_max + 1)
                names = {column.name for column in cursor.description or ()}
    except psycopg.Error as err:
        raise Trouble(f"查询没有做成：{_wire.short(first_line(err), 200)}；请核对 dsn_file 与 query") from None
    sources.drifted(source, names)
    return found


def _file(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as err:
        raise Trouble(
            f"文件 {path} 读不了（{getattr(err, 'strerror', None) or '不是文字'}）；请放好密钥或连接串"
        ) from None


# Turning ------------------------------------------------------------------------------------------------------------
class Poller:
    """One source in the hands of one worker. `connect` gives a fresh connection to our database; `now` is the clock."""

    def __init__(
        self,
        source: Source,
        poll: Poll,
        writer: Writer,
        connect: Callable[[], psycopg.Connection],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self.source = source
        self.poll = poll
        self._writer, self._connect, self._now = writer, connect, now
        self._away = False

    def turn(self) -> float:
        """Ask the source if it is due and no other worker does; returns after how many seconds to look again."""
        try:
            with self._connect() as conn:
                wait = self._turn(conn)
        except psycopg.Error as err:
            if not self._away:
                log.warning("来源 %s：数据库不可用或不肯，游标不动（%s）", self.source.name, first_line(err))
            self._away = True
            # What would be no different the next time must not hand the same rows over every few seconds.
            return LOOK_S if is_away(err) else self.poll.retry_s[-1]
        self._away = False
        return min(LOOK_S, max(0.0, wait))

    def _turn(self, conn: psycopg.Connection) -> float:
        name = self.source.name
        if not db.row(conn, "poll_alone", source=name)["mine"]:
            return LOOK_S
        try:
            return self._alone(conn, name)
        finally:
            with contextlib.suppress(psycopg.Error):  # a connection that is gone has let go of its locks
                db.run(conn, "poll_done", source=name)

    def _alone(self, conn: psycopg.Connection, name: str) -> float:
        row = db.one(conn, "poll_cursor_of", source=name)
        now = self._now()
        if row is not None and row["next_at"] > now:
            return (row["next_at"] - now).total_seconds()
        cursor, seen, failures = (row["cursor"], bytes(row["seen"]), row["failures"]) if row else (None, b"", 0)
        try:
            cursor, seen, at_once = self._read(cursor, seen, now)
        except Trouble as err:
            pause = self.poll.retry_s[min(failures, len(self.poll.retry_s) - 1)]
            db.run(conn, "poll_failed", source=name, next_at=self._now() + timedelta(seconds=pause), error=str(err))
            if not failures:
                log.warning("来源 %s 没有读成：%s", name, err)
            return pause
        if failures:
            log.info("来源 %s 已恢复", name)
        pause = 0.0 if at_once else self.source.every_s
        db.run(
            conn, "poll_read", source=name, cursor=cursor, seen=seen, at=now, next_at=now + timedelta(seconds=pause),
        )  # fmt: skip
        return pause

    def _read(self, cursor: str | None, seen: bytes, now: datetime) -> tuple[str | None, bytes, bool]:
        """Ask, and see what is new safe; the cursor and the digests to keep, and whether there is more. Raises Trouble."""
        source = self.source
        since = sources.since(source, cursor) if source.cursor else None
        if cursor is not None and source.cursor and since is None:
            raise Trouble(
                f"存下的游标“{_wire.short(cursor)}”不是 {source.cursor_as}；请改回 cursor_as，或换个来源名字从头读"
            )
        known = {seen[n : n + DIGEST] for n in range(0, len(seen), DIGEST)}
        furthest = sources.mark(source, cursor) if source.cursor and cursor is not None else None
        offered: list[rows.Row] = []
        digests: list[bytes] = []
        found = ask(source, since, self.poll)
        for row in found:
            if isinstance(row, dict):
                if sources.outside(source, row):
                    continue
                row = sources.with_year(source, row, now)
                at = sources.mark_of(source, row) if source.cursor else None
                if isinstance(at, datetime) and at > now:
                    at = None  # a clock that runs ahead: with it, the cursor would pass what is still to come
                if at is not None:
                    # Marks of one source are of one kind, which the union of kinds cannot say.
                    if since is not None and at < since and not source.asks_by_cursor:  # pyright: ignore[reportOperatorIssue]
                        continue
                    furthest = at if furthest is None or at > furthest else furthest  # pyright: ignore[reportOperatorIssue]
                row = self._row(row)
            digests.append(hashlib.sha256(row.payload).digest()[:DIGEST])
            if digests[-1] not in known:
                offered.append(row)
        at_once = bool(source.page) and len(found) >= source.page
        if at_once and not offered:
            raise Trouble(f"满页的 {len(found)} 行里没有一行是新的，再问也读不下去；请调大 LIMIT 与 page，或减小 back")
        self._deliver(offered)
        return None if furthest is None else sources.written(furthest), b"".join(dict.fromkeys(digests)), at_once

    def _row(self, row: dict[str, Any]) -> rows.Row:
        try:
            return rows.Row(sources.message(self.source, row))
        except rows.BadBody as err:
            return rows.Row(repr(row).encode("utf-8", "replace"), (err.rule, err.reason))

    def _deliver(self, offered: list[rows.Row]) -> None:
        """Hand rows to the writer and wait until all of them are safe. Raises Trouble."""
        if not offered:
            return
        awaited, at, source = AwaitedOutcomes(len(offered)), self._now(), self.source
        for number, row in enumerate(offered):
            told = partial(awaited.told, number)
            if row.refused is None:
                self._writer.open(source.feed, source.topic, row.payload, at, no_one, told)
            else:
                self._writer.put(ParsedMessage(source.feed, source.topic, row.payload, at, [], row.refused, no_one, told))
        if not awaited.wait(self.poll.settle_s):
            raise Trouble(
                f"{len(offered)} 行没能在 {self.poll.settle_s:g} 秒内确认入库，游标不动；稍后重读，不会存两次"
            )


class Door:
    """All pollers of a worker, a thread each: a source that is slow to answer holds up nobody."""

    def __init__(self, pollers: list[Poller]):
        self.pollers = pollers
        self.failed = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for poller in self.pollers:
            name = f"poll-{poller.source.name}"
            self._threads.append(threading.Thread(target=self._run, args=(poller,), name=name, daemon=True))
            self._threads[-1].start()
        log.info("轮询 %d 个来源：%s", len(self.pollers), "、".join(p.source.name for p in self.pollers))

    def _run(self, poller: Poller) -> None:
        try:
            while not self._stopping.wait(poller.turn()):
                pass
        except Exception:
            log.exception("轮询 %s 出错，进程退出；没有入库的行下次重读", poller.source.name)
            self.failed = True

    def stop(self) -> None:
        """No new turn. One that waits for the writer is finished by it; one that waits for its source may be cut short
        by the end of the process: then its cursor has not moved."""
        self._stopping.set()

    def finish(self) -> None:
        until = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))


def door(settings: Settings, practice: Practice, writer: Writer) -> Door | None:
    """The polling door; None where no source is declared. Raises BadSource."""
    declared = sources.load(practice.folder, practice.poll.hotspots_back)
    if not declared:
        return None
    connect = partial(
        db.connect, settings.database_url, name=f"brain poll {settings.worker}", connect_timeout=3, keepalives_idle=5,
        keepalives_interval=2, keepalives_count=3, tcp_user_timeout=10_000,
    )  # fmt: skip
    return Door([Poller(source, practice.poll, writer, connect) for source in declared])
