"""`brain key`: made once, shown once, listed without the secret, revoked for good, and all of it in the audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from brain.__main__ import parser
from brain.commands import keys
from brain.identity import push_keys
from brain.model import Refused
from brain.settings import BadSetting, Settings
from ingest import practice
from ingest.doors.push import door

SECRET_KEY = "a signing key of a test, long enough"


@pytest.fixture
def brain_key(db_url, tmp_path):
    """Run `brain key …`; the lines it says."""
    base = Settings(database_url=db_url, home=tmp_path, secret_key=SECRET_KEY)

    def brain_key(*words: str, **more) -> list[str]:
        said: list[str] = []
        keys.run(replace(base, **more), parser().parse_args(["key", *words]), said.append)
        return said

    return brain_key


def made(said: list[str]) -> tuple[str, str]:
    return said[0].split("：")[1].split("（")[0], said[1].split("：")[1]


def test_a_key_is_shown_once_and_opens_with_what_was_shown(brain_key, conn):
    id, secret = made(brain_key("add", "swj", "--feeds", "water, rain", "--note", "水文站服务器"))
    key = push_keys.find(conn, SECRET_KEY, id)
    assert (key.secret.decode(), key.org, key.feeds) == (secret, "swj", {"water", "rain"})
    listed = "\n".join(brain_key("list"))
    assert id in listed and "水文站服务器" in listed and "可用" in listed and secret not in listed


def test_a_revoked_key_is_listed_so_and_keeps_its_first_moment(brain_key, conn):
    id, _ = made(brain_key("add", "swj", "--feeds", "water"))
    assert "即刻生效" in brain_key("revoke", id)[0]
    first = push_keys.find(conn, SECRET_KEY, id).revoked_at
    brain_key("revoke", id)
    assert push_keys.find(conn, SECRET_KEY, id).revoked_at == first
    assert "已吊销" in brain_key("list")[0]


def test_who_made_and_who_revoked_a_key_is_in_the_audit_without_the_secret(brain_key, conn):
    id, secret = made(brain_key("add", "swj", "--feeds", "water"))
    brain_key("revoke", id)
    rows = conn.execute("SELECT action, object, detail::text FROM audit ORDER BY id").fetchall()
    assert [(r["action"], r["object"]) for r in rows] == [
        ("feed_key_create", f"feed_key:{id}"), ("feed_key_revoke", f"feed_key:{id}"),
    ]  # fmt: skip
    assert not any(secret in r["detail"] for r in rows)


def test_what_cannot_be_done_is_refused_and_leaves_nothing(brain_key, conn):
    for words, more, says in [
        (("add", "nobody", "--feeds", "water"), {}, "没有单位 nobody"),
        (("add", "swj", "--feeds", ","), {}, "接入名"),
        (("add", "swj", "--feeds", "Water;drop"), {}, "接入名"),
        (("add", "swj", "--feeds", "water", "--days", "0"), {}, "有效期"),
        (("add", "swj", "--feeds", "water"), {"secret_key": "short"}, "签名密钥"),
        (("add", "swj", "--feeds", "water"), {"secret_key": ""}, "签名密钥"),
        (("revoke", "k1"), {}, "没有编号为 k1"),
    ]:
        with pytest.raises(Refused, match=says):
            brain_key(*words, **more)
    assert conn.execute("SELECT count(*) AS n FROM feed_key").fetchone()["n"] == 0


def test_the_demo_s_own_signing_key_is_used_where_no_setting_gives_one(brain_key, conn, tmp_path):
    (tmp_path / "secret.key").write_text(SECRET_KEY + "\n")
    id, secret = made(brain_key("add", "swj", "--feeds", "water", secret_key=""))
    assert push_keys.find(conn, SECRET_KEY, id).secret.decode() == secret


def test_a_key_cannot_be_prolonged_or_moved_by_editing_its_row(brain_key, conn):
    for change in ("expires_at = expires_at + interval '1 year'", "org = 'qxj'", "feeds = '{water,air}'"):
        id, _ = made(brain_key("add", "swj", "--feeds", "water"))
        conn.execute(f"UPDATE feed_key SET {change} WHERE id = %s", [id])
        assert push_keys.find(conn, SECRET_KEY, id).secret is None, change


def test_a_receipt_belongs_to_a_key_that_exists(conn):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        conn.execute(
            "INSERT INTO push_receipt VALUES ('k0', 't', 'x', %s, 200, '{}')", [datetime(2026, 9, 3, tzinfo=UTC)]
        )


def test_the_http_door_does_not_open_without_a_signing_key():
    local = practice.load()
    assert door.door(Settings(), local, None) is None
    with pytest.raises(BadSetting, match="BRAIN_SECRET_KEY_FILE"):
        door.door(Settings(home=Path("var"), push_port=9000), local, None)
