"""The report as an editable document: `write(snapshot, path)`. Every number in it is one of the snapshot's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from brain.report import charts, readers, text
from brain.report.palette import HOT_SHOWN
from brain.report.paper import CENTRE, GREEN, HEI, RED, SMALL, SOFT, SONG, Paper

Shapes = Mapping[str, Mapping[str, Any]]
CHINESE = "一二三四五六七八九十"


def write(snapshot: Mapping[str, Any], target: str | Path | BinaryIO, shapes: Shapes | None = None) -> None:
    """Write the document to a path or a binary stream. `shapes` (`places.shapes`) draws the map; without it the table of
    dense grids stands alone."""
    data = document(snapshot, shapes)
    if isinstance(target, str | Path):
        Path(target).write_bytes(data)
    else:
        target.write(data)


def document(snapshot: Mapping[str, Any], shapes: Shapes | None = None) -> bytes:
    """The bytes of the .docx; the same snapshot gives the same bytes."""
    paper = Paper(f"{snapshot['title']}（{snapshot['label']}）")
    _head(paper, snapshot)
    parts = [conclusions, volume, units, frequent, late, themes, advice, notes]
    for number, part in enumerate(parts):
        part(paper, snapshot, CHINESE[number], shapes)
    return paper.save()


def standing(snapshot: Mapping[str, Any]) -> str:
    """ "第 1 版", "第 2 版（更正版）" or "草稿（未定稿）"."""
    if snapshot["version"] is None:
        return "草稿（未定稿）"
    return f"第 {snapshot['version']} 版" + ("（更正版）" if snapshot["version"] > 1 else "")


def lacking(snapshot: Mapping[str, Any]) -> str:
    """What is missing, for page one: whole themes by name, then those that lack some stations."""
    whole = [m["label"] for m in snapshot["missing"] if m["whole"]]
    says = [f"{'、'.join(whole)}本月没有数据"] if whole else []
    return "；".join(says + [m["says"] for m in snapshot["missing"] if not m["whole"]]) or "无"


def camera_rows(cameras: Mapping[str, Any]) -> list[list[str]]:
    """The table of online rates by organisation; none in a snapshot from before it was made."""
    return [
        [r["name"], f"{text.count(r['due'])} / {text.count(r['cameras'])}", r["share_text"], r["good_text"], text.count(r["outages"])]
        for r in cameras.get("orgs", ())
    ]


def _head(paper: Paper, s: Mapping[str, Any]) -> None:
    mark = [("　含模拟数据", {"colour": RED})] if s["simulated"]["n"] else []
    paper.paragraph(["内部资料", *mark], size=14, font=HEI, indent=False, line=20)
    paper.paragraph(
        s["title"], size=30, font=SONG, colour=RED, indent=False, align=CENTRE, line=40, before=2, after=4, level=0
    )
    paper.paragraph(f"{s['issue']}　　{s['issuer']}　　{standing(s)}", size=14, indent=False, align=CENTRE, line=22)
    paper.rule()
    says = f"统计时段：{s['windows']['this']['says']}；数据截至 {s['cut_text']}；数据版本 {s['data']['short']}。缺项：{lacking(s)}。"
    paper.note(says)
    if s["simulated"]["says"]:
        paper.note(s["simulated"]["says"] + "。")
    if s.get("restates"):
        paper.note(
            "本版更正："
            + "；".join(f"{r['label']}由 {r['before']} 改为 {r['after']} {r['unit']}" for r in s["restates"])
            + "。"
        )


def sentence(parts: list[Any]) -> list[Any]:
    """Parts of a conclusion as runs: numbers bold."""
    return [p if isinstance(p, str) else (p["b"], {"bold": True}) for p in parts]


def conclusions(paper: Paper, s: Mapping[str, Any], n: str, _: Shapes | None) -> None:
    paper.head(f"{n}、本月结论")
    for c in s["conclusions"]:
        paper.paragraph([f"{c['n']}. ", *sentence(c["parts"])], size=15, line=23.5)
    paper.paragraph("", indent=False, line=6)
    rows = {r["key"]: r for r in s["kpis"]}
    cells = [rows[k] for k in s["headlines"]]
    made = [[[(f"{r['text']}", {"size": 18, "bold": True}), (f" {r['unit']}", {"size": SMALL})] for r in cells]]
    made.append([f"环比 {r['mom']}" for r in cells])
    made.append([f"目标 {r['target']['text']} %" if r["target"] else f"同比 {r['yoy']}" for r in cells])
    paper.table([r["label"] for r in cells], made, [2.6] * len(cells), size=9)


def volume(paper: Paper, s: Mapping[str, Any], n: str, _: Shapes | None) -> None:
    paper.head(f"{n}、事件总量与闭环")
    paper.picture(charts.daily(s), "图 1　逐日上报件数（浅色为上月同日；标数字的为突增日）")
    rows = []
    for r in s["kpis"]:
        parts = (
            f"（{text.count(r['top'])}/{text.count(r['bottom'])}）"
            if r["unit"] == "%" and r["bottom"] is not None
            else ""
        )
        goal = (
            [("", {})]
            if not r["target"]
            else [(r["target"]["text"], {"colour": GREEN} if r["target"]["met"] else {"bold": True})]
        )
        rows.append([r["label"], f"{r['text']}{parts}", r["unit"], r["mom"], r["yoy"], goal])
    paper.table(
        ["指标", "本月（分子/分母）", "单位", "环比", "同比", "目标 %"],
        rows,
        [3.2, 3.9, 1.3, 2.7, 2.7, 1.8],
        right=(1,),
        size=9.5,
    )
    paper.note("目标栏绿色为达到，加粗为未达到；算式与归期规则见附注。")
    source = "、".join(f"{r['name']} {text.count(r['n'])} 件（{r['share_text']} %）" for r in s["sources"]["rows"])
    if source:
        paper.paragraph(f"来源构成：{source}。", size=15, line=25)


def units(paper: Paper, s: Mapping[str, Any], n: str, _: Shapes | None) -> None:
    paper.head(f"{n}、镇街与承办单位评价")
    target = next((r["target"] for r in s["kpis"] if r["key"] == "on_time_handle_rate"), None)
    goal = target["goal"] if target else None
    for number, (key, label) in enumerate((("towns", "镇街"), ("departments", "承办单位")), 1):
        table = s[key]
        paper.head(f"（{CHINESE[number - 1]}）{label}", second=True)
        rows = [_unit(r) for r in table["rows"]]
        rows.append(["合计", *_sums(table["total"]), "", "", "", "", ""])
        heads = [label, "立案", "应处置", "超期", "按期处置率 %（95 % 区间）", "返工率 %", "退件率 %", "评分", "位次"]
        paper.table(heads, rows, [2.5, 1.1, 1.3, 1.1, 3.6, 1.4, 1.4, 1.2, 2.0], right=range(1, 8), total=True, size=9.5)
        if any(r["rank"] for r in table["rows"]):
            paper.picture(charts.intervals(s, key, goal), f"图 {number + 1}　{label}按期处置率及 95 % 区间")
    paper.note(
        f"位次按按期处置率的 95 % 区间排定，区间重叠的并列；应处置不足 {s['towns']['least']} 件的不参与排名。"
        "评分按评分卡计算，缺的指标不计、其余按比例折算到 100 分。"
    )


def _unit(r: Mapping[str, Any]) -> list[Any]:
    rate = [r["on_time_text"], (f"（{r['interval_text']}）", {"colour": SOFT})] if r["rank"] else text.DASH
    late = r["handled_late"] + r["overdue_unhandled"]
    return [
        r["name"], text.count(r["registered"]), text.count(r["handle_due"]), text.count(late), rate, r["rework_text"],
        r["return_text"], r["score_text"], r["rank_text"],
    ]  # fmt: skip


def _sums(total: Mapping[str, Any]) -> list[str]:
    late = total["handled_late"] + total["overdue_unhandled"]
    return [text.count(total["registered"]), text.count(total["handle_due"]), text.count(late)]


def frequent(paper: Paper, s: Mapping[str, Any], n: str, shapes: Shapes | None) -> None:
    paper.head(f"{n}、高发事项与高发区域")
    paper.head("（一）高发事项前十", second=True)
    if s["categories"]["rows"]:
        paper.picture(charts.categories(s), "图 4　高发事项（立案件数、占比，绿线为上月件数）")
    rows = [
        [r["name"] + ("（新进）" if r["fresh"] else ""), text.count(r["n"]), r["share_text"], r["mom"], r["yoy"]]
        for r in s["categories"]["rows"]
    ]
    rows.append(["合计", text.count(s["categories"]["total"]), "", "", ""])
    paper.table(
        ["事项", "立案 件", "占比 %", "环比", "同比"], rows, [5.4, 2.0, 2.0, 3.1, 3.1], right=(1, 2), total=True
    )
    paper.head("（二）重复点位", second=True)
    rows = [
        [
            str(k),
            f"{r['place']}　{r['name']}",
            text.count(r["times"]),
            text.stamp(_at(r["first"])),
            text.stamp(_at(r["last"])),
            r["unit"],
        ]
        for k, r in enumerate(s["repeats"]["rows"][:15], 1)
    ]
    if rows:
        paper.table(
            ["序", "地点与事项", "次数", "首次", "末次", "主办"], rows, [0.9, 6.6, 1.3, 2.3, 2.3, 2.2], right=(2,)
        )
        paper.note(readers.says_repeats(s, len(rows)))
    else:
        paper.paragraph(readers.says_repeats(s, 0))
    paper.head("（三）高发网格", second=True)
    if shapes:
        paper.picture(charts.hot_map(s, shapes), "图 5　综合网格上报密度（网格为示意划分，编号同下表）")
    rows = [
        [str(k), f"{r['town'] or ''}　{r['name']}", text.count(r["n"]), text.fixed(r["per_km2"])]
        for k, r in enumerate(s["hot"]["hot"][:HOT_SHOWN], 1)
    ]
    if rows:
        paper.table(["序", "综合网格", "上报 件", "件／平方公里"], rows, [0.9, 8.7, 2.8, 3.2], right=(2, 3))


def _at(stamp: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(stamp)


def late(paper: Paper, s: Mapping[str, Any], n: str, _: Shapes | None) -> None:
    paper.head(f"{n}、超期清单")
    o = s["overdue"]
    paper.paragraph(
        f"本月超期 {text.count(o['total'])} 件，其中到期末未反馈 {text.count(o['open'])} 件；"
        f"连同以往月份，期末仍超期未处置 {text.count(o['backlog'])} 件。"
    )
    if o["of"]:
        paper.picture(charts.lateness(s), "图 6　超期时长")
        rows = [
            [r["id"], r["title"], r["unit"], r["due"], "未反馈" if r["open"] else r["answered"], r["late_text"]]
            for r in o["rows"]
        ]
        if rows:
            paper.table(["案卷编号", "事项", "承办", "期限", "反馈", "超期"], rows, [3.5, 3.7, 1.7, 2.2, 2.2, 2.3], size=9)
        paper.note(readers.says_overdue(s))


def themes(paper: Paper, s: Mapping[str, Any], n: str, _: Shapes | None) -> None:
    paper.head(f"{n}、分类专题")
    found = s["themes"]
    if not found:
        paper.paragraph(f"感知数据缺：{lacking(s)}。")
    if water := found.get("water"):
        paper.head("水质断面", second=True)
        rows = [
            [
                r["name"],
                r["class_text"],
                r["last_text"],
                r["target_text"],
                "—" if r["met"] is None else "达标" if r["met"] else "未达标",
                "、".join(r["worst"]),
            ]
            for r in water["sections"]
        ]
        paper.table(["断面", "月均类别", "上月", "目标", "评价", "定类指标"], rows, [4.0, 2.2, 2.0, 2.0, 2.0, 3.4])
        rows = [
            [r["name"], r["high_text"], r["warn_text"], "—" if r["over"] is None else "超警" if r["over"] else "未超"]
            for r in water["levels"]
        ]
        if rows:
            paper.table(["水位站", "月最高水位", "警戒水位", "评价"], rows, [5.4, 3.6, 3.6, 3.0], right=(1, 2))
    if rain := found.get("rain"):
        paper.head("雨情", second=True)
        rows = [[r["name"], r["total_text"], r["max_1h_text"], r["max_24h_text"]] for r in rain["gauges"]]
        paper.table(
            ["雨量站", "月雨量 mm", "最大 1 小时 mm", "最大 24 小时 mm"], rows, [5.4, 3.2, 3.4, 3.6], right=(1, 2, 3)
        )
        if rain["without_total"]:
            paper.note("回放速度高于实时的站不计月雨量（“—”）。")
    if air := found.get("air"):
        paper.head("环境空气（参考、未审核）", second=True)
        words = "、".join(f"{r['word']} {r['days']} 天" for r in air["levels"])
        paper.paragraph(
            f"有效 {air['valid']} 天，优良 {air['good']} 天，优良率 {air['share_text']} %（{air['mom']}）。{words}{'。' if words else ''}"
        )
    if cameras := found.get("cameras"):
        paper.head("视频", second=True)
        paper.paragraph(
            f"视频在线率 {cameras['share_text']} %（{cameras['mom']}），目标 {cameras['target_text']} %。"
            + (f"{cameras['definition']}。" if "definition" in cameras else "")
        )
        if rows := camera_rows(cameras):
            paper.table(["单位", "有记录 / 路数", "在线率 %", "完好率 %", "中断 次"], rows, [5.6, 2.4, 2.6, 2.6, 2.4], right=(1, 2, 3, 4))
    if drainage := found.get("drainage"):
        paper.head("排水内涝", second=True)
        rows = [[r["name"], text.count(r["n"]), r["peak_text"], r["depth_text"]] for r in drainage["places"]]
        if rows:
            paper.table(["积水点", "告警 次", "最高级别", "最大水深"], rows, [6.6, 3.0, 3.0, 3.0], right=(1,))
        else:
            paper.paragraph("本月没有积水告警。")
    if fire := found.get("fire"):
        paper.head("森林防火", second=True)
        paper.paragraph(
            f"卫星热点 {text.count(fire['hotspots'])} 次，涉及 {text.count(fire['cells'])} 个监测格，最强 {fire['strongest_text']}。"
        )
    if s["alerts"]["rows"]:
        paper.head("预警与处置", second=True)
        rows = [
            [r["label"], r["level_text"], text.count(r["n"]), text.count(r["events"]), r["ack_text"], r["stood_text"]]
            for r in s["alerts"]["rows"]
        ]
        paper.table(
            ["主题", "级别", "告警 次", "转案卷", "确认（中位）", "持续（中位）"],
            rows,
            [3.0, 2.0, 2.2, 2.2, 3.1, 3.1],
            right=(2, 3),
        )


def advice(paper: Paper, s: Mapping[str, Any], n: str, _: Shapes | None) -> None:
    paper.head(f"{n}、研判、建议与下月关注")
    f = s["follow_up"]
    if f["listed"]:
        paper.paragraph(f"上月列出重复点位 {f['listed']} 处：本月再次发生 {f['again']} 处，未再发生 {f['quiet']} 处。")
    for a in s["advice"]:
        paper.paragraph(f"{a['n']}. {a['text']}。（{a['basis']}；{a['who'] or '值班长'}）", size=15, line=25)
    o = s["outlook"]
    words = [o["says"]] if o.get("says") else []
    if o["holidays"]:
        words.append(f"节假日：{'、'.join(o['holidays'])}")
    if words:
        paper.paragraph(f"下月（{o['label']}）关注：{'；'.join(words)}。")


def notes(paper: Paper, s: Mapping[str, Any], n: str, _: Shapes | None) -> None:
    paper.head("附注")
    for k, words in enumerate(s["notes"], 1):
        paper.paragraph(f"{k}. {words}", size=12, line=20, indent=False)
    periods = list(dict.fromkeys(r["period_rule"] for r in s["kpis"]))
    rows = [[r["label"], r["rule"], "甲乙丙丁"[periods.index(r["period_rule"])], r["statement"]] for r in s["kpis"]]
    paper.table(["指标", "算式", "归期", "查询"], rows, [3.2, 8.2, 1.2, 3.0], size=9)
    paper.note("归期：" + "；".join(f"{'甲乙丙丁'[n]} {words}" for n, words in enumerate(periods)) + "。")
    window, data = s["windows"]["this"], s["data"]
    cut = (
        f"统计窗口：{window['since']} 至 {window['until']}；案卷 {text.count(data['cases'])} 件、"
        f"流水 {text.count(data['lines'])} 行；数据摘要 {data['digest']}。"
    )
    paper.paragraph(cut, size=SMALL, colour=SOFT, indent=False, line=16, before=6)
