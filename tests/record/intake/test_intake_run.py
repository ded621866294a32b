"""`python -m ingest run` with a real broker: acknowledged means stored once, through kills, restarts and outages."""

from __future__ import annotations

import threading

from brain.store import db


def count(conn) -> int:
    return conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"]


def test_what_the_broker_took_is_in_the_database_once(start, sender, conn, until, rain):
    worker = start()
    for n in range(2000):
        sender.send(rain(n))
    sender.answered()
    until(lambda: count(conn) == 2000)
    assert worker.stop() == 0
    row = conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
    assert (row["received"], row["stored"], row["duplicate"], row["dead"]) == (2000, 2000, 0, 0)


def test_a_worker_killed_three_times_in_the_middle_loses_and_doubles_nothing(start, sender, conn, until, rain):
    total = 40_000
    worker = start()
    sending = threading.Thread(target=lambda: [sender.send(rain(n)) for n in range(total)])
    sending.start()
    for mark in (1_000, 10_000, 20_000):
        until(lambda mark=mark: count(conn) >= mark)
        worker.kill()
        assert count(conn) < total, "killed too late to prove anything"
        worker = start()
    sending.join()
    sender.answered()
    until(lambda: count(conn) >= total)
    assert worker.stop() == 0
    assert count(conn) == total
    row = conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
    assert row["stored"] == total and row["received"] == row["stored"] + row["duplicate"] + row["dead"]


def test_after_a_clean_stop_nothing_is_delivered_again(start, sender, conn, until, rain):
    worker = start()
    for n in range(500):
        sender.send(rain(n))
    sender.answered()
    until(lambda: count(conn) > 0)
    assert worker.stop() == 0
    worker = start()
    until(lambda: count(conn) == 500)
    worker.stop()
    row = conn.execute("SELECT received, duplicate FROM feed_status WHERE feed = 'rain'").fetchone()
    assert (row["received"], row["duplicate"]) == (500, 0)


def test_what_is_sent_while_no_worker_runs_waits_in_the_broker(start, sender, conn, until, rain):
    start().stop()
    for n in range(300):
        sender.send(rain(n))
    sender.answered()
    start()
    until(lambda: count(conn) == 300)


def test_a_restart_of_the_broker_loses_and_doubles_nothing(start, sender, conn, broker, until, rain):
    worker = start()
    for n in range(1500):
        sender.send(rain(n))
        if n == 700:
            broker.restart()
    sender.answered()
    until(lambda: count(conn) >= 1500)
    assert worker.stop() == 0
    assert count(conn) == 1500


def test_two_workers_share_the_messages_of_one_group(start, sender, conn, until, rain):
    pair = [start(share="test", suffix=s) for s in ("a", "b")]
    for n in range(2000):
        sender.send(rain(n))
    sender.answered()
    until(lambda: count(conn) == 2000)
    for worker in pair:
        assert worker.stop() == 0
    rows = conn.execute("SELECT worker, sum(stored) AS n FROM intake_batch GROUP BY worker").fetchall()
    assert len(rows) == 2 and all(r["n"] > 200 for r in rows)
    row = conn.execute("SELECT received, duplicate FROM feed_status WHERE feed = 'rain'").fetchone()
    assert (row["received"], row["duplicate"]) == (2000, 0)


def test_while_the_database_is_away_messages_are_acknowledged_from_disk_and_come_in_later(
    start, sender, conn, server, tmp_path, name, until, rain
):
    worker = start()
    sender.send(rain(0))
    until(lambda: count(conn) == 1)
    database = conn.info.dbname
    with db.connect(server.url("postgres"), name="tests") as other:
        other.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
        for n in range(1, 400):
            sender.send(rain(n))
        sender.answered()
        folder = tmp_path / "spill" / name
        until(lambda: sum(p.stat().st_size for p in folder.glob("*.spill")) > 399 * 80)
        assert worker.process.poll() is None
        other.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    with db.connect(server.url(database), name="tests") as again:
        until(lambda: count(again) == 400)
        assert worker.stop() == 0
        row = again.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
        assert row["stored"] == 400 and row["received"] == row["stored"] + row["duplicate"]


def test_a_second_process_of_the_same_name_is_told_so(start):
    start()
    second = start(wait=False)
    assert second.process.wait(30) == 2
    assert "请给每个进程设不同的 BRAIN_WORKER" in second.log.read_text()


def test_a_worker_without_a_database_address_says_what_is_missing(start):
    worker = start(wait=False, database="")
    assert worker.process.wait(30) == 2
    assert "BRAIN_DATABASE_URL" in worker.log.read_text()
