"""Every command that changes something leaves exactly one line of the audit trail, done or refused."""

from __future__ import annotations

import getpass
import io
import re
from datetime import UTC, datetime

import pytest

from brain.__main__ import main
from brain.identity import accounts, people
from brain.model import Refused


@pytest.fixture
def brain(conn, db_url, tmp_path, monkeypatch):
    """Run `brain …`; (exit code, the lines it left: action, object, ok)."""
    monkeypatch.setenv("BRAIN_DATABASE_URL", db_url)
    monkeypatch.setenv("BRAIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRAIN_SECRET_KEY", "s" * 48)
    monkeypatch.chdir(tmp_path)
    conn.execute("INSERT INTO org (code, name, short, kind) VALUES ('swj', '区水务局', '水务局', 'department')")
    conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES ('WQ-01', '断面', 'water', 116.1, 24.3)")

    def brain(*words: str) -> tuple[int, list[tuple[str, str, bool]]]:
        newest = conn.execute("SELECT coalesce(max(id), 0) AS id FROM audit").fetchone()["id"]
        code = main(words)
        rows = conn.execute("SELECT * FROM audit WHERE id > %s ORDER BY id", [newest]).fetchall()
        assert {(r["actor"], r["ip"]) for r in rows} <= {(f"命令行 {getpass.getuser()}", "localhost")}
        return code, [(r["action"], r["object"], r["ok"]) for r in rows]

    return brain


ADD = ("user", "add", "zhang", "--name", "张三", "--role", "department", "--org", "swj")


def test_making_an_account(brain, conn):
    code, rows = brain(*ADD)
    who = people.by_login(conn, "zhang")
    assert (code, rows) == (0, [("person_create", f"person:{who.id}", True)])
    assert who.must_change
    assert brain(*ADD) == (1, [("person_create", "person:zhang", False)])
    assert brain(*ADD[:-4], "--role", "king") == (1, [("person_create", "person:zhang", False)])


def test_a_new_password_and_switching_off_and_on(brain, conn):
    brain(*ADD)
    who = people.by_login(conn, "zhang").id
    assert brain("user", "password", "zhang") == (0, [("password", f"person:{who}", True)])
    assert brain("user", "disable", "zhang") == (0, [("person_disable", "person:zhang", True)])
    assert brain("user", "enable", "zhang") == (0, [("person_enable", "person:zhang", True)])
    assert brain("user", "password", "nobody") == (1, [("password", "person:nobody", False)])
    assert brain("user", "disable", "nobody") == (1, [("person_disable", "person:nobody", False)])


def test_telemetry_stations(brain, conn, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("123456\n"))
    mn = ("hj212", "44140200A0000000000001F1")
    who = "tcp_station:hj212/44140200A0000000000001F1"
    assert brain("tcp", "add", *mn, "--org", "swj") == (1, [("tcp_station_create", who, False)])
    assert brain("tcp", "add", *mn, "--org", "nobody", "--generate") == (1, [("tcp_station_create", who, False)])
    assert brain("tcp", "add", *mn, "--org", "swj", "--password") == (0, [("tcp_station_create", who, True)])
    assert "厂家的通用口令" in capsys.readouterr().out
    assert brain("tcp", "add", *mn, "--org", "swj", "--generate") == (1, [("tcp_station_create", who, False)])
    assert brain("tcp", "change", *mn, "--network", "10.1.0.0/16", "--generate") == (0, [("tcp_station_change", who, True)])
    assert brain("tcp", "off", *mn) == (0, [("tcp_station_change", who, True)])
    assert brain("tcp", "on", "hj212", "X") == (1, [("tcp_station_change", "tcp_station:hj212/X", False)])
    generated = re.search(r"口令：(\w{6})\n", capsys.readouterr().out)[1]
    assert brain("tcp", "list") == (0, [])
    said = capsys.readouterr().out
    assert "10.1.0.0/16" in said and "停用" in said and generated not in said
    assert generated not in str(conn.execute("SELECT * FROM audit").fetchall())


@pytest.mark.parametrize(("field", "given", "word"), [("--org", "nosuch", "没有单位“nosuch”"), ("--grid", "1" * 15, "没有网格")])
def test_a_new_account_of_nowhere_is_told_what_there_is_none_of(brain, conn, capsys, field, given, word):
    if field == "--grid":
        with pytest.raises(Refused, match=word):
            accounts.create(conn, login="li.si", name="李四", role="worker", grid=given)
        return
    assert brain(*ADD[:-2], field, given) == (1, [("person_create", "person:zhang", False)])
    said = capsys.readouterr().err
    assert word in said and "None" not in said


def test_the_last_administrator_who_can_log_in_is_not_switched_off(brain, conn, capsys):
    for login in ("eins", "zwei"):
        accounts.create(conn, login=login, name=login, role="admin", password="Verwalter-2026!")
    assert brain("user", "disable", "eins") == (0, [("person_disable", "person:eins", True)])
    assert brain("user", "disable", "zwei") == (1, [("person_disable", "person:zwei", False)])
    assert "最后一个能登录的系统管理员" in capsys.readouterr().err and people.by_login(conn, "zwei").active
    with pytest.raises(Refused, match="最后一个"):
        accounts.update(conn, people.by_login(conn, "zwei").id, datetime.now(UTC), by="系统", role="operator")
    assert brain("user", "enable", "eins")[0] == brain("user", "disable", "zwei")[0] == 0


def test_keys(brain, conn):
    code, ((action, key, ok),) = brain("key", "add", "swj", "--feeds", "water")
    assert (code, action, ok) == (0, "feed_key_create", True)
    assert brain("key", "revoke", key.removeprefix("feed_key:")) == (0, [("feed_key_revoke", key, True)])
    assert brain("key", "revoke", "none") == (1, [("feed_key_revoke", "feed_key:none", False)])
    code, rows = brain("key", "add", "nobody", "--feeds", "water")
    assert code == 1 and [(action, ok) for action, _, ok in rows] == [("feed_key_create", False)]


def test_maintenance_and_calibration(brain):
    work = ("station", "maintain", "WQ-01", "--to", "2099-01-01T00:00", "--why", "换探头")
    assert brain(*work) == (0, [("maintenance", "WQ-01", True)])
    assert brain("station", "done", "WQ-01") == (0, [("maintenance_end", "WQ-01", True)])
    assert brain("station", "done", "WQ-01") == (1, [("maintenance_end", "WQ-01", False)])
    right = ("station", "calibrate", "WQ-01", "ph", "--add", "0.5", "--from", "2026-09-01T00:00", "--why", "比测")
    assert brain(*right) == (0, [("calibration", "WQ-01 ph", True)])
    assert brain(*right) == (1, [("calibration", "WQ-01 ph", False)])


def test_importing(brain, tmp_path):
    head = "id,name,theme,lng,lat,org,params,origin\n"
    (tmp_path / "s.csv").write_text(head + "WQ-02,断面二,water,116.2,24.3,swj,,自建\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_text(head + "WQ-03,断面三,water,x,24.3,swj,,自建\n", encoding="utf-8")
    (tmp_path / "r.csv").write_text("station,kind,at,value\nWQ-01,ph,2026-08-01T00:00:00+08:00,7.1\n", encoding="utf-8")
    assert brain("import", "stations", "s.csv") == (0, [("import_stations", "file:s.csv", True)])
    assert brain("import", "stations", "bad.csv") == (1, [("import_stations", "file:bad.csv", False)])
    assert brain("import", "readings", "r.csv") == (0, [("import_readings", "file:r.csv", True)])
    assert brain("import", "readings", "none.csv") == (1, [("import_readings", "file:none.csv", False)])


def test_looking_leaves_nothing(brain):
    for words in (("user", "list"), ("key", "list"), ("station", "list"), ("verify-audit",)):
        assert brain(*words) == (0, [])
