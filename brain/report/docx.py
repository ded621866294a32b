"""The report as an editable document: `write(snapshot, path)`. Every number in it is one of the snapshot's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from brain import rowwise
from brain.report import charts, tables, text, theme_tables
from brain.report.cells import Table
from brain.report.paper import CENTRE, HEI, RED, SMALL, SOFT, SONG, Paper

Outlines = Mapping[str, Mapping[str, Any]]
CHINESE = "一二三四五六七八九十"


def write(snapshot: Mapping[str, Any], target: str | Path | BinaryIO, outlines: Outlines | None = None) -> None:
    """Write the document to a path or a binary stream. `outlines` (`places.outlines`) draws the map; without it the table of
    dense grids stands alone."""
    data = document(snapshot, outlines)
    if isinstance(target, str | Path):
        Path(target).write_bytes(data)
    else:
        target.write(data)


def document(snapshot: Mapping[str, Any], outlines: Outlines | None = None) -> bytes:
    """The bytes of the .docx; the same snapshot gives the same bytes."""
    paper = Paper(f"{snapshot['title']}（{snapshot['label']}）")
    _head(paper, snapshot)
    parts = [conclusions, volume, units, frequent, late, themes, advice, notes]
    for number, part in enumerate(parts):
        lost = f"{CHINESE[number]}、本节{rowwise.LOST}，请联系维护人员。"
        write = partial(part, paper, snapshot, CHINESE[number], outlines)
        if said := rowwise.whole(write, f"月报文档 {part.__name__}", lost):
            paper.paragraph(said)
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


def conclusions(paper: Paper, s: Mapping[str, Any], n: str, _: Outlines | None) -> None:
    paper.head(f"{n}、本月结论")
    for c in s["conclusions"]:
        paper.paragraph([f"{c['n']}. ", *sentence(c["parts"])], size=15, line=23.5)
    paper.paragraph("", indent=False, line=6)
    rows = {r["key"]: r for r in s["kpis"]}
    cells = [rows[k] for k in s["headlines"]]
    made: list[list[Any]] = [[[(f"{r['text']}", {"size": 18, "bold": True}), (f" {r['unit']}", {"size": SMALL})] for r in cells]]
    made.append([f"环比 {r['mom']}" for r in cells])
    made.append([f"目标 {r['target']['text']} %" if r["target"] else f"同比 {r['yoy']}" for r in cells])
    paper.table([r["label"] for r in cells], made, [2.6] * len(cells), size=9)


def volume(paper: Paper, s: Mapping[str, Any], n: str, _: Outlines | None) -> None:
    paper.head(f"{n}、事件总量与闭环")
    paper.picture(charts.daily(s), "图 1　逐日上报件数（浅色为上月同日；标数字的为突增日）")
    paper.print(tables.kpis(s))
    source = "、".join(f"{r['name']} {text.count(r['n'])} 件（{r['share_text']} %）" for r in s["sources"]["rows"])
    if source:
        paper.paragraph(f"来源构成：{source}。", size=15, line=25)


def units(paper: Paper, s: Mapping[str, Any], n: str, _: Outlines | None) -> None:
    paper.head(f"{n}、镇街与承办单位评价")
    goal = tables.goal_of(s)
    for number, (key, label) in enumerate(tables.UNITS.items(), 1):
        paper.head(f"（{CHINESE[number - 1]}）{label}", second=True)
        declared = tables.units(s, key)
        paper.print(declared, note=False)
        if any(r["rank"] for r in s[key]["rows"]):
            paper.picture(charts.intervals(s, key, goal), f"图 {number + 1}　{label}按期处置率及 95 % 区间")
    paper.note(declared.note)


def frequent(paper: Paper, s: Mapping[str, Any], n: str, outlines: Outlines | None) -> None:
    paper.head(f"{n}、高发事项与高发区域")
    paper.head("（一）高发事项前十", second=True)
    if s["categories"]["rows"]:
        paper.picture(charts.categories(s), "图 4　高发事项（立案件数、占比，绿线为上月件数）")
    paper.print(tables.categories(s))
    paper.head("（二）重复点位", second=True)
    paper.print(tables.repeats(s))
    paper.head("（三）高发网格", second=True)
    if outlines:
        paper.picture(charts.hot_map(s, outlines), "图 5　综合网格上报密度（网格为示意划分，编号同下表）")
    paper.print(tables.hot(s))


def late(paper: Paper, s: Mapping[str, Any], n: str, _: Outlines | None) -> None:
    paper.head(f"{n}、超期清单")
    o = s["overdue"]
    paper.paragraph(
        f"本月超期 {text.count(o['total'])} 件，其中到期末未反馈 {text.count(o['open'])} 件；"
        f"连同以往月份，期末仍超期未处置 {text.count(o['backlog'])} 件。"
    )
    if o["of"]:
        paper.picture(charts.lateness(s), "图 6　超期时长")
        paper.print(tables.late(s))


def themes(paper: Paper, s: Mapping[str, Any], n: str, _: Outlines | None) -> None:
    paper.head(f"{n}、分类专题")
    if not s["themes"]:
        paper.paragraph(f"感知数据缺：{lacking(s)}。")
    for _key, found in theme_tables.themes_of(s):
        paper.head(found["label"], second=True)
        for block in theme_tables.blocks(found):
            if isinstance(block, Table):
                paper.print(block)
            elif block.small:
                paper.note(block.text)
            else:
                paper.paragraph(block.text)
    if s["alerts"]["rows"]:
        paper.head("预警与处置", second=True)
        paper.print(tables.alerts(s))


def advice(paper: Paper, s: Mapping[str, Any], n: str, _: Outlines | None) -> None:
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


def notes(paper: Paper, s: Mapping[str, Any], n: str, _: Outlines | None) -> None:
    paper.head("附注")
    for k, words in enumerate(s["notes"], 1):
        paper.paragraph(f"{k}. {words}", size=12, line=20, indent=False)
    paper.print(tables.rules(s))
    window, data = s["windows"]["this"], s["data"]
    cut = (
        f"统计窗口：{window['since']} 至 {window['until']}；案卷 {text.count(data['cases'])} 件、"
        f"流水 {text.count(data['lines'])} 行；数据摘要 {data['digest']}。"
    )
    paper.paragraph(cut, size=SMALL, colour=SOFT, indent=False, line=16, before=6)
