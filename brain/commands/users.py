"""`brain user`: accounts from the command line, for the first administrator and for lost passwords."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from brain import catalog
from brain.catalog.security import Security
from brain.identity import accounts
from brain.identity.doing import Doer, act_audited, at_the_console, refusals_audited
from brain.local.first_start import one_time_password
from brain.model import Refused
from brain.settings import Settings
from brain.store import db

GIVEN_ROLES = ("operator", "acceptor", "dispatcher", "chief", "department", "worker", "leader", "admin")


def run(settings: Settings, args: Namespace, say: Callable[[str], None]) -> int:
    """One action of `brain user`; Refused names what is wrong."""
    with db.connect(settings.database_url, name="brain user") as conn:
        if args.act == "list":
            for row in db.many(conn, "accounts"):
                state = (
                    "停用"
                    if not row["active"]
                    else "等待"
                    if row["locked"]
                    else "须改密"
                    if row["must_change"]
                    else "正常"
                )
                say(f"{row['login']:<16}{row['name']:<16}{row['role']:<12}{row['org'] or '':<12}{state}")
            return 0
        by, now = at_the_console(), datetime.now(UTC)
        said = {"by": by.name, "ip": by.address, "now": now}
        if args.act == "idle":
            return idle(conn, catalog.load(settings.catalog or None).security, args.disable, say, by)
        if args.act == "add":
            password = one_time_password()
            places = tuple(p.strip() for p in args.places.split(",") if p.strip())
            with refusals_audited(conn, by, "person_create", f"person:{args.login}", now):
                if args.role not in GIVEN_ROLES:
                    raise Refused(f"没有角色 {args.role}；可用：{' '.join(GIVEN_ROLES)}")
                accounts.create(
                    conn, login=args.login, name=args.name, role=args.role, org=args.org, places=places, password=password, **said
                )
            say(f"已新增 {args.login}，一次性密码：{password}")
            return 0
        if args.act == "password":
            password = one_time_password()
            with refusals_audited(conn, by, "password", f"person:{args.login}", now):
                accounts.set_password(conn, args.login, password, must_change=True, **said)
            say(f"{args.login} 的一次性密码：{password}")
            return 0
        active = args.act == "enable"
        act_audited(
            conn, by, "person_enable" if active else "person_disable", f"person:{args.login}", now,
            lambda: _switch(conn, args.login, active),
        )  # fmt: skip
        say(f"{args.login} 已{'启用' if active else '停用'}")
        return 0


def _switch(conn: psycopg.Connection, login: str, active: bool) -> None:
    if not active:
        accounts.keep_an_administrator(conn, login)
    if db.one(conn, "account_set_active", login=login, active=active) is None:
        raise Refused(f"没有登录名为 {login} 的账号；brain user list 可查看")


def idle(
    conn: psycopg.Connection, rules: Security, disable: bool, say: Callable[[str], None], doer: Doer | None = None
) -> int:
    """The accounts that nobody has used for long; `disable` switches them off."""
    now, doer = datetime.now(UTC), doer or at_the_console()
    rows = accounts.idle(conn, rules, now)
    closed = set(accounts.close_idle(conn, rules, now, by=doer.name, ip=doer.address)) if disable else set()
    for row in rows:
        last = f"{row['logged_in_at'].astimezone():%Y-%m-%d}" if row["logged_in_at"] else "从未登录"
        state = "已停用" if row["login"] in closed else "保留（最后一个系统管理员）" if disable else ""
        say(f"{row['login']:<16}{row['name']:<16}{row['role']:<12}{row['org'] or '':<12}{last}  {state}")
    say(f"{len(rows)} 个账号 {rules.idle_days} 天没有登录" + (f"，停用 {len(closed)} 个" if disable else ""))
    return 0
