"""Pushing over HTTP: what is sent again is stored once, through kills and outages, and the worker as a process."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.identity import push_keys
from brain.settings import Settings
from brain.store import db
from ingest import feeds, tools
from ingest.doors.push.serving import Door, exposition
from tests.ports import free_port
from tests.record.intake.push.pushing import BY, NOW, SECRET_KEY, YEAR, Department, rain


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
    refused = {r["tm"] for _, rows in pushes for r in rows if r["stcd"] == "RG-77"}  # of one refusal there is one letter
    assert len(hands.letters()) == len(refused)
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
