"""Keys of departments that push over HTTP: made once, shown once, kept sealed, revoked at once.

GB/T 22239-2019 level 3, 8.1.4.7 and 8.1.4.8 (data that identify somebody are kept confidential and whole by cryptography) and
8.1.4.3 (whoever makes or revokes a key leaves an audit line). A signature needs the secret itself, so it cannot be hashed
like a password; it is sealed under a key that the database does not have (see migration 0082). A new `secret_key` therefore
ends all keys of departments: that is the way to end them all at once.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from os import urandom

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from brain.identity.doing import Doer, act_audited
from brain.model import Refused
from brain.store import db

SECRET_KEY_LEAST = 32  # characters: what `brain check` asks of the setting, too
NONCE = 12


@dataclass(frozen=True, slots=True)
class FeedKey:
    """A department's key as a door knows it. `secret` is None when the seal does not open: another `secret_key`, or a row
    that was edited."""

    id: str
    org: str
    feeds: frozenset[str]
    secret: bytes | None
    expires_at: datetime
    revoked_at: datetime | None


def make(
    conn: psycopg.Connection,
    secret_key: str,
    by: Doer,
    org: str,
    feeds: list[str],
    now: datetime,
    expires_at: datetime,
    note: str = "",
) -> tuple[str, str]:
    """A new key; returns its id and its secret, which nobody can see again. Raises Refused."""
    id, secret = "k" + secrets.token_hex(6), secrets.token_urlsafe(32)

    def do() -> None:
        if len(secret_key) < SECRET_KEY_LEAST:
            raise Refused(f"没有签名密钥或不足 {SECRET_KEY_LEAST} 位；请先运行 brain up，或用 BRAIN_SECRET_KEY_FILE 给出")
        odd = [f for f in feeds if not re.fullmatch(r"[a-z][a-z0-9_]*", f)]
        if odd or not feeds:
            raise Refused(f"接入名 {'、'.join(odd) or '是空的'}，写不成；可用的见 python -m ingest feeds，多个用逗号隔开")
        if expires_at <= now:
            raise Refused("有效期应晚于现在；请改正天数")
        nonce = urandom(NONCE)
        sealed = nonce + _box(secret_key).encrypt(nonce, secret.encode(), _bound(id, org, feeds, expires_at))
        db.run(
            conn, "feed_key_insert", id=id, org=org, feeds=sorted(set(feeds)), sealed=sealed, note=note, created_at=now,
            expires_at=expires_at,
        )  # fmt: skip

    act_audited(conn, by, "feed_key_create", f"feed_key:{id}", now, do, org=org, feeds=sorted(set(feeds)))
    return id, secret


def revoke(conn: psycopg.Connection, by: Doer, id: str, now: datetime) -> None:
    """End a key: the next request under it is refused. Raises Refused when there is none."""

    def do() -> str:
        row = db.one(conn, "feed_key_revoke", id=id, now=now)
        if row is None:
            raise Refused(f"没有编号为 {id} 的密钥；brain key list 可查看")
        return row["org"]

    act_audited(conn, by, "feed_key_revoke", f"feed_key:{id}", now, do, kept=lambda org: {"org": org})


def find(conn: psycopg.Connection, secret_key: str, id: str) -> FeedKey | None:
    """The key of this id with its secret; None when there is none."""
    row = db.one(conn, "feed_key_of", id=id)
    if row is None:
        return None
    sealed = bytes(row["sealed"])
    bound = _bound(id, row["org"], row["feeds"], row["expires_at"])
    try:
        secret = _box(secret_key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
    except (InvalidTag, ValueError):
        secret = None
    return FeedKey(id, row["org"], frozenset(row["feeds"]), secret, row["expires_at"], row["revoked_at"])


def _box(secret_key: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"brain feed_key 1").derive(secret_key.encode()))


def _bound(id: str, org: str, feeds: list[str], expires_at: datetime) -> bytes:
    """What the seal covers beside the secret: nobody widens a key by editing its row."""
    return json.dumps([id, org, sorted(set(feeds)), int(expires_at.timestamp())]).encode()
