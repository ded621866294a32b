"""Pushing over HTTP: who may push what, how much of it, and how often."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from datetime import timedelta

import httpx
import pytest

from brain.identity import push_keys
from brain.settings import Settings
from ingest import feeds, tools
from ingest.doors.push.serving import BODIES, Door
from tests.record.intake.push.pushing import BY, NOW, Department, rain


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
