"""The command `brain`. Each verb is one function; heavy imports wait until their verb runs."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from brain import __version__
from brain.catalog import BadCatalog
from brain.city import DISTRICT
from brain.identity import chain
from brain.model import Refused
from brain.settings import BadSetting, Settings, read
from brain.store.private import keep_private


def up(settings: Settings, args: argparse.Namespace) -> int:
    from brain.local import supervisor

    if args.no_replay:
        settings = replace(settings, replay=False)
    return supervisor.up(settings)


def migrate(settings: Settings, args: argparse.Namespace) -> int:
    from brain.cities import meijiang
    from brain.commands.check import database_url
    from brain.store import db, roles

    url = database_url(settings, roles.OWNER)
    ran = db.migrate(url, body=settings.storage, say=lambda name: print(f"升级 {name}"))
    if args.city:
        from brain import catalog

        with db.connect(url, name="brain migrate") as conn:
            meijiang.load(conn, catalog.load(settings.catalog or None), lambda text: print(text))
    with db.connect(url, name="brain migrate") as conn:
        print(f"表结构已是最新（{len(ran)} 个升级，存储形态 {db.body_of(conn)}）")
    return 0


def web(settings: Settings, args: argparse.Namespace) -> int:
    from brain.web import app

    app.run(with_database(settings))
    return 0


def engine(settings: Settings, args: argparse.Namespace) -> int:
    from brain.engine import loop

    loop.run(with_database(settings))
    return 0


def import_(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import importing

    return importing.run(with_database(settings), args.what, Path(args.file), print)


def report(settings: Settings, args: argparse.Namespace) -> int:
    from brain import catalog
    from brain.commands import report as command
    from brain.commands.check import database_url
    from brain.store import roles

    period = args.period or datetime.now(UTC).strftime("%Y-%m")
    path = command.write_file(
        database_url(settings, roles.REPORT), catalog.load(settings.catalog or None), period,
        Path(args.output or f"月报-{period}.docx"),
    )  # fmt: skip
    print(f"已写出 {path}")
    return 0


def user(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import users

    return users.run(with_database(settings), args, print)


def station(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import stations

    return stations.run(with_database(settings), args, print)


def key(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import keys

    return keys.run(with_database(settings), args, print)


def tcp(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import tcp as stations

    return stations.run(with_database(settings), args, print)


def check(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import check as checks

    return checks.run(settings, print)


def alive(settings: Settings, args: argparse.Namespace) -> int:
    from brain.store import db, health

    with db.connect(with_database(settings).database_url, name="brain alive", connect_timeout=5) as conn:
        lives = health.alive(conn, args.what, settings.worker)
    print(f"{args.what} {'在运行' if lives else '没有数据库连接'}")
    return 0 if lives else 1


def verify_audit(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import verify_audit as verifying

    return verifying.run(with_database(settings), args, print)


def pictures(settings: Settings, args: argparse.Namespace) -> int:
    from brain.commands import pictures as taker

    return taker.run(settings, Path(args.folder), args, print)


def with_database(settings: Settings) -> Settings:
    """Settings that name a database: the outer one, or the embedded one of this data folder."""
    from brain.commands.check import database_url

    return replace(settings, database_url=database_url(settings))


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="brain", description="城市大脑 lite：一网统管平台的命令", epilog="设置见 docs/settings.md"
    )
    top.add_argument("--version", action="version", version=f"city-brain {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="命令")

    def add(name: str, what: Callable[[Settings, argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=words, description=words)
        one.set_defaults(run=what)
        return one

    one = add("up", up, "一条命令启动全部：数据库、消息服务、接入、引擎、网页、回放（演示与小规模使用）")
    one.add_argument("--no-replay", action="store_true", help="不回放示范数据")
    one = add("migrate", migrate, "升级表结构（可重复运行）")
    one.add_argument("--city", action="store_true", help="同时装入示范城区")
    add("web", web, "只运行网页与接口进程")
    add("engine", engine, "只运行规则引擎进程")
    one = add("import", import_, "导入表格")
    one.add_argument(
        "what", choices=["stations", "readings"], help="stations 站点表；readings 历史读数（补录，不派警）"
    )
    one.add_argument("file", help="CSV 文件，UTF-8 或 GBK，首行为列名；读数也可以是 Parquet")
    one = add("report", report, "生成月度态势报告（docx）")
    one.add_argument("period", nargs="?", help="月份，如 2026-10；默认本月")
    one.add_argument("-o", "--output", help="输出文件")
    one = add("user", user, "账号：列出、新增、重置密码、停用")
    acts = one.add_subparsers(dest="act", required=True, metavar="动作")
    acts.add_parser("list", help="列出能登录的账号")
    new = acts.add_parser("add", help="新增账号，打印一次性密码")
    new.add_argument("login", help="登录名")
    new.add_argument("--name", required=True, help="姓名")
    new.add_argument(
        "--role", required=True, help="角色：operator acceptor dispatcher chief department worker leader admin"
    )
    new.add_argument("--org", help="单位代码，见 departments.toml 或镇街代码")
    new.add_argument("--places", default="", help=f"可见区域代码前缀，逗号分隔，如 {DISTRICT} 或 {DISTRICT}004")
    one_idle = acts.add_parser("idle", help="列出长期没有登录的账号（天数见目录 security.toml）")
    one_idle.add_argument("--disable", action="store_true", help="同时停用它们；最后一个可用的系统管理员除外")
    for act, words in (("password", "重置为一次性密码"), ("disable", "停用"), ("enable", "启用并解锁")):
        acts.add_parser(act, help=words).add_argument("login", help="登录名")
    from brain.commands import stations
    from brain.commands import tcp as lines

    stations.arguments(add("station", station, "测站：登记检修、校准，列出现有的"))
    lines.arguments(add("tcp", tcp, "遥测站身份：列出、登记、改、停用（HJ 212、SL 651、GB 26875 经 TCP 报送的站）"))
    one = add("key", key, "推送密钥：列出、新发、吊销（各部门经 HTTP 推送数据用）")
    acts = one.add_subparsers(dest="act", required=True, metavar="动作")
    acts.add_parser("list", help="列出所有推送密钥，不含密钥本身")
    new = acts.add_parser("add", help="给一个单位发一把密钥，只显示这一次")
    new.add_argument("org", metavar="单位", help="单位代码，见 departments.toml")
    new.add_argument("--feeds", required=True, metavar="接入", help="可写哪些接入，逗号分隔，如 water,rain")
    new.add_argument("--days", type=int, default=365, metavar="天", help="有效多少天，默认 365")
    new.add_argument("--note", default="", metavar="说明", help="给谁、装在哪台机器上")
    acts.add_parser("revoke", help="吊销一把密钥，即刻生效").add_argument("id", metavar="编号", help="密钥编号")
    add("check", check, "逐项检查本机运行状况，有问题时退出码为 1")
    one = add("alive", alive, "容器健康检查：某个进程是否连着数据库")
    one.add_argument("what", choices=["ingest", "engine"], help="哪个进程；ingest 按 BRAIN_WORKER 区分")
    from brain.commands import verify_audit as verifying

    verifying.arguments(add("verify-audit", verify_audit, "核对审计记录和案卷流水的散列链，指出第一处改动"))
    one = add("pictures", pictures, "从运行中的演示截取三类读者的画面到 docs/")
    one.add_argument("folder", nargs="?", default="docs/pictures", help="输出目录")
    one.add_argument("--chromium", default="/usr/bin/chromium", help="浏览器程序")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    try:
        settings = read()
        if args.verb in ("up", "web", "engine", "import", "key"):
            keep_private(settings.home)
        logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        chain.use(settings.secret)
        return args.run(settings, args)
    except (BadSetting, BadCatalog, Refused, chain.NoKey) as err:
        print(err, file=sys.stderr)
    except psycopg.OperationalError as err:
        print(
            f"数据库连不上：{str(err).strip().splitlines()[-1]}；先运行 brain up，或检查 BRAIN_DATABASE_URL",
            file=sys.stderr,
        )
    except RuntimeError as err:
        from brain.local.postgres import CannotStart

        if not isinstance(err, CannotStart):
            raise
        print(err, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
