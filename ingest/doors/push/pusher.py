"""The HTTP door: departments push JSON, CSV or GeoJSON, and are answered row by row when everything is safe.

`POST /api/v1/feeds/{feed}`, signed with the department's key (`brain key add`). Headers:

    X-Brain-Key        id of the key
    X-Brain-Time       now, in Unix seconds
    X-Brain-Signature  hex HMAC-SHA256, under the secret, over these lines joined by LF: method, path with query,
                       X-Brain-Time, Idempotency-Key (an empty line where there is none), Content-Type, hex SHA-256 of the body
    Idempotency-Key    up to 64 visible characters, the sender's own number of this push; the same for every repetition

200 when every row has been judged, 202 when some stand on our disk because the database is away. 503 claims nothing: send
the same again; so does 429, the answer to a key that pushes too often (`quota.py`), after the seconds of Retry-After. Why a
push is never stored twice: a reading is known by its identity, and a push by its idempotency key (or its signature), under
which the answer is kept and given again. Everything that decides what the body means is signed, so nobody between can
change it and spoil the answer of the true one.

Here is what becomes of a push; the server around it is `serving.py`.

Why the rows are handed over and waited for in a thread each request: the writer's queue holds the sender back when it is
full, and a thread may wait; `at_once` bounds them, and with them the database connections.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg

from brain.catalog.records import Catalog
from brain.identity import push_keys
from brain.identity.push_keys import FeedKey
from brain.store import db
from ingest import feeds
from ingest.doors import rows
from ingest.doors.outcomes import AwaitedOutcomes
from ingest.doors.push.quota import Quota
from ingest.feeds import _wire
from ingest.practice import Push
from ingest.write.batch import Writer
from ingest.write.commit import patience
from ingest.write.fault import first_line, is_away
from ingest.write.message import Outcome, ParsedMessage, no_one

log = logging.getLogger("ingest")

LATE_MAX = 32  # pushes remembered that were not safe in time
STATEMENT_S = 10  # a statement of ours that takes longer: the database counts as away
DUMMY = b"no such key"


@dataclass(frozen=True, slots=True)
class Asked:
    """A push as it came in."""

    feed: str
    method: str
    path: str  # with query, as the sender wrote it
    key: str
    at: str
    signature: str
    token: str
    media: str
    body: bytes
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON text; `retry`: the sender is asked to send the same again later, in `after_s` seconds where that is
    known; `code`: the word of a refusal."""

    status: int
    text: str
    retry: bool = False
    code: str = ""
    after_s: int = 0


UnderWay = tuple[AwaitedOutcomes, rows.BadBody | None]
"""Rows that the writer has, and why the body could not be read if it could not."""


class Away(Exception):
    """The database cannot be asked now."""


def refusal(status: int, code: str, says: str, *, retry: bool = False, after_s: int = 0) -> Answer:
    """An answer that is no receipt."""
    return Answer(status, json.dumps({"error": code, "says": says}, ensure_ascii=False), retry, code, after_s)


OTHER_CONTENT = refusal(422, "key", "这个幂等编号已用于别的内容；请换一个编号再推送")


def signed_text(asked: Asked) -> bytes:
    """What the sender signs."""
    digest = hashlib.sha256(asked.body).hexdigest()
    return "\n".join((asked.method, asked.path, asked.at, asked.token, asked.media, digest)).encode()


def signature(secret: bytes, asked: Asked) -> str:
    return hmac.new(secret, signed_text(asked), hashlib.sha256).hexdigest()


def signed_headers(
    ident: str, secret: bytes, path: str, media: str, body: bytes, now: datetime, token: str = ""
) -> dict[str, str]:
    """The headers of a signed push, as a sender makes them."""
    at = str(int(now.timestamp()))
    asked = Asked("", "POST", path, ident, at, "", token, media, body)
    found = {"X-Brain-Key": ident, "X-Brain-Time": at, "X-Brain-Signature": signature(secret, asked), "Content-Type": media}
    return found | ({"Idempotency-Key": token} if token else {})


def may(asked: Asked, key: FeedKey | None, now: datetime, window_s: float) -> Answer | None:
    """Why this push is refused, or None. Signature first: only who has the secret learns more than "wrong"."""
    secret = DUMMY if key is None or key.secret is None else key.secret
    right = hmac.compare_digest(signature(secret, asked).encode(), asked.signature.lower().encode())
    if key is not None and key.secret is None:
        return refusal(401, "seal", "这把密钥在服务器上解不开（签名密钥换过，或记录被改动）；请联系平台重新发一把")
    if key is None or not right:
        return refusal(
            401,
            "signature",
            "密钥编号或签名不对；请核对密钥，以及签名的六行：方法、路径、时间、幂等编号、类型、正文摘要",
        )
    if key.revoked_at is not None:
        return refusal(401, "revoked", "这把密钥已吊销；请联系平台重新发一把")
    if key.expires_at <= now:
        return refusal(401, "expired", "这把密钥已过期；请联系平台重新发一把")
    if not (asked.at.isascii() and asked.at.isdigit() and len(asked.at) <= 12):
        return refusal(401, "clock", "X-Brain-Time 应是 Unix 秒数；请核对格式")
    off = int(asked.at) - now.timestamp()
    if abs(off) > window_s:
        return refusal(
            401, "clock", f"签名时间与服务器相差 {abs(off):.0f} 秒，最多 {window_s:g} 秒；请校时后重新签名，"
            f"服务器现在是 {int(now.timestamp())}"
        )  # fmt: skip
    if asked.feed not in key.feeds:
        return refusal(
            403, "feed", f"这把密钥不能写接入 {asked.feed}；可写 {'、'.join(sorted(key.feeds))}，如需增加请联系平台"
        )
    return None


def answer_of(outcomes: list[Outcome]) -> Answer:
    """The answer when all is safe: each row, and totals."""
    said = [_row(number, outcome) for number, outcome in enumerate(outcomes, 1)]
    totals = Counter(row["result"] for row in said)
    body = {
        "rows": len(said),
        **{result: totals[result] for result in ("stored", "duplicate", "dead", "spilled")},
        "readings": {"stored": sum(o.stored for o in outcomes), "duplicate": sum(o.duplicate for o in outcomes)},
        "results": said,
    }
    return Answer(202 if totals["spilled"] else 200, json.dumps(body, ensure_ascii=False))


def _row(number: int, outcome: Outcome) -> dict[str, Any]:
    """A row that is dead in part says so; what was sound in it is counted under `readings`."""
    if outcome.spilled:
        return {"row": number, "result": "spilled", "reason": "数据库暂不可用，已写盘，恢复后入库；不必重发"}
    if outcome.refused:
        rule, reason = outcome.refused[0]
        more = f"（另有 {len(outcome.refused) - 1} 处）" if len(outcome.refused) > 1 else ""
        return {"row": number, "result": "dead", "rule": rule, "reason": reason + more}
    return {"row": number, "result": "stored" if outcome.stored else "duplicate"}


def _token(asked: Asked) -> str:
    """Under which the answer is kept: the sender's own, else the signature, which only the same request has."""
    return asked.token or f"sig:{asked.signature.lower()}"


def _what(asked: Asked) -> str:
    """The name of this push in the database's locks."""
    return f"push:{asked.key}:{_token(asked)}"


class Pusher:
    """Turns a push into an answer; called from many threads. `connect` gives a fresh connection, `now` and `monotonic` are
    the clocks."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        secret_key: str,
        push: Push,
        writer: Writer,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        catalog: Catalog | None = None,
    ):
        self._catalog = catalog
        self.push = push
        self.quota = Quota(push.per_minute, push.burst)
        self._monotonic = monotonic
        self._secret_key = secret_key
        self._writer = writer
        self._now = now
        self._connect = connect
        self._late: dict[str, tuple[UnderWay, bytes]] = {}  # pushes that were not safe in time
        self._refused, self._told_at = 0, float("-inf")
        self._idle: list[psycopg.Connection] = []  # append and pop are atomic
        self._known: dict[str, tuple[FeedKey, datetime]] = {}  # keys as the database had them, and when

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def answer(self, asked: Asked) -> Answer:
        """Everything from the signature to the answer. Never raises psycopg.Error."""
        try:
            with self._connection() as conn:
                answer = self._with_database(conn, asked)
        except Away:
            answer = self._without_database(asked)
        if answer.status in (401, 403, 429):
            self._log_refused(asked, answer)
        return answer

    def _log_refused(self, asked: Asked, answer: Answer) -> None:
        """Refused attempts are seen (GB/T 22239 8.1.4.3), one line a second at most: a flood must not wash the log away."""
        self._refused += 1
        now = self._monotonic()
        if now - self._told_at >= 1:
            key, feed = (_wire.short(said) for said in (asked.key, asked.feed))
            log.warning(
                "推送被拒 %d 次，最近一次：密钥 %s，接入 %s，来自 %s，%s",
                self._refused,
                key,
                feed,
                asked.peer,
                answer.code,
            )
            self._refused, self._told_at = 0, now

    @contextlib.contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        """A connection that answers, or Away. No pool of psycopg's: after an outage that one waits longer and longer."""
        conn = None
        while conn is None:
            begun = time.monotonic()
            try:
                conn = self._idle.pop()
                with patience(conn, STATEMENT_S):
                    conn.execute("")
            except IndexError:
                try:
                    conn = self._connect()
                    with patience(conn, STATEMENT_S):
                        db.run(conn, "intake_session", statement=f"{STATEMENT_S}s")
                except psycopg.Error as err:
                    raise _away(err) from None
            except psycopg.Error:
                if conn is not None:
                    conn.close()
                conn = None
                if time.monotonic() - begun >= STATEMENT_S:
                    raise Away from None  # it stands still: the other idle ones would each take as long
        try:
            yield conn
        finally:
            if conn.broken:
                conn.close()
            else:
                self._idle.append(conn)

    def _with_database(self, conn: psycopg.Connection, asked: Asked) -> Answer:
        now = self._now()
        try:
            with patience(conn, STATEMENT_S):
                key = push_keys.find(conn, self._secret_key, asked.key)
        except psycopg.Error as err:
            raise _away(err) from None
        if key is None:
            self._known.pop(asked.key, None)
        else:
            self._known[key.id] = (key, now)  # revoked ones, too: they stay refused without a database
        refused = may(asked, key, now, self.push.window_s) or self._too_often(asked.key)
        if refused is not None:
            return refused
        assert key is not None, "`may` refuses where there is no key"
        what, token = _what(asked), _token(asked)
        digest = hashlib.sha256(f"{asked.feed}\n{asked.media}\n".encode() + asked.body).digest()
        try:
            with patience(conn, STATEMENT_S):
                mine = db.row(conn, "push_alone", what=what)["mine"]
            if not mine:
                return refusal(409, "busy", "同一个编号的推送正在处理；请稍后原样重发，领取它的结果", retry=True)
        except psycopg.Error as err:
            raise _away(err) from None
        try:
            try:
                with patience(conn, STATEMENT_S):
                    kept = db.one(conn, "push_receipt_of", key=key.id, token=token)
                    db.run(conn, "feed_key_used", id=key.id, now=now)
            except psycopg.Error as err:
                raise _away(err) from None
            if kept is not None:
                if bytes(kept["asked"]) != digest:
                    return OTHER_CONTENT
                return Answer(kept["status"], kept["answer"])
            answer = self._take(asked, what, key.org)
            if answer.status in (200, 400):  # judged for good; what is on disk will be known again by its readings
                # What fails here only makes a repetition be judged anew, and find duplicates.
                with contextlib.suppress(psycopg.Error), patience(conn, STATEMENT_S):
                    db.run(
                        conn, "push_receipt_insert", key=key.id, token=token, asked=digest, now=now,
                        until=now - self.push.receipt, status=answer.status, answer=answer.text,
                    )  # fmt: skip
            return answer
        finally:
            # A connection that is gone has let go of its locks.
            with contextlib.suppress(psycopg.Error), patience(conn, STATEMENT_S):
                db.run(conn, "push_done", what=what)

    def _without_database(self, asked: Asked) -> Answer:
        """The database is away: a key that was good a short time ago may still write, and the writer spills. No answer can
        be kept; a repetition becomes duplicates when the spill goes in."""
        key, at = self._known.get(asked.key, (None, None))
        now = self._now()
        if key is None or at is None or (now - at).total_seconds() > self.push.cached_s:
            return refusal(503, "away", "数据库暂不可用，没法核对密钥，什么都没有收下；请稍后原样重发", retry=True)
        return may(asked, key, now, self.push.window_s) or self._too_often(asked.key) or self._take(asked, _what(asked), key.org)

    def _too_often(self, key: str) -> Answer | None:
        """The refusal of a rightful push that comes too soon. After the signature, so that nobody can use up what is
        another's; before anything is written or locked."""
        wait_s = math.ceil(self.quota.take(key, self._monotonic()))
        if not wait_s:
            return None
        return refusal(
            429, "often", f"推送太频繁：这把密钥每分钟最多 {self.push.per_minute} 次，这一次什么都没有收下；"
            f"请 {wait_s} 秒后原样重发，或把多行合在一次里推送", retry=True, after_s=wait_s,
        )  # fmt: skip

    def _take(self, asked: Asked, what: str, org: str) -> Answer:
        """Hand the rows to the writer, as sent by `org`, and wait until all are safe; the push is rightful.

        What was not safe in time is waited for again, and not handed over again, when its sender asks the next time: else
        its dead rows would stand in the dead letter twice. Once only, for the writer may have let it go."""
        asked_for = signed_text(replace(asked, at=""))
        late, asked_before = self._late.get(what, (None, b""))
        if late is not None and asked_before != asked_for:
            return OTHER_CONTENT
        self._late.pop(what, None)
        under_way = late or self._hand_over(asked, org)
        if isinstance(under_way, Answer):
            return under_way
        awaited, bad = under_way
        if not awaited.wait(self.push.answer_s):
            if late is None:
                while len(self._late) >= LATE_MAX:
                    self._late.pop(next(iter(self._late)), None)
                self._late[what] = (under_way, asked_for)
            return refusal(
                503,
                "late",
                f"没能在 {self.push.answer_s:g} 秒内确认入库，请当作没有收下；稍后原样重发，不会存两次",
                retry=True,
            )
        if bad is not None:
            return refusal(400, bad.rule, f"{bad.reason}。正文已留在死信里")
        outcomes = [outcome for outcome in awaited.outcomes if outcome is not None]
        assert len(outcomes) == len(awaited.outcomes), "what was waited for is complete"
        return answer_of(outcomes)

    def _hand_over(self, asked: Asked, org: str) -> Answer | UnderWay:
        """Give the rows to the writer. A body of which no row can be told goes to the dead letter whole, as far as it may
        be long."""
        if asked.feed not in feeds.load():
            return refusal(404, "feed", f"没有名为 {asked.feed} 的接入；可用 {'、'.join(feeds.load())}")
        form = rows.FORMS.get(asked.media.partition(";")[0].strip().lower())
        if form is None:
            return refusal(415, "media", f"Content-Type 不认识；可用 {'、'.join(rows.FORMS)}")
        bad = None
        try:
            found = rows.cut(asked.feed, form, asked.body, self.push.rows_max, self._catalog)
        except rows.BadBody as err:
            if err.large:
                return refusal(413, err.rule, err.reason)
            bad = err
            found = [rows.Row(asked.body[: self._writer.practice.payload_max], (err.rule, err.reason))]
        topic = f"{feeds.PUSH}{asked.feed}/{org}/{asked.key}/-"  # `-`: the station stands in the row
        awaited = AwaitedOutcomes(len(found))
        received_at = self._now()
        for number, row in enumerate(found):
            told = partial(awaited.told, number)
            if row.refused is None:
                self._writer.open(asked.feed, topic, row.payload, received_at, no_one, told)
            else:
                self._writer.put(ParsedMessage(asked.feed, topic, row.payload, received_at, [], row.refused, no_one, told))
        return awaited, bad


def _away(err: psycopg.Error) -> Away:
    """To answer without the database; an error that is not its own but ours is told, because no outage would ever end it."""
    if not is_away(err):
        log.error("推送：数据库不肯做我们要它做的（%s）；请运行 brain migrate，仍不行请把这句话告诉开发", first_line(err))
    return Away()
