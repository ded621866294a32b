"""`brain key`: the keys under which departments push readings over HTTP. The secret is shown once, when it is made."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from brain import catalog as catalogs
from brain.city import ZONE
from brain.identity import push_keys
from brain.identity.doing import at_the_console, refusals_audited
from brain.model import Refused
from brain.settings import Settings
from brain.store import db


def run(settings: Settings, args: Namespace, say: Callable[[str], None]) -> int:
    """One action of `brain key`; Refused names what is wrong."""
    now = datetime.now(UTC)
    with db.connect(settings.database_url, name="brain key") as conn:
        if args.act == "list":
            for row in db.many(conn, "feed_keys"):
                used = _day(row["last_used_at"]) if row["last_used_at"] else "没用过"
                say(
                    f"{row['id']:<15}{row['org']:<11}{_state(row, now):<5}到期 {_day(row['expires_at'])}  最近使用 {used}  "
                    f"{','.join(row['feeds'])}  {row['note']}".rstrip()
                )
            return 0
        by = at_the_console()
        if args.act == "revoke":
            push_keys.revoke(conn, by, args.id, now)
            say(f"密钥 {args.id} 已吊销，即刻生效")
            return 0
        with refusals_audited(conn, by, "feed_key_create", "feed_key:", now, org=args.org):
            if args.org not in catalogs.load(settings.catalog or None).departments:
                raise Refused(f"没有单位 {args.org}；代码见 departments.toml")
        feeds = [f.strip() for f in args.feeds.split(",") if f.strip()]
        expires_at = now + timedelta(days=args.days)
        id, secret = push_keys.make(conn, signing_key(settings), by, args.org, feeds, now, expires_at, args.note)
    say(f"密钥编号：{id}（{args.org}，可写 {'、'.join(feeds)}，{_day(expires_at)} 到期）")
    say(f"密钥：{secret}")
    say("密钥只显示这一次，请当面或用加密渠道交给对方；丢了就吊销再发一把")
    return 0


def signing_key(settings: Settings) -> str:
    """The setting, or what `brain up` made in the data folder; "" when there is neither."""
    path = settings.home / "secret.key"
    if settings.secret_key or not path.exists():
        return settings.secret_key
    return path.read_text(encoding="utf-8").strip()


def _state(row: dict, now: datetime) -> str:
    if row["revoked_at"]:
        return "已吊销"
    return "已过期" if row["expires_at"] <= now else "可用"


def _day(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d}"
