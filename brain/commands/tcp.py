"""`brain tcp`: telemetry stations that speak over TCP (HJ 212, SL 651, GB 26875), as credentials. No password is ever shown again."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime

from brain import catalog as catalogs
from brain.catalog.security import Tcp
from brain.city import ZONE
from brain.identity import tcp_stations
from brain.identity.doing import at_the_console, refusals_audited
from brain.identity.tcp_stations import FEEDS, FORMS
from brain.model import Refused
from brain.settings import Settings
from brain.store import db


def arguments(verb: ArgumentParser) -> None:
    acts = verb.add_subparsers(dest="act", required=True, metavar="动作")
    acts.add_parser("list", help="列出登记的遥测站，和一天内说过话而没有登记的")
    words = {
        "add": "登记一个遥测站：它是哪个单位的，口令是什么，从哪里接入", "change": "改登记；没写的不动",
        "off": "停用：它的报文进死信，不应答", "on": "恢复使用",
    }  # fmt: skip
    for act, says in words.items():
        one = acts.add_parser(act, help=says)
        one.add_argument("feed", choices=FEEDS, metavar="接入", help="、".join(FEEDS))
        one.add_argument("id", metavar="编号", help="测站报文里的编号：MN、SL 651 测站地址（10 位）、GB 26875 源地址（12 位，高字节在前）")
        if act in ("off", "on"):
            continue
        one.add_argument("--org", required=act == "add", metavar="单位", help="单位代码，见 departments.toml；它只能写这个单位的测站")
        how = one.add_mutually_exclusive_group()
        how.add_argument("--password", action="store_true", help="输入口令（不回显；管道里则读第一行）")
        how.add_argument("--generate", action="store_true", help="生成一个口令，只显示这一次")
        how.add_argument("--no-password", action="store_true", help="不核对口令")
        one.add_argument("--network", action="append", metavar="网段", help="只能从这里接入，如 10.20.0.0/16；可写多次")
        one.add_argument("--centre", type=int, metavar="地址", help="SL 651：只能报到这个中心站地址")
        one.add_argument("--note", default="" if act == "add" else None, metavar="说明", help="装在哪里，谁维护")
        if act == "change":
            one.add_argument("--any-network", action="store_true", help="不限网段")
            one.add_argument("--any-centre", action="store_true", help="不限中心站地址")


def run(settings: Settings, args: Namespace, say: Callable[[str], None]) -> int:
    """One action of `brain tcp`; Refused names what is wrong."""
    now, by = datetime.now(UTC), at_the_console()
    catalog = catalogs.load(settings.catalog or None)
    with db.connect(settings.database_url, name="brain tcp") as conn:
        if args.act == "list":
            return _list(conn, catalog.security.tcp, now, say)
        id = args.id if args.feed == "hj212" else args.id.upper()
        if args.act in ("off", "on"):
            tcp_stations.change(conn, by, args.feed, id, now, active=args.act == "on")
            say(f"{FORMS[args.feed].title} 的 {id} 已{'启用' if args.act == 'on' else '停用，它的报文进死信'}，即刻生效")
            return 0
        with refusals_audited(
            conn, by, "tcp_station_create" if args.act == "add" else "tcp_station_change", f"tcp_station:{args.feed}/{id}", now,
            org=args.org,
        ):  # fmt: skip
            if args.org is not None and args.org not in catalog.departments:
                raise Refused(f"没有单位 {args.org}；代码见 departments.toml")
            password = _password(args, catalog.security.tcp)
        if args.act == "add":
            org = str(args.org)
            short = catalog.departments[org].short
            tcp_stations.add(
                conn, by, args.feed, id, org, now, password=password, centre=args.centre, networks=args.network or (),
                note=args.note,
            )  # fmt: skip
            say(f"已登记 {FORMS[args.feed].title} 的 {id}，属于{short}，即刻生效")
        else:
            tcp_stations.change(
                conn, by, args.feed, id, now, org=args.org, password=password, no_password=args.no_password, centre=args.centre,
                any_centre=args.any_centre, networks=[] if args.any_network else args.network, note=args.note,
            )  # fmt: skip
            say(f"已改 {FORMS[args.feed].title} 的 {id} 的登记，即刻生效")
    if args.generate and password is not None:
        say(f"口令：{password}")
        say("口令只显示这一次，请设到测站里；丢了就再生成一个")
    elif password is not None and password.upper() in {word.upper() for word in catalog.security.tcp.common}:
        say("这是厂家的通用口令，谁都知道；请在测站上改掉，再用 brain tcp change … --password 改登记，或用 --network 限定来源")
    return 0


def _password(args: Namespace, tcp: Tcp) -> str | None:
    """The password that is meant; None for none, or for no change. Raises Refused."""
    form = FORMS[args.feed]
    if form.password is None:
        if args.password or args.generate:
            raise Refused(f"{form.title} 的报文里没有口令；请去掉 --password，改用 --network 限定来源网段")
        return None
    if args.generate:
        return tcp_stations.drawn(args.feed, tcp.common)
    if args.password:
        typed = getpass.getpass(f"{form.title} 的 {args.id} 的口令（{form.says}）：") if sys.stdin.isatty() else sys.stdin.readline()
        typed = typed.rstrip("\r\n")
        return typed.upper() if args.feed == "sl651" else typed
    if args.act == "add" and not args.no_password:
        raise Refused(f"{form.title} 的报文里有口令：请写 --password 输入、--generate 生成，或 --no-password 说明不核对")
    return None


def _list(conn, tcp: Tcp, now: datetime, say: Callable[[str], None]) -> int:
    for row in db.many(conn, "tcp_stations"):
        password = "口令" if row["digest"] is not None else "无口令"
        centre = f"  中心站 {row['centre']}" if row["centre"] is not None else ""
        heard = f"最近 {_at(row['at'])} 来自 {row['peer']}" if row["at"] else "没说过话"
        away = f"（没收：{row['says']}）" if row["says"] else ""
        say(
            f"{row['feed']:<8}{row['id']:<25}{row['org']:<8}{'可用' if row['active'] else '停用'}  {password}  "
            f"{'、'.join(row['networks']) or '不限网段'}{centre}  {heard}{away}  {row['note']}".rstrip()
        )
    strangers = tcp_stations.strangers(conn, now)
    for row in strangers:
        say(f"{row['feed']:<8}{row['id']:<25}没有登记，{'没收' if row['says'] else '照收了'}；最近 {_at(row['at'])} 来自 {row['peer']}")
    if strangers:
        fate = "不收" if tcp.refuses else "照收"
        say(f"一天内有 {len(strangers)} 个没有登记的在说话，现在{fate}（目录 security.toml 的 tcp.unregistered）；登记：{tcp_stations.ADD}")
    return 0


def _at(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%m-%d %H:%M}"
