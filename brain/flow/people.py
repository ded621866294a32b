"""Accounts, passwords, sessions and the audit trail.

GB/T 22239-2019 level 3, 8.1.4.1 (identity) and 8.1.4.3 (audit). The standard names the controls and almost no numbers;
the numbers in `Policy` are assessors' practice, given by the caller where a city wants others.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from psycopg.types.json import Jsonb

from brain.model import Actor, Refused, Role
from brain.settings import Settings
from brain.store import db

HASHER = PasswordHasher()  # argon2id with the library's RFC 9106 profile
SEEN_EVERY = timedelta(seconds=30)  # a session's last use is written at most so often: reads must not become writes


@dataclass(frozen=True, slots=True)
class Policy:
    """Numbers of the password and lock rules (8.1.4.1 a, b; practice of assessors)."""

    tries: int = 5
    lock_min: int = 30
    length: int = 8
    admin_length: int = 12
    classes: int = 3  # of: upper case, lower case, digits, signs
    keep_past: int = 5  # former passwords that may not come back, the present one included
    max_age_days: int = 90


POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Person:
    """An account (table `person`), without its password. `places` are code prefixes, see Actor."""

    id: int
    login: str
    name: str
    role: Role
    org: str | None = None
    places: tuple[str, ...] = ()
    grid: str | None = None
    phone: str = field(default="", repr=False)
    must_change: bool = False
    active: bool = True
    simulated: bool = False
    locked_until: datetime | None = None


def _person(row: dict[str, Any]) -> Person:
    return db.record(Person, row | {"role": Role(row["role"]), "places": tuple(row["places"])})


def actor_of(person: Person) -> Actor:
    """What rules must know of a person. A worker without places of his own acts in his grid."""
    places = person.places or ((person.grid,) if person.grid else ())
    return Actor(person.id, person.name, person.role, person.org, places)


# Audit --------------------------------------------------------------------------------------------------------------
def audit(
    conn: psycopg.Connection,
    actor: Actor | Person | str,
    action: str,
    now: datetime,
    *,
    object: str = "",
    ip: str = "",
    ok: bool = True,
    **detail: Any,
) -> int:
    """Write one audit line (8.1.4.3 b: when, who, what kind, whether it succeeded, from where); returns its id.

    Never a password, never a whole phone number in `detail`."""
    name, ident = (actor, None) if isinstance(actor, str) else (actor.name, actor.id)
    return db.one(
        conn, "audit_insert", at=now, actor_id=ident, actor=name, action=action, object=str(object), ip=ip, ok=ok,
        detail=Jsonb(detail),
    )["id"]  # fmt: skip


# Passwords ----------------------------------------------------------------------------------------------------------
def check_password(password: str, role: Role, login: str = "", policy: Policy = POLICY) -> None:
    """Raise Refused('password') unless the password keeps the rules: length, classes of signs, not the login itself."""
    need = policy.admin_length if role is Role.ADMIN else policy.length
    if len(password) < need:
        raise Refused(f"口令至少 {need} 位，现在只有 {len(password)} 位", "password")
    if len(password) > 256:
        raise Refused("口令最长 256 位，请缩短", "password")
    kinds = sum(bool(re.search(c, password)) for c in (r"[A-Z]", r"[a-z]", r"[0-9]", r"[^A-Za-z0-9]"))
    if kinds < policy.classes:
        raise Refused(f"口令要含大写字母、小写字母、数字、符号中的至少 {policy.classes} 类", "password")
    if login and login.lower() in password.lower():
        raise Refused("口令里不能含有登录名，请换一个", "password")


def hash_password(password: str) -> str:
    """argon2id hash, ready for `person.password_hash`."""
    return HASHER.hash(password)


@cache
def _nobody() -> str:
    """A hash that no password fits: checked for unknown logins, so that their answer takes as long as any other."""
    return HASHER.hash(secrets.token_hex(16))


def _fits(hashed: str, password: str) -> bool:
    try:
        return HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


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
    policy: Policy = POLICY,
) -> Person:
    """Give a person (id or login) a new password and end his sessions, but for the one whose token is `keep_session`.

    Raises Refused: 'password' (rules, or one of the last five), 'unknown'.
    """
    now = now or datetime.now(UTC)
    with conn.transaction():
        by_login = isinstance(who, str)
        row = db.one(conn, "person_by_login", login=who) if by_login else db.one(conn, "person_by_id", id=who)
        if row is None:
            raise Refused(f"没有人员 {who}", "unknown")
        person_id = row["id"]
        check_password(password, Role(row["role"]), row["login"], policy)
        past = db.many(conn, "password_pasts", id=person_id, keep=policy.keep_past)
        if any(_fits(r["hash"], password) for r in past):
            raise Refused(f"不能用最近 {policy.keep_past} 次用过的口令，请换一个", "password")
        hashed = hash_password(password)
        row = db.one(conn, "person_password", id=person_id, hash=hashed, now=now, must_change=must_change)
        db.run(conn, "session_delete_person", person_id=person_id, but=_digest(keep_session) if keep_session else None)
        audit(conn, by, "password", now, object=f"person:{person_id}", ip=ip)
    return _person(row)


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


# Accounts -----------------------------------------------------------------------------------------------------------
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
) -> Person:
    """A new account; without password it cannot log in. Raises Refused: 'login' (taken or malformed), 'role', 'places',
    'password', 'unknown' (no such organisation or grid).

    `password_hash` takes a hash made before (many demo accounts share one), unchecked.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,39}", login):
        raise Refused(f"登录名“{login}”要用 2–40 位字母、数字、点、横线，并以字母或数字开头", "login")
    if not name.strip():
        raise Refused("姓名不能为空", "name")
    role, now = _person_role(role), now or datetime.now(UTC)
    _check_places(places)
    if password is not None:
        check_password(password, role, login)
        password_hash = hash_password(password)
    try:
        with conn.transaction():
            row = db.one(
                conn, "person_insert", login=login, name=name.strip(), phone=phone, role=role, org=org,
                places=list(places), grid=grid, hash=password_hash, simulated=simulated, now=now,
                must_change=must_change and password_hash is not None,
            )  # fmt: skip
            if row is None:
                raise Refused(f"登录名“{login}”已有人用，请换一个", "login")
            given = {"role": role, "org": org, "places": list(places)}
            audit(conn, by, "person_create", now, object=f"person:{row['id']}", ip=ip, **given)
    except psycopg.errors.ForeignKeyViolation:
        raise Refused(f"没有单位“{org}”或网格“{grid}”，请先建立", "unknown") from None
    return _person(row)


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
            row = db.one(conn, "person_change", id=person_id, change=Jsonb(change))
            if set(change) & {"role", "org", "places", "grid", "active"}:
                db.run(conn, "session_delete_person", person_id=person_id, but=None)
            shown = {k: [before[k], v] for k, v in change.items() if k not in ("phone",) and before[k] != v}
            audit(conn, by, "person_update", now, object=f"person:{person_id}", ip=ip, change=shown)
    except psycopg.errors.ForeignKeyViolation:
        raise Refused("没有这个单位或网格，请先建立", "unknown") from None
    return _person(row)


def unlock(conn: psycopg.Connection, person_id: int, now: datetime, *, by: Actor | Person, ip: str = "") -> Person:
    """An administrator lifts a lock. Raises Refused('unknown')."""
    with conn.transaction():
        row = db.one(conn, "person_unlock", id=person_id)
        if row is None:
            raise Refused(f"没有编号为 {person_id} 的人员", "unknown")
        audit(conn, by, "person_unlock", now, object=f"person:{person_id}", ip=ip)
    return _person(row)


def get(conn: psycopg.Connection, person_id: int) -> Person | None:
    row = db.one(conn, "person_by_id", id=person_id)
    return _person(row) if row else None


def by_login(conn: psycopg.Connection, login: str) -> Person | None:
    row = db.one(conn, "person_by_login", login=login)
    return _person(row) if row else None


def listed(
    conn: psycopg.Connection,
    *,
    org: str | None = None,
    role: Role | None = None,
    text: str | None = None,
    inactive: bool = False,
    limit: int = 200,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Accounts for a list: id, login, name, role, org, org_short, places, grid, active, locked_until, masked phone."""
    rows = db.many(
        conn, "people_list", org=org, role=role, text=text or None, inactive=inactive, limit=limit, offset=offset
    )
    shown = ("id", "login", "name", "role", "org", "org_short", "places", "grid", "active", "locked_until", "simulated")
    return [{k: r[k] for k in shown} | {"phone": mask_phone(r["phone"])} for r in rows]


def mask_phone(phone: str) -> str:
    """`138****1234`: the middle is hidden in lists, exports and logs (8.1.4.11); short numbers keep two digits."""
    if len(phone) >= 11:
        return phone[:-8] + "****" + phone[-4:]
    return "*" * max(len(phone) - 2, 0) + phone[-2:]


def _person_role(role: Role | str) -> Role:
    """A role that a person can hold: the engine's own two cannot be given away."""
    if role not in set(Role) - {Role.CLOCK, Role.RULE}:
        raise Refused(f"没有角色“{role}”", "role")
    return Role(role)


def _check_places(places: Iterable[str]) -> None:
    for code in places:
        if not re.fullmatch(r"\d{6}|\d{9}|\d{12}|\d{15}", code):
            raise Refused(f"地区编码“{code}”应是 6、9、12 或 15 位数字", "places")


# Login and sessions ------------------------------------------------------------------------------------------------
def authenticate(
    conn: psycopg.Connection, login: str, password: str, now: datetime, ip: str = "", policy: Policy = POLICY
) -> Person:
    """Who logs in. Raises Refused: 'login' (name or password wrong, the two not told apart), 'locked'.

    8.1.4.1 b: after `policy.tries` failures the account is locked for `policy.lock_min` minutes; every attempt leaves
    an audit line.
    """
    with conn.transaction():
        row = db.one(conn, "person_count_attempt", login=login, now=now, tries=policy.tries, lock_min=policy.lock_min)
    good = _fits(row["password_hash"] if row else _nobody(), password) and row is not None
    known = row or db.one(conn, "person_by_login", login=login)
    # What was typed for an unknown account is not written down: it is often a password in the wrong box.
    who, what = (known["name"], f"person:{known['id']}") if known else ("未知账号", "")
    with conn.transaction():
        if good:
            stale = HASHER.check_needs_rehash(row["password_hash"])
            old = row["password_at"] is not None and now - row["password_at"] > timedelta(days=policy.max_age_days)
            fresh = hash_password(password) if stale else None
            person = _person(db.one(conn, "person_logged_in", id=row["id"], hash=fresh, must_change=old))
            audit(conn, person, "login", now, object=what, ip=ip)
            return person
        audit(conn, who, "login", now, object=what, ip=ip, ok=False)
    locked = known and known["active"] and known["locked_until"]
    if locked and locked > now:
        wait = -int((now - locked).total_seconds() // 60)
        raise Refused(f"口令连续输错 {policy.tries} 次，账号已锁定，请 {wait} 分钟后再试，或请管理员解锁", "locked")
    raise Refused(f"账号或口令不正确；连续输错 {policy.tries} 次将锁定 {policy.lock_min} 分钟", "login")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def open_session(
    conn: psycopg.Connection, person: Person, now: datetime, settings: Settings, *, ip: str = "", agent: str = ""
) -> str:
    """A new session; returns the token for the cookie (256 random bits). Sessions that have run out are cleared."""
    token = secrets.token_urlsafe(32)
    with conn.transaction():
        db.run(conn, "session_delete_old", now=now, idle_since=now - timedelta(minutes=settings.session_idle_min))
        db.run(
            conn, "session_insert", token_hash=_digest(token), person_id=person.id, now=now,
            expires_at=now + timedelta(hours=settings.session_max_h), ip=ip[:64], agent=agent[:200],
        )  # fmt: skip
    return token


def session_person(conn: psycopg.Connection, token: str | None, now: datetime, settings: Settings) -> Person | None:
    """Who holds this token; None when there is no such session, it has run out (absolute or idle limit of the
    settings) or the account was switched off."""
    if not token or len(token) > 200:
        return None
    digest = _digest(token)
    row = db.one(conn, "session_person", token_hash=digest)
    if row is None:
        return None
    idle = now - row["seen_at"]
    if now >= row["expires_at"] or idle >= timedelta(minutes=settings.session_idle_min) or not row["active"]:
        with conn.transaction():
            db.run(conn, "session_delete", token_hash=digest)
        return None
    if idle >= SEEN_EVERY:
        with conn.transaction():
            db.run(conn, "session_seen", token_hash=digest, now=now)
    return _person(row)


def close_session(conn: psycopg.Connection, token: str, now: datetime | None = None, ip: str = "") -> None:
    """End a session (log out); with `now` the leaving is audited."""
    with conn.transaction():
        row = db.one(conn, "session_delete", token_hash=_digest(token))
        if row and now is not None:
            person = get(conn, row["person_id"])
            audit(conn, person, "logout", now, object=f"person:{person.id}", ip=ip)


# Duty ---------------------------------------------------------------------------------------------------------------
def on_duty(conn: psycopg.Connection, org: str, duties: Sequence[str], now: datetime) -> list[Person]:
    """Who is on the roster of an organisation now, by order of `duties` ('desk' | 'chief' | 'leader' | 'field')."""
    return [_person(r) for r in db.many(conn, "roster_on_duty", org=org, duties=list(duties), now=now)]


def put_on_duty(
    conn: psycopg.Connection,
    *,
    org: str,
    person_id: int,
    duty: str,
    starts: datetime,
    ends: datetime,
    by: Actor | Person | str,
    now: datetime,
) -> int:
    """Add a shift to the roster; returns its id. Raises Refused('duty')."""
    if duty not in ("desk", "chief", "leader", "field") or starts >= ends:
        raise Refused("班次要写明岗位（desk、chief、leader、field），并且开始早于结束", "duty")
    with conn.transaction():
        ident = db.one(conn, "roster_insert", org=org, person_id=person_id, duty=duty, starts=starts, ends=ends)["id"]
        audit(conn, by, "roster", now, object=f"roster:{ident}", org=org, person=person_id, duty=duty)
    return ident
