"""`brain user`: accounts from the command line, for the first administrator and for lost passwords."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from brain import catalog
from brain.catalog.security import Security
from brain.identity import accounts
from brain.local.first_start import one_time_password
from brain.model import Refused, Role
from brain.settings import Settings
from brain.store import db


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
        if args.act == "idle":
            return idle(conn, catalog.load(settings.catalog or None).security, args.disable, say)
        if args.act == "add":
            if args.role not in {r.value for r in Role if r not in (Role.CLOCK, Role.RULE, Role.PUBLIC)}:
                raise Refused(
                    f"没有角色 {args.role}；可用：operator acceptor dispatcher chief department worker leader admin"
                )
            password = one_time_password()
            places = tuple(p.strip() for p in args.places.split(",") if p.strip())
            with conn.transaction():
                accounts.create(conn, login=args.login, name=args.name, role=Role(args.role), org=args.org, places=places)
                accounts.set_password(conn, args.login, password, must_change=True)
            say(f"已新增 {args.login}，一次性密码：{password}")
            return 0
        if args.act == "password":
            password = one_time_password()
            with conn.transaction():
                accounts.set_password(conn, args.login, password, must_change=True)
            say(f"{args.login} 的一次性密码：{password}")
            return 0
        row = db.one(conn, "account_set_active", login=args.login, active=args.act == "enable")
        if row is None:
            raise Refused(f"没有登录名为 {args.login} 的账号；brain user list 可查看")
        say(f"{args.login} 已{'启用' if args.act == 'enable' else '停用'}")
        return 0


def idle(conn: psycopg.Connection, rules: Security, disable: bool, say: Callable[[str], None]) -> int:
    """The accounts that nobody has used for long; `disable` switches them off."""
    now = datetime.now(UTC)
    rows = accounts.idle(conn, rules, now)
    closed = set(accounts.close_idle(conn, rules, now, by="命令行")) if disable else set()
    for row in rows:
        last = f"{row['logged_in_at'].astimezone():%Y-%m-%d}" if row["logged_in_at"] else "从未登录"
        state = "已停用" if row["login"] in closed else "保留（最后一个系统管理员）" if disable else ""
        say(f"{row['login']:<16}{row['name']:<16}{row['role']:<12}{row['org'] or '':<12}{last}  {state}")
    say(f"{len(rows)} 个账号 {rules.idle_days} 天没有登录" + (f"，停用 {len(closed)} 个" if disable else ""))
    return 0
