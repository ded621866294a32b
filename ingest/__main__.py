"""`python -m ingest`: the doors and the demo's senders, each a process of its own."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from brain import catalog as catalogs
from brain.catalog.shapes import BadCatalog
from brain.model import Reading
from brain.settings import BadSetting, Settings, read
from ingest import feeds
from ingest.feeds._sample import samples
from ingest.feeds._wire import BEIJING
from ingest.practice import BadPractice
from ingest.spill import InUse

HELP = """接入：把各部门的数据收进城市大脑。

  python -m ingest run                     接收：消息服务 → 校验 → 入库（入库后才确认）
  python -m ingest replay                  回放：实测序列和模拟设备经消息服务发出（演示用）
  python -m ingest feeds                   列出所有接入：主题、部门、格式
  python -m ingest decode rain 报文.json    试读报文，每条打印一行 JSON；文件写 - 则从标准输入读
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
    decode = command("decode", "试读报文，不入库；读不了时说明原因，退出码 1")
    decode.add_argument("feed", choices=sorted(feeds.load()), metavar="接入", help="、".join(sorted(feeds.load())))
    decode.add_argument("file", metavar="文件", help="报文文件；- 为标准输入")
    decode.add_argument("--topic", help="报文的主题；不写则测站以报文里的为准（卫星热点写 hotspots 结尾的主题）")
    decode.add_argument("--lines", action="store_true", help="文件里每行是一条报文")
    mend = command("mend", "死信重放：能收的入库并标为已重放，仍不能收的原样留着并说明原因")
    mend.add_argument("--feed", choices=sorted(feeds.load()), metavar="接入", help="只重放这个接入的死信")
    mend.add_argument("--rule", metavar="规则", help="只重放因这条规则被拒的死信，如 station、range、kind、decode")
    mend.add_argument("--dry", action="store_true", help="只看看能重放多少，不写库")
    args = parser.parse_args(argv)
    if args.command == "feeds":
        return _feeds()
    if args.command == "decode":
        return _decode(args.feed, args.file, args.topic or feeds.topic(args.feed, "-"), args.lines)
    try:
        settings = read()
        logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
        return _mend(settings, args) if args.command == "mend" else _serve(args.command, settings)
    except (BadSetting, BadCatalog, BadPractice, InUse) as err:
        print(f"启动不了：{err}", file=sys.stderr)
        return 2


def _chinese(parser: argparse.ArgumentParser) -> None:
    parser._positionals.title, parser._optionals.title = "参数", "选项"
    parser.add_argument("-h", "--help", action="help", help="显示这份帮助")


def _serve(command: str, settings: Settings) -> int:
    catalog = catalogs.load(settings.catalog or None)
    if command == "run":
        from ingest import doors

        return doors.run(settings, catalog)
    from ingest import replay

    return replay.run(settings, catalog)


def _mend(settings: Settings, args: argparse.Namespace) -> int:
    from brain.store import db
    from ingest import practice
    from ingest.mend import mend

    if not settings.database_url:
        raise BadSetting("没有数据库地址：请设置 BRAIN_DATABASE_URL")
    with db.connect(settings.database_url, name="brain mend") as conn:
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
        print(f"    主题 {feed.topic}，{coding}，时间不带时区按 {feed.zone}")
        for s in samples(key):
            brings = f"{len(s.records)} 条记录" if s.records else f"{len(s.readings)} 个读数"
            fate = f"拒收 {s.refused[0]}，余 {brings}" if s.refused else brings
            print(f"    · {s.says}（{fate}；样例 {s.name}.json）")
        print()
    return 0


def _decode(feed: str, file: str, topic: str, lines: bool) -> int:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as err:
        print(f"文件 {file} 读不了：{err.strerror}", file=sys.stderr)
        return 2
    failed = 0
    for payload in data.splitlines() if lines else [data]:
        try:
            found, refused = feeds.reader(feed, topic)(topic, payload, datetime.now(UTC)), None
        except feeds.BadMessage as err:
            found, refused = err.rest, err
        records = [asdict(r) for r in found if isinstance(r, feeds.RECORDS)]
        said: dict[str, object] = {"records": records} if records else {"readings": [_said(r) for r in found]}
        if refused:
            failed = 1
            said["refused"] = {"rule": refused.rule, "reason": refused.reason}
        print(json.dumps(said, ensure_ascii=False, default=str))
    return failed


def _said(r: Reading) -> dict[str, object]:
    """A reading as a line of JSON shows it, in Beijing time."""
    at = r.at.astimezone(BEIJING).isoformat()
    shown = {"station": r.station, "kind": r.kind, "value": r.value, "at": at, "quality": str(r.quality)}
    return shown | ({"seq": r.seq} if r.seq else {})


if __name__ == "__main__":
    sys.exit(main())
