"""Polling with a real web server, a real SQL source and a real database: nothing is skipped, nothing is stored twice."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import json
import os
import signal
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.settings import Settings
from brain.store import db
from ingest import practice
from ingest.doors.poll import polling, sources
from ingest.doors.poll.polling import Door, Poller, ask

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
FIRMS = "latitude,longitude,bright_ti4,acq_date,acq_time,satellite,confidence,frp\n"


class Site:
    """A web server in the hands of a test: what it answers at a path, and what it was asked."""

    def __init__(self):
        self.answers: dict[str, bytes | tuple[int, bytes] | object] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.asked.append((self.path, dict(self.headers), body))
                found = site.answers[urlsplit(self.path).path]
                if callable(found):
                    found = found(parse_qs(urlsplit(self.path).query))
                if isinstance(found, float):  # one byte each time, for ever
                    self.send_response(200)
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        while not threading.Event().wait(found):
                            self.wfile.write(b" ")
                    return
                status, said = found if isinstance(found, tuple) else (200, found)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = answer

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def site() -> Site:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def declared(tmp_path, site):
    """The source of this TOML text; SITE stands for the web server of the test."""
    site.asked.clear()

    def declared(text: str) -> sources.Source:
        text = "[source.a]\nevery_s = 60\n" + text.replace("SITE", site.url)
        (tmp_path / "poll.toml").write_text(text, encoding="utf-8")
        return sources.load(str(tmp_path), timedelta(hours=24))[0]

    return declared


@pytest.fixture
def silent(hands, db_url, declared):
    """Make a poller on this test's database; nobody turns the writer."""

    def silent(text: str, **more) -> Poller:
        local = replace(hands.practice.poll, **{"settle_s": 5} | more)
        connect = partial(db.connect, db_url, name="poll under test")
        return Poller(declared(text), local, hands.writer, connect, now=lambda: hands.now)

    return silent


@pytest.fixture
def poller(hands, silent):
    """Make a poller with the writer turning behind it."""
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    yield silent
    hands.writer.stop()
    turning.join()


def told(conn) -> dict:
    return conn.execute("SELECT * FROM poll_cursor").fetchone()


def rain(n: int, value: float = 1.0, station: str = "RG-01") -> dict:
    return {"stcd": station, "tm": (NOW - timedelta(seconds=n)).isoformat(), "p1": value}


RAIN = 'feed = "rain"\nfrom = "json"\nurl = "SITE/rain"\n'


def answer(site: Site, rows: list[dict], path: str = "/rain") -> None:
    site.answers[path] = json.dumps(rows).encode()


# HTTP -----------------------------------------------------------------------------------------------------------------
def test_what_is_new_is_stored_and_nothing_is_offered_twice(poller, site, hands):
    one = poller(RAIN)
    answer(site, [rain(1), rain(2, station="RG-77")])
    one.turn()
    hands.now += timedelta(seconds=60)
    answer(site, [rain(1), rain(2, station="RG-77"), rain(0)])
    one.turn()
    assert len(hands.readings()) == 2
    assert len(hands.letters()) == 1, "the dead row must not come again each time"
    assert hands.letters()[0]["topic"] == "poll/rain/a/-"
    assert hands.adds_up()["rain"].received == 3


def test_a_source_is_not_asked_before_it_is_due(poller, site, hands):
    one = poller(RAIN)
    answer(site, [rain(1)])
    one.turn()
    hands.now += timedelta(seconds=59)
    assert one.turn() == 1.0
    assert len(site.asked) == 1


def test_a_late_row_older_than_the_cursor_is_still_read(poller, site, hands):
    one = poller(RAIN + 'cursor = "tm"\ncursor_as = "time"\nback = 3600\n')
    answer(site, [rain(0)])
    one.turn()
    hands.now += timedelta(seconds=60)
    answer(site, [rain(0), rain(1800)])
    one.turn()
    assert len(hands.readings()) == 2
    assert told(hands.look)["cursor"] == NOW.isoformat()


def test_a_row_from_the_far_future_does_not_carry_the_cursor_away(poller, site, hands):
    one = poller(RAIN + 'cursor = "tm"\ncursor_as = "time"\n')
    answer(site, [rain(10), rain(0) | {"tm": "2099-01-01T00:00:00Z"}])
    one.turn()
    hands.now += timedelta(seconds=60)
    answer(site, [rain(5)])
    one.turn()
    assert len(hands.readings()) == 2
    assert [letter["rule"] for letter in hands.letters()] == ["time"]


def test_a_station_whose_clock_runs_hours_ahead_does_not_hide_the_rows_of_the_others(poller, site, hands):
    one = poller(RAIN + 'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\ncursor_start = "2026-09-01T00:00:00Z"\n')
    there = [rain(10), rain(-20 * 3600, station="RG-02")]
    site.answers["/rain"] = lambda query: json.dumps(
        [r for r in there if datetime.fromisoformat(r["tm"]) >= datetime.fromisoformat(query["since"][0])]
    ).encode()
    one.turn()
    there.append(rain(-30))
    hands.now += timedelta(seconds=60)
    one.turn()
    assert told(hands.look)["last_error"] == ""
    assert len([r for r in hands.readings() if r[0] == "RG-01"]) == 2


def test_the_cursor_goes_into_the_question_as_the_source_wants_it(poller, site, hands):
    text = RAIN + (
        'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\nback = 60\n'
        'cursor_start = "2026-09-01T00:00:00+08:00"\ncursor_out = "%Y-%m-%d %H:%M:%S"\n'
    )
    one = poller(text)
    answer(site, [rain(0)])
    one.turn()
    hands.now += timedelta(seconds=60)
    one.turn()
    asked = [parse_qs(urlsplit(path).query)["since"][0] for path, _, _ in site.asked]
    assert asked == ["2026-09-01 00:00:00", "2026-09-03 09:59:00"]


def test_a_full_page_is_followed_by_the_next_at_once(poller, site, hands):
    everything = [rain(100 - n) for n in range(25)]

    def page(query: dict) -> bytes:
        since = datetime.fromisoformat(query["since"][0])
        return json.dumps([r for r in everything if datetime.fromisoformat(r["tm"]) >= since][:10]).encode()

    site.answers["/rain"] = page
    one = poller(
        RAIN + 'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\npage = 10\n'
        'cursor_start = "2026-09-01T00:00:00+08:00"\n'
    )
    assert one.turn() == 0
    while one.turn() == 0:
        pass
    assert len(hands.readings()) == 25
    assert hands.adds_up()["rain"].duplicate == 0


def test_a_full_page_of_one_moment_is_told_as_trouble_and_not_asked_for_ever(poller, site, hands):
    site.answers["/rain"] = json.dumps([rain(5, v) for v in range(10)]).encode()
    one = poller(
        RAIN + 'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\npage = 10\n'
        'cursor_start = "2026-09-01T00:00:00+08:00"\n'
    )
    one.turn()
    one.turn()
    assert "满页" in told(hands.look)["last_error"]


def test_a_secret_from_a_file_goes_into_the_header_and_into_no_error(poller, site, hands, tmp_path):
    (tmp_path / "token").write_text("s3cret-s3cret\n")
    one = poller(RAIN + 'secret_file = "token"\nheaders = { Authorization = "Bearer {secret}" }\n')
    site.answers["/rain"] = (403, b"no")
    one.turn()
    assert site.asked[0][1]["Authorization"] == "Bearer s3cret-s3cret"
    assert "403" in told(hands.look)["last_error"] and "s3cret" not in told(hands.look)["last_error"]


def test_firms_hotspots_in_the_box_are_stored_and_late_passes_are_read(poller, site, hands):
    one = poller('feed = "fire"\nfrom = "firms"\nurl = "SITE/firms"\nbox = [116.0, 24.2, 116.2, 24.4]\n')
    site.answers["/firms"] = (FIRMS + "24.3,116.1,331,2026-09-03,100,N20,n,4.2\n40,100,331,2026-09-03,100,T,n,1\n").encode()
    one.turn()
    hands.now += timedelta(seconds=60)
    site.answers["/firms"] += b"24.3,116.1,331,2026-09-02,2355,N20,h,7.5\n"
    one.turn()
    assert len(hands.readings()) == 4  # power and confidence of two
    assert hands.letters() == []
    assert told(hands.look)["cursor"] == "2026-09-03T01:00:00+00:00"


def test_a_form_is_posted_with_the_cursor_in_it(declared, site):
    text = RAIN + (
        'method = "POST"\nform = { action = "getRealDatas", since = "{cursor}" }\ncursor = "n"\ncursor_as = "number"\n'
        "cursor_start = 7\n"
    )
    answer(site, [])
    source = declared(text)
    assert ask(source, sources.since(source, None), practice.load().poll) == []
    assert parse_qs(site.asked[0][2].decode()) == {"action": ["getRealDatas"], "since": ["7"]}


# Trouble --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "says"),
    [
        ((500, b"oops"), "答了 500"), ((302, b""), "跳转不跟随"), (b"<html>", "不是合法的 JSON"), (b'{"a": 1', "JSON"),
        (b'"x"', "不是列表"), (b"[1]", "不是对象"), (b"[" + b" " * 3000 + b"]", "超过 2000 字节"),
        (json.dumps([{}] * 51).encode(), "超过 50 行"), (b"\xff\xff", "不是 UTF-8"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_trouble_that_says_what_to_do(declared, site, said, says):
    site.answers["/rain"] = said
    with pytest.raises(sources.Trouble, match=says) as told:
        ask(declared(RAIN), None, replace(practice.load().poll, rows_max=50, answer_max=2000))
    assert "；" in str(told.value)


def test_trouble_leaves_the_cursor(poller, site, hands):
    one = poller(RAIN)
    site.answers["/rain"] = (500, b"oops")
    assert one.turn() > 0
    row = told(hands.look)
    assert "答了 500" in row["last_error"] and (row["cursor"], row["failures"], row["at"]) == (None, 1, None)


def test_pauses_grow_while_a_source_fails_and_end_when_it_is_back(poller, site, hands):
    one = poller(RAIN)
    site.answers["/rain"] = (503, b"")
    pauses = []
    for _ in range(3):
        one.turn()
        pauses.append((told(hands.look)["next_at"] - hands.now).total_seconds())
        hands.now = told(hands.look)["next_at"]
    assert pauses == list(hands.practice.poll.retry_s[:3])
    answer(site, [rain(1)])
    one.turn()
    assert (told(hands.look)["failures"], told(hands.look)["last_error"]) == (0, "")


def test_a_source_that_does_not_answer_in_time_is_given_up(poller, site, hands):
    gate = threading.Event()
    site.answers["/rain"] = lambda query: gate.wait(10) and b"[]"
    poller(RAIN + "timeout_s = 0.2\n").turn()
    gate.set()
    assert "没有应答" in told(hands.look)["last_error"]


def test_a_source_that_drips_is_given_up_when_its_time_is_over(declared, site):
    site.answers["/rain"] = 0.05
    with pytest.raises(sources.Trouble, match="没有答完"):
        ask(declared(RAIN + "timeout_s = 0.4\n"), None, practice.load().poll)


@pytest.mark.parametrize("secret", ["s3cret", "0123456789abcdef" * 4, "p w/+&=%?"], ids=["short", "cut_in_the_middle", "quoted"])
@pytest.mark.parametrize("answer", ["Invalid key {}", '"https://theirs/?key={}"'])
def test_a_source_that_sends_the_secret_back_does_not_bring_it_into_the_log(declared, site, tmp_path, secret, answer):
    (tmp_path / "token").write_text(secret)
    site.answers["/rain"] = lambda query: answer.format(quote(secret) if "?" in answer else secret).encode()
    with pytest.raises(sources.Trouble, match=r"\*\*\*") as told:
        ask(declared(RAIN + 'secret_file = "token"\nparams = { key = "{secret}" }\n'), None, practice.load().poll)
    assert not any(secret[n : n + 5] in str(told.value) for n in range(len(secret) - 4))


def test_a_server_without_a_trusted_certificate_is_not_asked(poller, site, hands, tmp_path):
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    began = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, began, began + timedelta(days=9))
    certificate = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())  # fmt: skip
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    site_over_tls = Site()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    site_over_tls.server.socket = context.wrap_socket(site_over_tls.server.socket, server_side=True)
    try:
        url = f"https://localhost:{site_over_tls.server.server_port}/rain"
        answer(site_over_tls, [rain(1)])
        poller(RAIN.replace("SITE/rain", url)).turn()
        assert "证书不可信" in told(hands.look)["last_error"]
        assert site_over_tls.asked == []
        hands.now += timedelta(hours=1)
        poller(RAIN.replace("SITE/rain", url) + 'ca_file = "cert.pem"\n').turn()
        assert len(hands.readings()) == 1
    finally:
        site_over_tls.close()


# SQL ------------------------------------------------------------------------------------------------------------------
SQL = (
    'feed = "rain"\nfrom = "sql"\ndsn_file = "dsn"\ncursor = "id"\ncursor_as = "number"\ncursor_start = 0\npage = 10\n'
    'query = "SELECT id, code, tm, mm FROM theirs WHERE id >= %(cursor)s ORDER BY id LIMIT 10"\n'
    '[source.a.columns]\nstcd = "code"\ntm = "tm"\np1 = "mm"\n'
)


@pytest.fixture
def theirs(conn, db_url, tmp_path):
    """A table of another office, and the file with the way to it."""
    conn.execute("CREATE TABLE theirs (id bigint PRIMARY KEY, code text, tm timestamptz, mm numeric(6, 1))")
    (tmp_path / "dsn").write_text(db_url)

    def put(first: int, last: int) -> None:
        conn.execute(
            "INSERT INTO theirs SELECT n, 'RG-01', %s - n * interval '1 second', n / 10.0 FROM generate_series(%s::bigint, %s) n",
            [NOW, first, last],
        )

    return put


def test_a_table_of_another_office_is_read_page_by_page(poller, hands, theirs):
    theirs(1, 25)
    one = poller(SQL)
    while one.turn() == 0:
        pass
    assert len(hands.readings()) == 25
    assert told(hands.look)["cursor"] == "25"
    theirs(26, 27)
    hands.now += timedelta(seconds=60)
    one.turn()
    assert len(hands.readings()) == 27


def test_a_query_that_writes_is_refused_by_the_database(poller, hands, theirs, conn):
    theirs(1, 1)
    conn.execute("CREATE FUNCTION sly() RETURNS bigint LANGUAGE sql AS 'DELETE FROM theirs RETURNING id'")
    poller(SQL.replace("SELECT id,", "SELECT sly() AS id,")).turn()
    assert "read-only" in told(hands.look)["last_error"]
    hands.now += timedelta(hours=1)
    poller(SQL.replace("SELECT id", "DELETE FROM theirs; SELECT id")).turn()
    assert told(conn)["failures"] == 2
    assert conn.execute("SELECT count(*) AS n FROM theirs").fetchone()["n"] == 1


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("postgresql://reader:s3cret@127.0.0.1:1/theirs", "查询没有做成"),
        ("postgresql//reader:s3cret@127.0.0.1/theirs", "连接串写得不对"),
        ("postgresql://reader:s3cret@127.0.0.1:port/theirs", "查询没有做成"),
    ],
)
def test_the_password_of_their_database_is_in_no_error(declared, tmp_path, way, says):
    (tmp_path / "dsn").write_text(way)
    with pytest.raises(sources.Trouble, match=says) as trouble:
        ask(declared(SQL), None, practice.load().poll)
    assert "s3cret" not in str(trouble.value)


def test_a_cursor_of_another_kind_is_told_and_not_read_past(poller, hands, theirs):
    theirs(1, 3)
    poller(SQL).turn()
    theirs(4, 5)
    hands.now += timedelta(seconds=60)
    hands.look.execute("UPDATE poll_cursor SET cursor = 'yesterday'")
    poller(SQL).turn()
    assert "不是 number" in told(hands.look)["last_error"]


def test_a_database_of_theirs_that_stands_still_is_given_up_and_the_source_is_free_again(poller, hands, theirs, until, conn, db_url):
    """Neither its own time limit nor TCP's ends the wait for a server that is frozen: nobody would read the source again."""
    theirs(1, 1)
    one = poller(SQL.replace("page = 10", "page = 10\ntimeout_s = 2"))
    asking = threading.Thread(target=one.turn, daemon=True)
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'brain poll' AND wait_event_type = 'Lock'"
    with db.connect(db_url, name="their clerk") as clerk, clerk.transaction():
        clerk.execute("LOCK TABLE theirs")
        asking.start()
        until(lambda: conn.execute(waiting).fetchone())
        pid = conn.execute(waiting).fetchone()["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            asking.join(8)
        finally:
            os.kill(pid, signal.SIGCONT)
    assert not asking.is_alive() and "查询没有做成" in told(conn)["last_error"]


# Kills and other workers ----------------------------------------------------------------------------------------------
class Killed(BaseException):
    """The process ends here."""


def test_a_kill_between_commit_and_cursor_makes_duplicates_and_no_second_reading(poller, hands, theirs, monkeypatch):
    theirs(1, 8)
    one = poller(SQL)

    def killed(conn, statement, /, **params):
        if statement == "poll_read":
            raise Killed
        return run(conn, statement, **params)

    run = db.run
    monkeypatch.setattr("ingest.doors.poll.polling.db.run", killed)
    with pytest.raises(Killed):
        one.turn()
    monkeypatch.undo()
    assert len(hands.readings()) == 8 and told(hands.look) is None
    poller(SQL).turn()
    assert len(hands.readings()) == 8
    assert told(hands.look)["cursor"] == "8"
    assert hands.adds_up()["rain"].duplicate == 8


def test_rows_that_are_not_safe_leave_the_cursor(hands, silent, site):
    answer(site, [rain(1)])
    silent(RAIN, settle_s=0.1).turn()
    assert "没能在" in told(hands.look)["last_error"] and told(hands.look)["cursor"] is None


def test_a_database_that_is_away_is_waited_for(poller, hands, site):
    one = poller(RAIN)
    answer(site, [rain(1)])
    good, one._connect = one._connect, lambda: psycopg.connect("postgresql://127.0.0.1:1/none", connect_timeout=2)
    assert one.turn() > 0 and site.asked == []
    one._connect = good
    one.turn()
    assert len(hands.readings()) == 1


def test_of_two_workers_one_asks(poller, site, hands, db_url):
    gate, inside = threading.Event(), threading.Event()

    def slow(query: dict) -> bytes:
        inside.set()
        assert gate.wait(10)
        return json.dumps([rain(1)]).encode()

    site.answers["/rain"] = slow
    first, second = poller(RAIN), poller(RAIN)
    asking = threading.Thread(target=first.turn)
    asking.start()
    assert inside.wait(10)
    assert second.turn() > 0
    gate.set()
    asking.join()
    assert len(site.asked) == 1 and len(hands.readings()) == 1
    second.turn()
    assert len(site.asked) == 1, "the other worker has just asked"


def test_the_door_asks_by_itself_until_it_is_stopped(poller, site, hands, until):
    door = Door([poller(RAIN)])
    answer(site, [rain(1)])
    door.start()
    until(lambda: len(hands.readings()) == 1)
    door.stop()
    door.finish()
    assert not door.failed


def test_the_sources_of_the_city_s_own_folder_become_a_door(declared, tmp_path, hands):
    (tmp_path / "none").mkdir()
    none = practice.load(str(tmp_path / "none"))
    assert polling.door(Settings(), none, hands.writer) is None
    declared(RAIN)
    door = polling.door(Settings(), practice.load(str(tmp_path)), hands.writer)
    assert [p.source.name for p in door.pollers] == ["a"]
    (tmp_path / "poll.toml").write_text("[source.a]\nfrom = 'json'\n")
    with pytest.raises(practice.BadPractice, match=r"source\.a 缺少 feed"):
        polling.door(Settings(), practice.load(str(tmp_path)), hands.writer)


_examples = itertools.count(10)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_that_come_in_any_order_at_any_time_are_all_stored_once(poller, site, hands, conn, data):
    """A source whose rows appear late and out of order within `back`; kills lose the cursor's last move at times."""
    conn.execute("TRUNCATE poll_cursor")
    base = next(_examples) * 10**6  # each example has a time of its own: the database is the same
    offsets = data.draw(st.lists(st.integers(0, 600), min_size=1, max_size=12, unique=True))
    stored = len(hands.readings())
    one = poller(RAIN + 'cursor = "tm"\ncursor_as = "time"\nback = 3600\n')
    there: list[dict] = []
    kept = None
    for offset in offsets:
        there.append(rain(base + offset))
        if data.draw(st.booleans()):
            answer(site, data.draw(st.permutations(there)))
            hands.now += timedelta(seconds=60)
            kept = told(conn)
            one.turn()
            if kept and data.draw(st.booleans()):  # killed before the cursor moved
                db.run(conn, "poll_read", **{k: kept[k] for k in ("source", "cursor", "seen", "at")}, next_at=hands.now)
    answer(site, there)
    hands.now += timedelta(seconds=60)
    one.turn()
    assert len(hands.readings()) - stored == len({r["tm"] for r in there})
    hands.adds_up()
