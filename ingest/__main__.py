"""`python -m ingest`: the doors and the demo's senders, each a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
from datetime import UTC, datetime

from brain import catalog as catalogs
from brain.catalog.records import BadCatalog
from brain.identity import chain
from brain.model import Refused
from brain.settings import BadSetting, Settings, read
from brain.store.private import keep_private
from ingest import feeds, tools
from ingest.feeds._sample import samples
from ingest.feeds.hj212 import keys
from ingest.practice import BadPractice
from ingest.write import units
from ingest.write.spill import InUse
from ingest.write.units import BadUnits

HELP = """接入：把各部门的数据收进城市大脑。

  python -m ingest run                     接收：消息服务 → 校验 → 入库（入库后才确认）
  python -m ingest replay                  回放：实测序列和模拟设备经消息服务发出（演示用）
  python -m ingest feeds                   列出所有接入：主题、部门、格式
  python -m ingest decode hj212 报文.txt    试读报文，每条打印一行 JSON；文件写 - 则从标准输入读
  python -m ingest send rain 报文.json      把文件里的报文发给任何一个接入口，打印应答
  python -m ingest tap rain                看着一路数据：来了什么，成了什么
  python -m ingest acl mosquitto           打印消息服务的权限文件（mosquitto 或 emqx），按 departments.toml 生成
  python -m ingest mend --rule station     死信重放：补登测站、放宽量程或修好接入之后，把死信按原来的次序再收一遍

设置从环境变量 BRAIN_* 读取（见 docs/settings.md），常用的有：
  BRAIN_MQTT_URL       消息服务，mqtt://用户:密码@主机:1883
  BRAIN_DATABASE_URL   数据库
  BRAIN_WORKER         本接入进程的名字，多个进程要各不相同
  BRAIN_MQTT_SHARE     共享订阅组，多个接入进程一起分担；留空则不共享
  BRAIN_REPLAY_SPEED   回放倍速，1–3600
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ingest", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter, add_help=False
    )
    _chinese(parser)
    commands = parser.add_subparsers(dest="command", metavar="命令", required=True)

    def command(name: str, says: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=says, description=says, add_help=False)
        _chinese(one)
        return one

    command("run", "接收数据，直到收到停止信号；停之前提交完手里的一批")
    command("replay", "回放实测序列和模拟设备，直到收到停止信号；重启后接着播")
    command("feeds", "列出所有接入，每个带它的样例")
    decode = command("decode", "试读报文，不入库；每条打印一行 JSON，读不了时说明原因，退出码 1")
    decode.add_argument("format", choices=sorted(feeds.load()), metavar="格式", help="、".join(sorted(feeds.load())))
    decode.add_argument("file", metavar="文件", help="报文文件；- 为标准输入")
    decode.add_argument("--feed", choices=sorted(feeds.load()), metavar="接入", help="格式为 json 时，按哪个接入的报文读")
    decode.add_argument("--topic", help="报文的主题；不写则测站以报文里的为准（卫星热点写 hotspots 结尾的主题）")
    send = command("send", "把文件里的报文发给接入口，像测站一样；打印每条的应答")
    send.add_argument("feed", choices=sorted(feeds.load()), metavar="接入", help="、".join(sorted(feeds.load())))
    send.add_argument("file", metavar="文件", help="报文文件；- 为标准输入")
    send.add_argument("--door", default="", help="从哪个门：mqtt、http、drop、hj212、sl651、gb26875；不写则用该接入平常的门")
    send.add_argument("--to", default="", help="地址，如 10.1.2.3:9212 或 mqtt://用户:密码@主机:1883；不写则用设置里的")
    send.add_argument("--topic", default="", help="MQTT 主题；不写则按报文里的测站")
    send.add_argument("--key", default="", metavar="编号:密钥", help="HTTP 推送的密钥，brain key add 发放时显示")
    send.add_argument("--every", type=float, default=0.0, metavar="秒", help="每条之间隔多久")
    tap = command("tap", "看着一路数据：每一批收了什么，入库、重复还是死信，死信为什么")
    tap.add_argument("feed", choices=sorted(feeds.load()), metavar="接入", help="、".join(sorted(feeds.load())))
    acl = command("acl", "打印消息服务的权限文件：每个部门一个账号，只能写自己的接入")
    acl.add_argument("form", choices=("mosquitto", "emqx"), metavar="服务", help="mosquitto 或 emqx")
    mend = command("mend", "死信重放：能收的入库并标为已重放，仍不能收的原样留着并说明原因")
    mend.add_argument("--feed", choices=sorted(feeds.load()), metavar="接入", help="只重放这个接入的死信")
    mend.add_argument("--rule", metavar="规则", help="只重放因这条规则被拒的死信，如 station、range、kind、decode")
    mend.add_argument("--dry", action="store_true", help="只看看能重放多少，不写库")
    args = parser.parse_args(argv)
    if args.command == "feeds":
        return _feeds()
    try:
        settings = read()
        if args.command in ("run", "replay"):
            keep_private(settings.home)
        if args.command == "acl":
            from ingest import acl as acls

            print(acls.FORMS[args.form](catalogs.load(settings.catalog or None)), end="")
            return 0
        chain.use(settings.secret)
        keys.use(settings)
        feeds.furnish(settings.catalog)
        if args.command == "decode":
            return _decode(settings, args.feed or args.format, args.file, args.topic)
        if args.command == "send":
            return _send(settings, args)
        if args.command == "tap":
            return _tap(settings, args.feed)
        logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
        return _mend(settings, args) if args.command == "mend" else _serve(args.command, settings)
    except Refused as err:
        print(err, file=sys.stderr)
        return 2
    except (BadSetting, BadCatalog, BadPractice, BadUnits, InUse, chain.NoKey) as err:
        print(f"启动不了：{err}", file=sys.stderr)
        return 2


def _chinese(parser: argparse.ArgumentParser) -> None:
    parser._positionals.title, parser._optionals.title = "参数", "选项"
    parser.add_argument("-h", "--help", action="help", help="显示这份帮助")


def _serve(command: str, settings: Settings) -> int:
    catalog = catalogs.load(settings.catalog or None)
    if command == "run":
        from ingest import worker

        return worker.run(settings, catalog)
    from ingest.demo import replay

    return replay.run(settings, catalog)


def _mend(settings: Settings, args: argparse.Namespace) -> int:
    from brain.store import db
    from ingest import practice
    from ingest.watch.mend import mend

    if not settings.database:
        raise BadSetting("没有数据库地址：请设置 BRAIN_DATABASE_URL，或在 brain up 运行时用")
    with db.connect(settings.database, name="brain mend") as conn:
        done = mend(
            conn, catalogs.load(settings.catalog or None), practice.load(settings.catalog), datetime.now(UTC),
            feed=args.feed, rule=args.rule, dry=args.dry,
        )  # fmt: skip
    print(f"{'可重放' if args.dry else '已重放'} {done.replayed} 条，仍不能收 {done.still.total()} 条")
    for reason, n in done.still.most_common(10):
        print(f"  {n} 条：{reason}")
    return 0


def _feeds() -> int:
    departments = catalogs.load().departments
    for key, module in feeds.load().items():
        feed = module.FEED
        coding = "UTF-8 或 GBK" if feed.gbk else "UTF-8"
        print(f"{key}  {feed.title}，{departments[feed.org].name}")
        print(f"    {f'主题 {feed.topic}' if feed.topic else '不经消息服务'}，{coding}，时间不带时区按 {feed.zone}")
        for s in samples(key):
            brings = f"{len(s.records)} 条记录" if s.records else f"{len(s.readings)} 个读数"
            fate = f"拒收 {s.refused[0]}，余 {brings}" if s.refused else brings
            print(f"    · {s.says}（{fate}；样例 {s.name}.json）")
        print()
    return 0


def _decode(settings: Settings, feed: str, file: str, topic: str | None) -> int:
    catalog, local = catalogs.load(settings.catalog or None), units.load(settings.catalog)
    failed = 0
    from ingest import practice

    own, data = practice.load(settings.catalog), tools.read(file)
    for said in tools.decode(feeds.load()[feed], data, topic or feeds.topic(feed, "-"), catalog, local, practice=own):
        failed |= not said["ok"]
        print(json.dumps(said, ensure_ascii=False, default=str, allow_nan=False))
    return int(failed)


def _send(settings: Settings, args: argparse.Namespace) -> int:
    sent = tools.send(
        settings, feeds.load()[args.feed], args.file, print, to=args.to, topic=args.topic, every_s=args.every,
        door=args.door, secret=args.key,
    )  # fmt: skip
    print(f"共发出 {sent} 条")
    return 0


def _tap(settings: Settings, feed: str) -> int:
    if not settings.database:
        raise BadSetting("没有数据库地址：请设置 BRAIN_DATABASE_URL，或在 brain up 运行时用")
    with contextlib.suppress(KeyboardInterrupt):
        tools.tap(settings, feed, lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
