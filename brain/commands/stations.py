"""`brain station`: what people know of an instrument, entered from the command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime

from brain import catalog as catalogs
from brain.city import ZONE
from brain.flow.measured import instruments
from brain.identity.doing import at_the_console
from brain.model import Refused
from brain.settings import Settings
from brain.store import db


def arguments(verb: ArgumentParser) -> None:
    acts = verb.add_subparsers(dest="act", required=True, metavar="动作")
    one = acts.add_parser("list", help="列出检修窗口和校准")
    one.add_argument("station", nargs="?", help="测站编号；不写则全部")
    one = acts.add_parser("maintain", help="登记检修：期间的数据照存，标为“检修”，不参与判断，不报离线")
    one.add_argument("station", help="测站编号")
    one.add_argument("--from", dest="starts", help="开始时间，如 2026-11-25T09:00；默认现在（北京时间）")
    one.add_argument("--to", dest="ends", required=True, help="结束时间")
    one.add_argument("--why", required=True, help="原因")
    one = acts.add_parser("done", help="检修完毕：正在进行的检修到此为止，未开始的取消")
    one.add_argument("station", help="测站编号")
    one = acts.add_parser("calibrate", help="登记校准：真值 = 上报值 × 倍数 + 加数，按观测时间起止；已入库的一并改正")
    one.add_argument("station", help="测站编号")
    one.add_argument("kind", help="感知量，如 water_level")
    one.add_argument("--factor", type=float, default=1.0, help="倍数，默认 1")
    one.add_argument("--add", type=float, default=0.0, help="加数，默认 0，单位同感知量")
    one.add_argument("--from", dest="starts", required=True, help="从哪个观测时间起")
    one.add_argument("--to", dest="ends", help="到哪个观测时间止；不写则一直有效")
    one.add_argument("--why", required=True, help="依据，如比测记录编号")


def moment(text: str, what: str) -> datetime:
    """A moment as typed: ISO 8601, Beijing time where it has no offset. Raises Refused."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{what}“{text}”看不懂；请写成 2026-11-25T09:00", "time") from None
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def run(settings: Settings, args: Namespace, say: Callable[[str], None]) -> int:
    """One action of `brain station`; Refused names what is wrong."""
    now, by = datetime.now(UTC), at_the_console()
    with db.connect(settings.database_url, name="brain station") as conn:
        if args.act == "list":
            return _list(conn, args.station, now, say)
        starts = moment(args.starts, "开始时间") if getattr(args, "starts", None) else now
        ends = moment(args.ends, "结束时间") if getattr(args, "ends", None) else None
        if args.act == "maintain":
            instruments.maintain(conn, args.station, starts, ends or now, args.why, by, now)
            say(f"已登记 {args.station} 检修：{_span(starts, ends)}；期间的数据照存，不参与判断")
        elif args.act == "done":
            ended = instruments.end_maintenance(conn, args.station, by, now)
            say(f"{args.station} 检修结束（{ended} 个窗口）")
        else:
            number = instruments.calibrate(
                conn, catalogs.load(settings.catalog or None), args.station, args.kind, starts, ends, by, now,
                factor=args.factor, addend=args.add, why=args.why,
            )  # fmt: skip
            say(f"已登记第 {number} 号校准：{args.station} {args.kind} × {args.factor:g} {args.add:+g}，{_span(starts, ends)}")
            say("已入库的数据由引擎在两分钟内改正")
    return 0


def _list(conn, station: str | None, now: datetime, say: Callable[[str], None]) -> int:
    for row in db.many(conn, "maintenance_list", station=station, now=now):
        state = "进行中" if row["starts"] <= now < row["ends"] else "未开始" if row["starts"] > now else "已结束"
        say(f"检修 {row['station']} {row['name']}：{_span(row['starts'], row['ends'])}（{state}）{row['why']}，{row['by']}")
    for row in db.many(conn, "calibration_list", station=station):
        say(
            f"校准 {row['station']} {row['name']} {row['kind']} × {row['factor']:g} {row['addend']:+g}："
            f"{_span(row['starts'], row['ends'])}{'' if row['settled_at'] else '（历史数据待改正）'} {row['why']}，{row['by']}"
        )
    return 0


def _span(starts: datetime, ends: datetime | None) -> str:
    until = "一直有效" if ends is None else f"{ends.astimezone(ZONE):%Y-%m-%d %H:%M}"
    return f"{starts.astimezone(ZONE):%Y-%m-%d %H:%M} 至 {until}"
