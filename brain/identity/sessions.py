"""Log-in, change of one's own password, and sessions (GB/T 22239-2019 level 3, 8.1.4.1)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import psycopg

from brain.identity import people
from brain.identity.accounts import set_password
from brain.identity.audit import audit
from brain.identity.passwords import HASHER, POLICY, Policy, fits, hash_password, nobody
from brain.identity.people import Person, person_of
from brain.identity.tokens import digest
from brain.model import Refused
from brain.settings import Settings
from brain.store import db

SEEN_EVERY = timedelta(seconds=30)  # a session's last use is written at most so often: reads must not become writes


def authenticate(
    conn: psycopg.Connection, login: str, password: str, now: datetime, ip: str = "", policy: Policy = POLICY
) -> Person:
    """Who logs in. Raises Refused: 'login' (name or password wrong, the two not told apart), 'locked'.

    8.1.4.1 b: after `policy.tries` failures the account is locked for `policy.lock_min` minutes; every attempt leaves
    an audit line.
    """
    with conn.transaction():
        row = db.one(conn, "person_count_attempt", login=login, now=now, tries=policy.tries, lock_min=policy.lock_min)
    good = fits(row["password_hash"] if row else nobody(), password) and row is not None
    known = row or db.one(conn, "person_by_login", login=login)
    # What was typed for an unknown account is not written down: it is often a password in the wrong box.
    who, what = (known["name"], f"person:{known['id']}") if known else ("未知账号", "")
    with conn.transaction():
        if good and row is not None:
            stale = HASHER.check_needs_rehash(row["password_hash"])
            old = row["password_at"] is not None and now - row["password_at"] > timedelta(days=policy.max_age_days)
            fresh = hash_password(password) if stale else None
            person = person_of(db.row(conn, "person_logged_in", id=row["id"], hash=fresh, must_change=old))
            audit(conn, person, "login", now, object=what, ip=ip)
            return person
        audit(conn, who, "login", now, object=what, ip=ip, ok=False)
    locked = known["locked_until"] if known and known["active"] else None
    if locked and locked > now:
        wait = -int((now - locked).total_seconds() // 60)
        raise Refused(f"口令连续输错 {policy.tries} 次，账号已锁定，请 {wait} 分钟后再试，或请管理员解锁", "locked")
    raise Refused(f"账号或口令不正确；连续输错 {policy.tries} 次将锁定 {policy.lock_min} 分钟", "login")


def change_password(
    conn: psycopg.Connection,
    person: Person,
    old: str,
    new: str,
    now: datetime,
    *,
    ip: str = "",
    keep_session: str | None = None,
) -> Person:
    """A person changes his own password; the old one is asked for, and a wrong one counts as a failed login."""
    authenticate(conn, person.login, old, now, ip)
    return set_password(conn, person.id, new, now=now, by=person, ip=ip, keep_session=keep_session)


def open_session(
    conn: psycopg.Connection, person: Person, now: datetime, settings: Settings, *, ip: str = "", agent: str = ""
) -> str:
    """A new session; returns the token for the cookie (256 random bits). Sessions that have run out are cleared."""
    token = secrets.token_urlsafe(32)
    with conn.transaction():
        db.run(conn, "session_delete_old", now=now, idle_since=now - timedelta(minutes=settings.session_idle_min))
        db.run(
            conn, "session_insert", token_hash=digest(token), person_id=person.id, now=now,
            expires_at=now + timedelta(hours=settings.session_max_h), ip=ip[:64], agent=agent[:200],
        )  # fmt: skip
    return token


def session_person(conn: psycopg.Connection, token: str | None, now: datetime, settings: Settings) -> Person | None:
    """Who holds this token; None when there is no such session, it has run out (absolute or idle limit of the
    settings) or the account was switched off."""
    if not token or len(token) > 200:
        return None
    mark = digest(token)
    row = db.one(conn, "session_person", token_hash=mark)
    if row is None:
        return None
    idle = now - row["seen_at"]
    if now >= row["expires_at"] or idle >= timedelta(minutes=settings.session_idle_min) or not row["active"]:
        with conn.transaction():
            db.run(conn, "session_delete", token_hash=mark)
        return None
    if idle >= SEEN_EVERY:
        with conn.transaction():
            db.run(conn, "session_seen", token_hash=mark, now=now)
    return person_of(row)


def close_session(conn: psycopg.Connection, token: str, now: datetime | None = None, ip: str = "") -> None:
    """End a session (log out); with `now` the leaving is audited."""
    with conn.transaction():
        row = db.one(conn, "session_delete", token_hash=digest(token))
        if row and now is not None:
            person = people.get(conn, row["person_id"])
            assert person is not None, "a session is somebody's"
            audit(conn, person, "logout", now, object=f"person:{person.id}", ip=ip)
