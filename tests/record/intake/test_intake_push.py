"""Pushing over HTTP with a real server, writer and database: signed, answered row by row, stored once."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.identity import push_keys
from brain.identity.doing import Doer, Via
from brain.settings import Settings
from brain.store import db
from ingest import feeds, tools
from ingest.doors.push.pusher import Pusher
from ingest.doors.push.serving import BODIES, Door, exposition
from tests.ports import free_port

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
SECRET_KEY = "a signing key of a test, long enough"
YEAR = timedelta(days=365)
BY = Doer("运维", "localhost", Via.CLI)


def sign(secret: str, path: str, at: str, token: str, media: str, body: bytes) -> str:
    """The signature, made as a department would from the description alone."""
    text = "\n".join(["POST", path, at, token, media, hashlib.sha256(body).hexdigest()])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Department:
    """A sender with a key; `send` signs and posts."""

    def __init__(self, url: str, id: str, secret: str, now=lambda: NOW):
        self.client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self.id, self.secret, self.now = id, secret, now

    def signed(
        self, feed: str, body, *, media="application/json", token="", off: float = 0, query: str = ""
    ) -> httpx.Request:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        path = f"/api/v1/feeds/{feed}{query}"
        at = str(int(self.now().timestamp() + off))
        headers = {
            "X-Brain-Key": self.id, "X-Brain-Time": at, "Content-Type": media,
            "X-Brain-Signature": sign(self.secret, path, at, token, media, data),
        }  # fmt: skip
        if token:
            headers["Idempotency-Key"] = token
        return self.client.build_request("POST", path, content=data, headers=headers)

    def post(self, request: httpx.Request) -> httpx.Response:
        return self.client.send(request)

    def send(self, feed: str, body, **more) -> httpx.Response:
        return self.post(self.signed(feed, body, **more))


@pytest.fixture(autouse=True)
def owned(conn, stations) -> None:
    """All stations here belong to the department whose key is tried (whose else may be tried is in test_owners.py)."""
    conn.execute("UPDATE station SET org = 'qxj'")


@pytest.fixture
def pusher(hands, db_url):
    """Make what answers pushes on this test's database, which `hands.database(False)` takes away."""
    made: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        if hands.away:
            raise psycopg.OperationalError("connection refused")
        made.append(db.connect(db_url, name="push under test"))
        return made[-1]

    def pusher(**more) -> Pusher:
        push = replace(hands.practice.push, **{"answer_s": 10, "per_minute": 0} | more)
        return Pusher(connect, SECRET_KEY, push, hands.writer, now=lambda: hands.now, monotonic=lambda: hands.ticks)

    pusher.cut = lambda: [conn.close() for conn in made]
    return pusher


@pytest.fixture
def door(hands, pusher):
    """The door on a free port, with the writer turning behind it."""
    door = Door("127.0.0.1", 0, pusher(), hands.writer)
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    door.start()
    yield door
    door.stop()
    hands.writer.stop()
    turning.join()
    door.finish()


@pytest.fixture
def url(door) -> str:
    return f"http://127.0.0.1:{door.port}"


@pytest.fixture
def key(conn):
    """Make a key: (id, secret)."""
    return lambda *feeds, until=NOW + YEAR: push_keys.make(conn, SECRET_KEY, BY, "qxj", list(feeds), NOW, until)


@pytest.fixture
def qxj(url, key) -> Department:
    """The weather office: may write rain, fire and water."""
    department = Department(url, *key("rain", "fire", "water"))
    yield department
    department.client.close()


def rain(n: int = 0, value: object = 1.0, station: str = "RG-01") -> dict:
    return {"stcd": station, "tm": (NOW - timedelta(seconds=n)).isoformat(), "p1": value}


# What is told ---------------------------------------------------------------------------------------------------------
def test_each_row_is_answered_and_the_totals_add_up(qxj, hands):
    answer = qxj.send("rain", [rain(0), rain(1), rain(1), rain(2, station="RG-77"), rain(3, 9999.0), 7])
    assert answer.status_code == 200
    said = answer.json()
    assert [r["result"] for r in said["results"]] == ["stored", "stored", "duplicate", "dead", "dead", "dead"]
    assert [r["row"] for r in said["results"]] == [1, 2, 3, 4, 5, 6]
    assert [r.get("rule") for r in said["results"]][3:] == ["station", "range", "shape"]
    assert (said["rows"], said["stored"], said["duplicate"], said["dead"], said["spilled"]) == (6, 2, 1, 3, 0)
    assert len(hands.readings()) == 2


def test_a_dead_row_stands_in_the_dead_letter_with_its_key_and_can_be_replayed(qxj, hands, conn, catalog):
    from ingest.watch.mend import mend

    qxj.send("rain", b"stcd,tm,p1\nRG-77,2026-09-03 09:00,2.5\n", media="text/csv")
    (letter,) = hands.letters()
    assert letter["topic"] == f"push/rain/qxj/{qxj.id}/-"
    assert json.loads(bytes(letter["payload"])) == {"stcd": "RG-77", "tm": "2026-09-03 09:00", "p1": "2.5"}
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('RG-77', 'RG-77', 'rain', 116.1, 24.3, 'qxj')")
    assert mend(conn, catalog, hands.practice, NOW).replayed == 1
    assert [r[:2] for r in hands.readings()] == [("RG-77", "rain_1h")]


def test_a_row_that_is_sound_in_part_is_stored_in_part(qxj, hands):
    said = qxj.send("rain", rain() | {"p3": "很多"}).json()
    assert said["results"][0]["rule"] == "value"
    assert said["readings"] == {"stored": 1, "duplicate": 0}
    assert len(hands.readings()) == 1


def test_a_body_that_cannot_be_read_stands_whole_in_the_dead_letter(qxj, hands):
    answer = qxj.send("rain", b'[{"stcd": "RG-01"')
    assert answer.status_code == 400
    assert "不是合法的 JSON" in answer.json()["says"]
    (letter,) = hands.letters()
    assert (letter["rule"], bytes(letter["payload"])) == ("decode", b'[{"stcd": "RG-01"')


def test_while_the_database_is_away_a_known_key_writes_to_disk_and_the_rows_come_in_later(qxj, pusher, hands, until):
    assert qxj.send("rain", rain(0)).json()["stored"] == 1
    hands.database(False)
    pusher.cut()
    request = qxj.signed("rain", [rain(1), rain(2)])
    for answer in (qxj.post(request), qxj.post(request)):
        assert answer.status_code == 202
        assert [r["result"] for r in answer.json()["results"]] == ["spilled", "spilled"]
    hands.database(True)
    until(lambda: hands.writer.counts()["rain"].in_flight == 0)
    assert len(hands.readings()) == 3
    assert qxj.post(request).json()["duplicate"] == 2


def test_while_the_database_is_away_a_key_not_checked_lately_is_asked_to_come_again(qxj, pusher, hands):
    hands.database(False)
    never = qxj.send("rain", rain(0))
    assert (never.status_code, never.json()["error"], never.headers["Retry-After"]) == (503, "away", "5")
    hands.database(True)
    assert qxj.send("rain", rain(0)).status_code == 200
    hands.database(False)
    pusher.cut()
    hands.now += timedelta(seconds=hands.practice.push.cached_s + 1)
    late = Department(str(qxj.client.base_url), qxj.id, qxj.secret, now=lambda: hands.now)
    assert late.send("rain", rain(1)).status_code == 503


def test_a_database_that_stands_still_keeps_no_push_waiting(qxj, hands, conn, monkeypatch):
    """A frozen server keeps no time limit and hangs up on nobody; eight such waits would close the door."""
    monkeypatch.setattr("ingest.doors.push.pusher.STATEMENT_S", 1)
    assert qxj.send("rain", rain(0)).status_code == 200
    frozen = conn.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'push under test'").fetchall()
    for row in frozen:
        os.kill(row["pid"], signal.SIGSTOP)
    try:
        assert qxj.send("rain", rain(1)).json()["stored"] == 1
    finally:
        for row in frozen:
            os.kill(row["pid"], signal.SIGCONT)
    assert frozen and len(hands.readings()) == 2


def test_while_the_database_is_away_a_key_known_to_be_revoked_stays_refused(qxj, pusher, hands, conn):
    push_keys.revoke(conn, BY, qxj.id, NOW)
    assert qxj.send("rain", rain(0)).status_code == 401
    hands.database(False)
    pusher.cut()
    assert qxj.send("rain", rain(0)).json()["error"] == "revoked"


def test_a_push_that_is_not_safe_in_time_claims_nothing_and_may_be_sent_again(hands, pusher, key):
    door = Door("127.0.0.1", 0, pusher(answer_s=0.5), hands.writer)
    door.start()
    department = Department(f"http://127.0.0.1:{door.port}", *key("rain"))
    request = department.signed("rain", [rain(0), rain(1, station="RG-77")])
    late = department.post(request)  # nobody turns the writer
    assert (late.status_code, late.json()["error"]) == (503, "late")
    assert int(late.headers["Retry-After"]) > 0
    other = department.signed("rain", [rain(7)], token="n1")
    assert department.post(department.signed("rain", [rain(8)], token="n1")).json()["error"] == "late"
    assert department.post(other).status_code == 422, "the number belongs to what is still under way"
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    again = department.post(request).json()
    assert (again["stored"], again["dead"]) == (1, 1), "the rows under way were waited for, and not handed over again"
    assert (len(hands.readings()), len(hands.letters())) == (2, 1)
    door.stop()
    hands.writer.stop()
    turning.join()
    door.finish()


# How often ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def eager(hands, pusher, key):
    """Two departments at a door that lets a key push six times a minute, two at once; the writer turns behind it."""
    door = Door("127.0.0.1", 0, pusher(per_minute=6, burst=2), hands.writer)
    hands.writer.doors = {"http": door}
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    door.start()
    made = [Department(f"http://127.0.0.1:{door.port}", *key("rain")) for _ in range(2)]
    yield made
    for department in made:
        department.client.close()
    door.stop()
    hands.writer.stop()
    turning.join()
    door.finish()


def test_a_key_that_pushes_too_often_is_asked_to_wait_and_nothing_of_it_is_taken(eager, hands):
    answers = [eager[0].send("rain", rain(n)) for n in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert (answers[2].json()["error"], answers[2].headers["Retry-After"]) == ("often", "10")
    assert "每分钟最多 6 次" in answers[2].json()["says"] and "请 10 秒后原样重发" in answers[2].json()["says"]
    assert len(hands.readings()) == 2 and hands.adds_up()["rain"].received == 2


def test_what_was_too_often_is_taken_when_it_is_sent_again_after_the_wait(eager, hands):
    requests = [eager[0].signed("rain", rain(n)) for n in range(3)]
    wait_s = [eager[0].post(request) for request in requests][2].headers["Retry-After"]
    hands.ticks += int(wait_s)
    assert eager[0].post(requests[2]).json()["stored"] == 1
    assert len(hands.readings()) == 3


def test_an_eager_key_costs_another_key_nothing(eager):
    assert [eager[0].send("rain", rain(n)).status_code for n in range(3)][2] == 429
    assert eager[1].send("rain", rain(9)).status_code == 200


def test_who_has_not_the_secret_uses_up_nothing_of_a_key(eager):
    thief = Department(str(eager[0].client.base_url), eager[0].id, "not the secret")
    assert {thief.send("rain", rain(n)).status_code for n in range(5)} == {401}
    assert eager[0].send("rain", rain(0)).status_code == 200


def test_a_key_that_pushes_too_often_is_asked_to_wait_while_the_database_is_away_too(eager, pusher, hands):
    eager[0].send("rain", rain(0))
    hands.database(False)
    pusher.cut()
    assert [eager[0].send("rain", rain(n)).status_code for n in (1, 2)] == [202, 429]


def test_what_was_too_often_is_counted_by_its_key(eager):
    for n in range(4):
        eager[0].send("rain", rain(n))
    text = httpx.get(f"{eager[0].client.base_url}/metrics", trust_env=False).text
    assert f'brain_intake_push_limited_total{{key="{eager[0].id}",worker="w1"}} 2.0' in text
    assert eager[1].id not in text


def test_the_command_of_a_field_engineer_waits_as_long_as_it_is_asked_to(eager, hands, tmp_path, monkeypatch):
    def later(seconds: float) -> None:
        hands.ticks += seconds

    monkeypatch.setattr(tools.time, "sleep", later)
    file = tmp_path / "rain.jsonl"
    file.write_text("".join(json.dumps(rain(n)) + "\n" for n in range(4)))
    tools.send(
        Settings(), feeds.load()["rain"], str(file), lambda _: None, door="http", to=str(eager[0].client.base_url),
        secret=f"{eager[0].id}:{eager[0].secret}", now=lambda: NOW,
    )  # fmt: skip
    assert len(hands.readings()) == 4


# Forms ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_by_the_names_of_the_feed_is_read_in_utf_8_and_gbk(qxj, hands, conn, coding):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('西阳', '西阳', 'water', 116.1, 24.3, 'qxj')")
    sheet = "站码,监测时间,水温,pH,溶解氧\r\n西阳,2026-09-03 09:00,28.8,7.02,--\r\n\r\n"
    said = qxj.send("water", sheet.encode(coding), media="text/csv; charset=x").json()
    assert (said["rows"], said["stored"]) == (1, 1), said
    assert [r[1] for r in hands.readings()] == ["ph", "water_temp"]


def test_csv_of_plain_readings_is_turned_into_our_units(qxj, hands):
    sheet = b"station,kind,value,unit,at\nRG-01,rain_1h,1.25,cm,2026-09-03T09:00:00+08:00\n"
    assert qxj.send("rain", sheet, media="text/csv").json()["stored"] == 1
    assert [(r[1], r[3]) for r in hands.readings()] == [("rain_1h", pytest.approx(12.5))]


def test_a_list_of_readings_takes_what_they_have_in_common_from_beside_it(qxj, hands):
    body = {"station": "RG-01", "at": "2026-09-03T09:00:00+08:00", "readings": [
        {"kind": "rain_1h", "value": 1}, {"kind": "rain_3h", "value": 2}, {"kind": "雨势", "value": 3}]}  # fmt: skip
    said = qxj.send("rain", body).json()
    assert [r["result"] for r in said["results"]] == ["stored", "stored", "dead"]
    assert "雨势" in said["results"][2]["reason"]


def test_a_row_with_a_cell_too_few_is_refused_alone(qxj, hands):
    said = qxj.send("rain", b"stcd,tm,p1\nRG-01,2026-09-03 09:00\nRG-01,2026-09-03 09:00,1\n", media="text/csv").json()
    assert [r["result"] for r in said["results"]] == ["dead", "stored"]
    assert bytes(hands.letters()[0]["payload"]) == b"stcd,tm,p1\r\nRG-01,2026-09-03 09:00\r\n"


def test_geojson_points_become_hotspots_at_their_place(qxj, hands):
    spot = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [116.1, 24.3]}, "properties": {
        "acq_date": "2026-09-03", "acq_time": "0100", "satellite": "T", "confidence": 98, "frp": 101.3}}  # fmt: skip
    nowhere = spot | {"geometry": {"type": "Polygon", "coordinates": []}}
    body = {"type": "FeatureCollection", "features": [spot, nowhere]}
    said = qxj.send("fire", body, media="application/geo+json").json()
    assert [r.get("rule", r["result"]) for r in said["results"]] == ["stored", "place"]
    assert {r[:2] for r in hands.readings()} == {("FW-001", "hotspot"), ("FW-001", "hotspot_confidence")}


def test_firms_csv_is_answered_row_by_row(qxj, hands):
    sheet = (
        b"latitude,longitude,bright_ti4,acq_date,acq_time,satellite,confidence,frp\n"
        b"24.3001,116.1001,331.2,2026-09-03,0100,N20,n,4.2\n40.0,100.0,331.2,2026-09-03,0100,N20,n,4.2\n"
    )
    said = qxj.send("fire", sheet, media="text/csv").json()
    assert [r.get("rule", r["result"]) for r in said["results"]] == ["stored", "place"]


# Who may --------------------------------------------------------------------------------------------------------------
def test_a_wrong_signature_an_unknown_key_and_a_changed_part_are_refused_alike(qxj, url, hands):
    good = qxj.signed("rain", rain(), token="n1")
    said = set()
    for name, value in {
        "X-Brain-Signature": "0" * 64, "X-Brain-Key": "k000000000000", "X-Brain-Time": str(int(NOW.timestamp()) + 1),
        "Idempotency-Key": "n2", "Content-Type": "text/csv",
    }.items():  # fmt: skip
        headers = good.headers.copy()
        headers[name] = value
        changed = httpx.Request("POST", good.url, headers=headers, content=good.content)
        said.add((qxj.post(changed).status_code, qxj.post(changed).json()["says"]))
    other = httpx.Request("POST", good.url, headers=good.headers, content=good.content.replace(b"1.0", b"2.0"))
    said.add((qxj.post(other).status_code, qxj.post(other).json()["says"]))
    elsewhere = httpx.Request("POST", f"{url}/api/v1/feeds/fire", headers=good.headers, content=good.content)
    said.add((qxj.post(elsewhere).status_code, qxj.post(elsewhere).json()["says"]))
    assert len(said) == 1
    assert next(iter(said))[0] == 401
    assert hands.readings() == [] and hands.letters() == []


def test_a_clock_may_be_off_by_the_window_and_no_more(qxj):
    said = {off: qxj.send("rain", rain(), off=off) for off in (-299, 299, -301, 301)}
    assert {off: answer.status_code for off, answer in said.items()} == {-299: 200, 299: 200, -301: 401, 301: 401}
    assert "请校时" in said[301].json()["says"]


def test_refused_attempts_are_in_the_log_and_a_flood_of_them_is_one_line(qxj, caplog):
    for _ in range(20):
        qxj.send("air", {})
    lines = [r.getMessage() for r in caplog.records if "推送被拒" in r.getMessage()]
    assert qxj.id in lines[0] and "127.0.0.1" in lines[0] and "feed" in lines[0]
    assert len(lines) < 10
    assert not any(qxj.secret in line for line in lines)


def test_a_key_writes_only_its_feeds(qxj, hands):
    answer = qxj.send("air", {"MN": "AQ-01"})
    assert answer.status_code == 403
    assert "可写 fire、rain、water" in answer.json()["says"]
    assert hands.letters() == []


def test_a_revoked_key_is_refused_from_the_next_request_on(qxj, conn):
    assert qxj.send("rain", rain(0)).status_code == 200
    push_keys.revoke(conn, BY, qxj.id, NOW)
    assert (qxj.send("rain", rain(1)).status_code, qxj.send("rain", rain(1)).json()["error"]) == (401, "revoked")


def test_a_key_ends_by_itself(url, key, hands):
    old = Department(url, *key("rain", until=NOW + timedelta(seconds=1)))
    assert old.send("rain", rain(0)).status_code == 200
    hands.now = NOW + timedelta(seconds=1)
    assert old.send("rain", rain(1)).json()["error"] == "expired"


def test_a_key_whose_row_was_widened_by_hand_opens_nothing(qxj, conn):
    conn.execute("UPDATE feed_key SET feeds = '{air,rain}' WHERE id = %s", [qxj.id])
    assert qxj.send("air", {}).json()["error"] == "seal"


def test_a_dump_of_the_database_holds_no_secret(qxj, conn):
    row = conn.execute("SELECT * FROM feed_key").fetchone()
    assert qxj.secret.encode() not in bytes(row["sealed"])
    assert push_keys.find(conn, "another signing key, as long as that", qxj.id).secret is None


def test_a_request_without_headers_is_refused_before_its_body_is_read(url):
    answer = httpx.post(f"{url}/api/v1/feeds/rain", content=b"x" * 5_000_000, trust_env=False)
    assert answer.status_code == 401


def test_a_body_over_the_limit_is_refused(qxj, door, hands):
    answer = qxj.send("rain", b"x" * (hands.practice.push.body_max + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "size")


def test_a_body_over_the_limit_that_hides_its_length_is_refused(qxj, door, hands):
    request = qxj.signed("rain", b"")
    chunk = b"x" * 65536
    request = httpx.Request(
        "POST", request.url, content=(chunk for _ in range(hands.practice.push.body_max // 65536 + 2)),
        headers={k: v for k, v in request.headers.items() if k.startswith("x-brain")},
    )  # fmt: skip
    with contextlib.suppress(httpx.WriteError):  # hung up while it was still sending
        assert qxj.post(request).status_code == 413
    assert hands.letters() == []


@pytest.fixture
def stranger(door):
    """stranger(bytes) opens a push under a key of his own making, sends so much of its body, and waits."""
    lines: list[socket.socket] = []

    def stranger(sent: int, declared: int) -> None:
        lines.append(socket.create_connection(("127.0.0.1", door.port), timeout=10))
        head = ("POST /api/v1/feeds/rain HTTP/1.1", "Host: x", "X-Brain-Key: k", "X-Brain-Time: 1", "X-Brain-Signature: s",
                f"Content-Length: {declared}", "", "")  # fmt: skip
        lines[-1].sendall("\r\n".join(head).encode() + b"x" * sent)

    yield stranger
    for line in lines:
        line.close()


def test_strangers_who_never_finish_their_bodies_take_nobody_s_place(qxj, door, stranger, until, hands):
    for n in range(3 * hands.practice.push.at_once):
        stranger(n + 1, 1000)
    until(lambda: door.held >= sum(range(3 * hands.practice.push.at_once)))
    assert qxj.send("rain", rain(0)).json()["stored"] == 1


def test_unfinished_bodies_fill_no_more_memory_than_is_set_aside(qxj, door, stranger, until, hands):
    most = hands.practice.push.body_max
    for _ in range(2 * BODIES):
        stranger(most - 1, most)
    until(lambda: door.held > (BODIES - 1) * most)
    until(lambda: qxj.send("rain", rain(0)).status_code == 503)
    assert door.held <= BODIES * most + (1 << 20)


def test_more_rows_than_the_limit_are_refused_and_none_is_stored(qxj, hands):
    body = b"stcd,tm,p1\n" + b"RG-01,2026-09-03 09:00,1\n" * (hands.practice.push.rows_max + 1)
    assert qxj.send("rain", body, media="text/csv").status_code == 413
    assert hands.readings() == [] and hands.letters() == []


def test_an_unknown_kind_of_body_is_refused(qxj):
    assert qxj.send("rain", b"<x/>", media="application/xml").status_code == 415


# Once -----------------------------------------------------------------------------------------------------------------
def test_the_same_request_again_gets_the_same_answer_to_the_byte(qxj, hands):
    request = qxj.signed("rain", [rain(0), rain(1, station="RG-77")])
    first, second = qxj.post(request), qxj.post(request)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert len(hands.letters()) == 1
    assert hands.adds_up()["rain"].received == 2


def test_an_unreadable_body_again_stands_in_the_dead_letter_once(qxj, hands):
    request = qxj.signed("rain", b"{")
    assert qxj.post(request).content == qxj.post(request).content
    assert len(hands.letters()) == 1


def test_under_an_idempotency_key_a_later_signature_gets_the_first_answer(qxj, hands):
    first = qxj.send("rain", [rain(0)], token="day-1")
    hands.now = NOW + timedelta(hours=5)
    later = Department(str(qxj.client.base_url), qxj.id, qxj.secret, now=lambda: hands.now)
    assert later.send("rain", [rain(0)], token="day-1").content == first.content


def test_an_idempotency_key_belongs_to_one_content(qxj):
    qxj.send("rain", [rain(0)], token="day-1")
    assert qxj.send("rain", [rain(1)], token="day-1").status_code == 422


def test_a_request_that_is_being_worked_on_is_not_worked_on_twice(qxj, conn, db_url):
    with db.connect(db_url, name="another worker") as other:
        db.run(other, "push_alone", what=f"push:{qxj.id}:day-1")
        answer = qxj.send("rain", [rain(0)], token="day-1")
        assert (answer.status_code, answer.json()["error"]) == (409, "busy")
        db.run(other, "push_done", what=f"push:{qxj.id}:day-1")
    assert qxj.send("rain", [rain(0)], token="day-1").status_code == 200


def test_a_kill_between_commit_and_receipt_makes_duplicates_and_no_second_reading(qxj, hands, conn):
    request = qxj.signed("rain", [rain(0), rain(1)])
    assert qxj.post(request).json()["stored"] == 2
    conn.execute("DELETE FROM push_receipt")  # what such a kill leaves behind
    assert qxj.post(request).json()["duplicate"] == 2
    assert len(hands.readings()) == 2


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_interleaving_of_retries_stores_once(qxj, hands, conn, data):
    """Several pushes, each sent three times at once and in any order: as if each had been sent once."""
    conn.execute("TRUNCATE push_receipt")
    conn.execute("TRUNCATE dead_letter")
    before = {r[2] for r in hands.readings()}
    base = data.draw(st.integers(1, 10**6))
    pushes = [
        (f"t{base}-{n}", [rain(base + s, station=g) for s, g in rows])
        for n, rows in enumerate(
            data.draw(
                st.lists(
                    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["RG-01", "RG-77"])), min_size=1, max_size=4),
                    min_size=1,
                    max_size=3,
                )
            )
        )
    ]
    order = data.draw(st.permutations([p for p in pushes for _ in range(3)]))
    answers: dict[str, list[bytes]] = {token: [] for token, _ in pushes}

    def one(token: str, rows: list[dict]) -> None:
        for _ in range(500):
            answer = qxj.send("rain", rows, token=token)
            if answer.status_code == 200:
                answers[token].append(answer.content)
                return
            assert answer.headers["Retry-After"]  # busy with the same, or with too many

    threads = [threading.Thread(target=one, args=push) for push in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = {datetime.fromisoformat(r["tm"]) for _, rows in pushes for r in rows if r["stcd"] == "RG-01"}
    assert {r[2] for r in hands.readings()} == before | wanted
    assert all(len(told) == 3 and len(set(told)) == 1 for told in answers.values())
    assert len(hands.letters()) == sum(r["stcd"] == "RG-77" for _, rows in pushes for r in rows)
    hands.adds_up()


def test_a_worker_killed_while_pushes_come_in_loses_and_doubles_nothing(start, key, conn, until):
    """kill -9; the department sends each push again until it is answered, as any HTTP client would."""
    port = free_port()
    more = {"BRAIN_PUSH_PORT": str(port), "BRAIN_SECRET_KEY": SECRET_KEY}
    real = datetime.now(UTC)
    id, secret = push_keys.make(conn, SECRET_KEY, BY, "qxj", ["rain"], real, real + YEAR)
    department = Department(f"http://127.0.0.1:{port}", id, secret, now=lambda: datetime.now(UTC))
    wanted, answered = 40, []

    def send() -> None:
        for n in range(wanted):
            body = [{"stcd": "RG-01", "tm": (real - timedelta(seconds=50 * n + m)).isoformat(), "p1": 1} for m in range(50)]
            while len(answered) == n:
                try:
                    if department.send("rain", body, token=f"push-{n}").status_code == 200:
                        answered.append(n)
                except httpx.TransportError:
                    threading.Event().wait(0.02)  # the worker is being started anew

    worker = start(**more)
    sending = threading.Thread(target=send)
    sending.start()
    until(lambda: len(answered) >= 10)
    worker.kill()
    assert len(answered) < wanted, "killed too late to prove anything"
    worker = start(**more)
    sending.join()
    assert worker.stop() == 0
    assert conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"] == 50 * wanted
    row = conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
    assert row["stored"] == 50 * wanted and row["received"] == row["stored"] + row["duplicate"] + row["dead"]


# The worker -----------------------------------------------------------------------------------------------------------
def test_the_metrics_add_up_at_a_scrape(qxj, url):
    qxj.send("rain", [rain(0), rain(0), rain(1, station="RG-77")])
    text = httpx.get(f"{url}/metrics", trust_env=False).text
    said = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#" and "rain" in line)
    n = {name: float(said[f'brain_intake_{name}{{feed="rain",worker="w1"}}']) for name in ("in_flight",)}
    n |= {k: float(said[f'brain_intake_{k}_total{{feed="rain",worker="w1"}}']) for k in ("received", "stored", "duplicate", "dead", "lost")}
    assert n == {"received": 3, "stored": 1, "duplicate": 1, "dead": 1, "lost": 0, "in_flight": 0}


def test_with_a_token_set_the_worker_shows_its_metrics_to_who_has_it(hands, pusher):
    door = Door("127.0.0.1", 0, pusher(), hands.writer, token="t0ken-of-the-scraper")
    door.start()
    url = f"http://127.0.0.1:{door.port}/metrics"
    asked = [httpx.get(url, trust_env=False, headers=h).status_code for h in ({}, {"Authorization": "Bearer t0ken-of-the-scraper"})]
    door.stop()
    door.finish()
    assert asked == [403, 200]


def test_the_worker_says_that_it_is_well(url, door):
    assert httpx.get(f"{url}/healthz", trust_env=False).json() == {"ok": True, "worker": "w1"}
    door.stop()
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 503


def test_a_door_that_stops_takes_nothing_new(qxj, door, hands):
    door.stop()
    answer = qxj.send("rain", rain())
    assert (answer.status_code, answer.json()["error"]) == (503, "stopping")
    assert hands.adds_up() == {}


def test_exposition_is_text_without_a_server(hands):
    hands.rain()
    assert b'brain_intake_in_flight{feed="rain",worker="w1"} 1.0' in exposition(hands.writer)


def test_a_field_engineer_pushes_a_file_with_the_command(url, key, conn, hands, tmp_path):
    file = tmp_path / "rain.jsonl"
    file.write_text(f'{{"stcd":"RG-01","tm":"{NOW.isoformat()}","p1":2}}\n{{"stcd":"RG-99","tm":"{NOW.isoformat()}","p1":2}}\n')
    id, secret = key("rain")
    said: list[str] = []
    tools.send(
        Settings(), feeds.load()["rain"], str(file), said.append, door="http", to=url, secret=f"{id}:{secret}",
        now=lambda: NOW,
    )  # fmt: skip
    assert '"stored"' in said[0] and "200" in said[0]
    assert "没有登记" in said[1]
