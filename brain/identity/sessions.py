"""Log-in, change of one's own password, and sessions (GB/T 22239-2019 level 3, 8.1.4.1)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import psycopg

from brain import catalog
from brain.catalog.security import Security
from brain.identity import brakes, people
from brain.identity.accounts import set_password
from brain.identity.audit import NOTED, audit
from brain.identity.doing import Doer, Via, refusals_audited
from brain.identity.passwords import HASHER, fits, hash_password, nobody
from brain.identity.people import Person, person_of
from brain.identity.tokens import digest
from brain.model import Refused, Role
from brain.settings import Settings
from brain.store import db

SEEN_EVERY = timedelta(seconds=30)  # a session's last use is written at most so often: reads must not become writes


def authenticate(
    conn: psycopg.Connection,
    login: str,
    password: str,
    now: datetime,
    ip: str = "",
    *,
    action: str = "login",
    rules: Security | None = None,
    device: str | None = None,
    secret: str = "",
) -> Person:
    """Who logs in. Raises Refused: 'login' (name or password wrong, the two not told apart), 'wait' (brakes.Wait, with the
    seconds), 'expired' (a one-time password that has run out; said only to who knows it).

    `device`: a mark of ours that says this account has logged in from there before (see `brakes`). `secret` keys what is
    kept of unknown logins. Every attempt leaves an audit line, which says why it was refused (wrong_password, unknown_account,
    disabled, no_password, braked, one_time_expired): its reader must be able to tell them apart, whoever knocks must not. Where
    a door writes refusals (`NOTED`), what is braked is left to it: it counts what comes by the hundred. Another `action` asks
    who somebody is before it is done: then only a failure is written here, under its name, and the act writes its own line. An
    unknown login takes the same way, wait and time as a known one.
    """
    rules = rules or catalog.load().security
    # What no table can hold is nobody's login, and takes the same way as any other that nobody has.
    row = None if "\0" in login or not _encodes(login) else db.one(conn, "person_by_login", login=login)
    account = f"person:{row['id']}" if row else brakes.login_key(secret, login)
    count = brakes.counted(rules.brakes, account=account, ip=ip, device=device)
    # What was typed for an unknown account is not written down: it is often a password in the wrong box.
    who, what = (row["name"], f"person:{row['id']}") if row else ("未知账号", "")
    try:
        brakes.claim(conn, count, now)
    except brakes.Wait as wait:
        if (noted := NOTED.get()) is not None:
            noted.about |= {"who": who, "action": action, "object": what, "code": "braked", "wait_s": wait.seconds}
        else:
            with conn.transaction():
                audit(conn, who, action, now, object=what, ip=ip, ok=False, code="braked", wait_s=wait.seconds)
        raise
    hashed = row["password_hash"] if row and row["active"] else None
    good = fits(hashed or nobody(), password) and hashed is not None
    if row is None or not good:
        with conn.transaction():
            audit(conn, who, action, now, object=what, ip=ip, ok=False, code=_why(row))
        raise Refused("账号或口令不正确；连续输错后要等一会儿才能再试，忘记口令请找系统管理员", "login")
    if row["one_time_until"] is not None and now >= row["one_time_until"]:
        with conn.transaction():
            audit(conn, who, action, now, object=what, ip=ip, ok=False, code="one_time_expired")
        raise Refused(f"一次性口令已过期（{rules.passwords.one_time_hours} 小时内有效），请系统管理员重新设置", "expired")
    with conn.transaction():
        stale = HASHER.check_needs_rehash(row["password_hash"])
        age = now - row["password_at"] if row["password_at"] is not None else timedelta(0)
        old = age > timedelta(days=rules.passwords.max_age_days)
        fresh = hash_password(password) if stale else None
        person = person_of(db.row(conn, "person_logged_in", id=row["id"], hash=fresh, must_change=old, now=now))
        brakes.release(conn, count)
        if action == "login":
            audit(conn, person, action, now, object=what, ip=ip)
        return person


def _why(row: dict[str, Any] | None) -> str:
    if row is None:
        return "unknown_account"
    if not row["active"]:
        return "disabled"
    return "wrong_password" if row["password_hash"] else "no_password"


def _encodes(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def change_password(
    conn: psycopg.Connection,
    person: Person,
    old: str,
    new: str,
    now: datetime,
    *,
    ip: str = "",
    keep_session: str | None = None,
    rules: Security | None = None,
) -> Person:
    """A person changes his own password; the old one is asked for. A wrong one counts like a failed log-in, but under his
    session: what strangers try on his account does not keep him from it."""
    rules = rules or catalog.load().security
    device = digest(keep_session).hex()[:32] if keep_session else None
    authenticate(conn, person.login, old, now, ip, action="password", rules=rules, device=device)
    with refusals_audited(conn, Doer(person, ip, Via.PAGE), "password", f"person:{person.id}", now):
        return set_password(
            conn, person.id, new, now=now, by=person, ip=ip, keep_session=keep_session, policy=rules.passwords
        )


# Sessions -----------------------------------------------------------------------------------------------------------
def idle_limit(role: Role, settings: Settings) -> timedelta:
    """How long a session of this role may go unused; an administrator's less long (8.1.4.1 b)."""
    minutes = settings.session_idle_min
    return timedelta(minutes=min(minutes, settings.session_idle_admin_min) if role is Role.ADMIN else minutes)


def open_session(
    conn: psycopg.Connection,
    person: Person,
    now: datetime,
    settings: Settings,
    *,
    ip: str = "",
    agent: str = "",
    instead_of: str | None = None,
) -> str:
    """A new session; returns the token for the cookie (256 random bits). Sessions that have run out are cleared.

    `instead_of`: the token that the browser had before. It ends, whosever it was: one that was put into somebody's browser
    before he logged in must not be worth anything afterwards (session fixation)."""
    token = secrets.token_urlsafe(32)
    with conn.transaction():
        if instead_of:
            db.run(conn, "session_delete", token_hash=digest(instead_of))
        db.run(conn, "session_delete_old", now=now, idle_since=now - timedelta(minutes=settings.session_idle_min))
        db.run(
            conn, "session_insert", token_hash=digest(token), person_id=person.id, now=now,
            expires_at=now + timedelta(hours=settings.session_max_h), ip=ip[:64], agent=agent[:200],
        )  # fmt: skip
    return token


def session_person(
    conn: psycopg.Connection, token: str | None, now: datetime, settings: Settings, *, use: bool = True
) -> Person | None:
    """Who holds this token; None when there is no such session, it has run out (absolute or idle limit of the
    settings) or the account was switched off. Asking counts as `use` of the session, unless it is only about who it was."""
    if not token or len(token) > 200:
        return None
    mark = digest(token)
    row = db.one(conn, "session_person", token_hash=mark)
    if row is None:
        return None
    idle = now - row["seen_at"]
    if now >= row["expires_at"] or idle >= idle_limit(Role(row["role"]), settings) or not row["active"]:
        with conn.transaction():
            db.run(conn, "session_delete", token_hash=mark)
        return None
    if use and idle >= SEEN_EVERY:
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


def listed(
    conn: psycopg.Connection, person: Person, now: datetime, settings: Settings, token: str | None = None
) -> list[dict[str, Any]]:
    """A person's open sessions, the one used last first: id, created_at, seen_at, expires_at, ip, agent, and `mine` for the
    one behind `token`."""
    return db.many(
        conn, "sessions_of", person_id=person.id, now=now, idle_since=now - idle_limit(person.role, settings),
        mine=digest(token) if token else b"",
    )  # fmt: skip


def end(conn: psycopg.Connection, person: Person, ident: str, now: datetime, ip: str = "") -> bytes:
    """A person ends one of his own sessions, by its id on the list; the digest of its token. Raises Refused('unknown'),
    which leaves an audit line too."""
    with conn.transaction():
        row = db.one(conn, "session_end", person_id=person.id, id=ident)
        audit(conn, person, "session_end", now, object=f"session:{ident[:24]}", ip=ip, ok=row is not None)
    if row is None:
        raise Refused("没有这个登录，可能已经退出；请刷新列表", "unknown")
    return bytes(row["token_hash"])
