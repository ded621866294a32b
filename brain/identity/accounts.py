"""Accounts are made, changed, unlocked and given passwords here; each act leaves its audit line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.catalog.security import Passwords, Security
from brain.identity.audit import audit
from brain.identity.passwords import check_password, fits, hash_password, shipped
from brain.identity.people import Person, person_of
from brain.identity.tokens import digest
from brain.model import Actor, Refused, Role
from brain.store import db


def create(
    conn: psycopg.Connection,
    *,
    login: str,
    name: str,
    role: Role | str,
    now: datetime | None = None,
    password: str | None = None,
    password_hash: str | None = None,
    phone: str = "",
    org: str | None = None,
    places: Sequence[str] = (),
    grid: str | None = None,
    must_change: bool = True,
    simulated: bool = False,
    by: Actor | Person | str = "系统",
    ip: str = "",
    policy: Passwords | None = None,
) -> Person:
    """A new account; without password it cannot log in; one that must be changed is a one-time one and runs out. Raises
    Refused: 'login' (taken or malformed), 'role', 'places', 'password', 'unknown' (no such organisation or grid).

    `password_hash` takes a hash made before (many demo accounts share one), unchecked.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,39}", login):
        raise Refused(f"登录名“{login}”要用 2–40 位字母、数字、点、横线，并以字母或数字开头", "login")
    if not name.strip():
        raise Refused("姓名不能为空", "name")
    role, now, policy = _person_role(role), now or datetime.now(UTC), policy or shipped()
    _check_places(places)
    if password is not None:
        check_password(password, role, login, policy, name=name, phone=phone)
        password_hash = hash_password(password)
    try:
        with conn.transaction():
            row = db.one(
                conn, "person_insert", login=login, name=name.strip(), phone=phone, role=role, org=org,
                places=list(places), grid=grid, hash=password_hash, simulated=simulated, now=now,
                must_change=must_change and password_hash is not None,
                one_time_until=_one_time(now, policy) if must_change and password is not None else None,
            )  # fmt: skip
            if row is None:
                raise Refused(f"登录名“{login}”已有人用，请换一个", "login")
            who = f"person:{row['id']}"
            audit(conn, by, "person_create", now, object=who, ip=ip, role=role, org=org, places=list(places))
    except psycopg.errors.ForeignKeyViolation as err:
        raise _nowhere(err, org, grid) from None
    return person_of(row)


def update(
    conn: psycopg.Connection, person_id: int, now: datetime, *, by: Actor | Person, ip: str = "", **change: Any
) -> Person:
    """Change name, phone, role, org, places, grid or active. Where rights change, his sessions end: what he sees after
    that is what he may see. Raises Refused: 'unknown', 'role', 'places', 'field'."""
    odd = set(change) - {"name", "phone", "role", "org", "places", "grid", "active"}
    if odd:
        raise Refused(f"人员没有可改的项：{'、'.join(sorted(odd))}", "field")
    if "role" in change:
        change["role"] = str(_person_role(change["role"]))
    if "places" in change:
        _check_places(change["places"])
        change["places"] = list(change["places"])
    try:
        with conn.transaction():
            before = db.one(conn, "person_by_id", id=person_id)
            if before is None:
                raise Refused(f"没有编号为 {person_id} 的人员", "unknown")
            if not change.get("active", True) or change.get("role", Role.ADMIN) != Role.ADMIN:
                keep_an_administrator(conn, before["login"])
            row = db.row(conn, "person_change", id=person_id, change=Jsonb(change))
            if set(change) & {"role", "org", "places", "grid", "active"}:
                db.run(conn, "session_delete_person", person_id=person_id, but=None)
            shown = {k: [before[k], v] for k, v in change.items() if k not in ("phone",) and before[k] != v}
            audit(conn, by, "person_update", now, object=f"person:{person_id}", ip=ip, change=shown)
    except psycopg.errors.ForeignKeyViolation as err:
        raise _nowhere(err, change.get("org"), change.get("grid")) from None
    return person_of(row)


def _nowhere(err: psycopg.errors.ForeignKeyViolation, org: str | None, grid: str | None) -> Refused:
    """Which of the two there is none of, and where to look."""
    if "grid" in (err.diag.constraint_name or ""):
        return Refused(f"没有网格“{grid}”，请核对网格编码（15 位），或先导入网格", "unknown")
    return Refused(f"没有单位“{org}”，请核对单位代码（departments.toml 的键，如 swj），或先导入单位", "unknown")


def keep_an_administrator(conn: psycopg.Connection, login: str) -> None:
    """Raises Refused('last') where this is the last administrator who can log in: nobody could undo it from the screens. Inside
    the transaction of the change; the administrators are locked until its end, so that two do not switch off each other."""
    able = {row["login"] for row in db.many(conn, "administrators_for_update")}
    if able == {login}:
        raise Refused(f"{login} 是最后一个能登录的系统管理员，停用或改任后没有人能管理账号；请先启用或新增另一个", "last")


def unlock(conn: psycopg.Connection, person_id: int, now: datetime, *, by: Actor | Person, ip: str = "") -> Person:
    """An administrator lets an account's next attempt come at once. Raises Refused('unknown')."""
    with conn.transaction():
        row = db.one(conn, "person_unlock", id=person_id)
        if row is None:
            raise Refused(f"没有编号为 {person_id} 的人员", "unknown")
        audit(conn, by, "person_unlock", now, object=f"person:{person_id}", ip=ip)
    return person_of(row)


def set_password(
    conn: psycopg.Connection,
    who: int | str,
    password: str,
    *,
    now: datetime | None = None,
    by: Actor | Person | str = "系统",
    must_change: bool = False,
    ip: str = "",
    keep_session: str | None = None,
    policy: Passwords | None = None,
) -> Person:
    """Give a person (id or login) a new password and end his sessions, but for the one whose token is `keep_session`.

    Raises Refused: 'password' (rules, or one of the last five), 'unknown'.
    """
    now, policy = now or datetime.now(UTC), policy or shipped()
    with conn.transaction():
        by_login = isinstance(who, str)
        row = db.one(conn, "person_by_login", login=who) if by_login else db.one(conn, "person_by_id", id=who)
        if row is None:
            raise Refused(f"没有人员 {who}", "unknown")
        person_id = row["id"]
        check_password(password, Role(row["role"]), row["login"], policy, name=row["name"], phone=row["phone"])
        past = db.many(conn, "password_pasts", id=person_id, keep=policy.keep_past)
        if any(fits(r["hash"], password) for r in past):
            raise Refused(f"不能用最近 {policy.keep_past} 次用过的口令，请换一个", "password")
        hashed = hash_password(password)
        until = _one_time(now, policy) if must_change else None
        row = db.row(
            conn, "person_password", id=person_id, hash=hashed, now=now, must_change=must_change, one_time_until=until
        )
        db.run(conn, "brake_off", keys=[f"person:{person_id}"])
        db.run(conn, "session_delete_person", person_id=person_id, but=digest(keep_session) if keep_session else None)
        audit(conn, by, "password", now, object=f"person:{person_id}", ip=ip)
    return person_of(row)


def _one_time(now: datetime, policy: Passwords) -> datetime:
    return now + timedelta(hours=policy.one_time_hours)


def idle(conn: psycopg.Connection, rules: Security, now: datetime) -> list[dict[str, Any]]:
    """Active accounts that have not been used for the catalog's number of days (8.1.4.2 c): id, login, name, role, org,
    logged_in_at (None: never), since; the longest first."""
    return db.many(conn, "accounts_idle", before=now - timedelta(days=rules.idle_days), now=now)


def close_idle(
    conn: psycopg.Connection, rules: Security, now: datetime, *, by: Actor | Person | str = "系统", ip: str = ""
) -> list[str]:
    """Switch the idle accounts off; their logins. The last active administrator stays: somebody must be able to undo it."""
    closed: list[str] = []
    with conn.transaction():
        for row in idle(conn, rules, now):
            if db.one(conn, "account_close_idle", id=row["id"]) is not None:
                closed.append(row["login"])
                audit(
                    conn, by, "person_idle", now, object=f"person:{row['id']}", ip=ip, since=row["since"].isoformat()
                )
    return closed


def _person_role(role: Role | str) -> Role:
    """A role that a person can hold: the engine's own two cannot be given away."""
    if role not in set(Role) - {Role.CLOCK, Role.RULE}:
        raise Refused(f"没有角色“{role}”", "role")
    return Role(role)


def _check_places(places: Iterable[str]) -> None:
    for code in places:
        if not re.fullmatch(r"\d{6}|\d{9}|\d{12}|\d{15}", code):
            raise Refused(f"地区编码“{code}”应是 6、9、12 或 15 位数字", "places")
