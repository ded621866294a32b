"""Write the pages of docs/ that are made from the code: settings, life cycle, data sources, how to send.

`python scripts/docs.py` writes them; `tests/house/test_docs.py` fails when one is not what the code says.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

TOP = Path(__file__).parents[1]
sys.path.insert(0, str(TOP))


def settings_page() -> str:
    from brain.settings import Settings, env_name

    head = """# 设置 · Settings

顺序：环境变量，其次 `BRAIN_SETTINGS` 指向的文件（每行 `名称=值`），再其次默认值。任何名称加 `_FILE` 表示值在该文件里（容器密钥）。
拼错的 `BRAIN_` 名称会被拒绝，不会被悄悄忽略。

Order: environment, then the file named by `BRAIN_SETTINGS`, then the default. A name with `_FILE` appended gives a file
that holds the value. A misspelt name is refused.

| 名称 | 默认 | 含义 | Meaning |
|---|---|---|---|
"""
    rows = []
    for f in fields(Settings):
        words = f.metadata["words"] + ("（机密）" if f.metadata["secret"] else "")
        rows.append(f"| `{env_name(f.name)}` | `{f.default}` | {words} | {f.metadata['says']} |")
    return head + "\n".join(rows) + "\n"


def lifecycle_page() -> str:
    from brain import catalog
    from brain.rules import lifecycle

    of = catalog.load().words.of
    return (
        "# 办件状态图 · Life cycle of an event\n\n"
        "由 `brain/rules/lifecycle.py` 的一张表生成：按钮、守卫、接口都来自同一张表。\n\n"
        f"```mermaid\n{lifecycle.mermaid(of).strip()}\n```\n\n{lifecycle.table(of).strip()}\n"
    )


def data_page() -> str:
    from brain.cities.meijiang import sources

    head = (
        "# 关于数据 · About the data\n\n平台的“关于数据”页面与本页出自同一张表（`brain.cities.meijiang.sources()`）。\n\n"
        "| 内容 | 性质 | 来源 | 许可 | 说明 |\n|---|---|---|---|---|\n"
    )
    keys = ("what", "truth", "source", "licence", "caveat")
    return head + "\n".join("| " + " | ".join(str(row[k]) for k in keys) + " |" for row in sources()) + "\n"


def intake_page() -> str:
    from brain import catalog as catalogs
    from brain.catalog.guide_records import FILLED, filled, kind_words

    catalog = catalogs.load()
    guide, known = catalog.guide, PLACES | {name: f"〈BRAIN_{name.upper()}〉" for name in FILLED if name not in PLACES}
    out = [
        "# 怎样接入 · How to send data\n\n平台的“怎样接入”页面与本页出自同一份声明（`brain/catalog/guide.toml`）；"
        "每个例子都由 `tests/feeds/test_guide.py` 按接入程序跑过。\n"
        "Made from `brain/catalog/guide.toml`, like the page `/guide`; `tests/feeds/test_guide.py` runs every example.\n\n"
        f"{guide.intro}\n",
        _grid(("门", "给谁用"), [(f"[{d.title}](#{d.key})", d.whom) for d in guide.doors.values()]),
    ]
    for door in guide.doors.values():
        out.append(f'<a id="{door.key}"></a>\n\n## {door.title}\n\n{door.whom}\n')
        for title, rows in (("怎么连", door.how), ("收到什么应答", door.answers), ("写错了怎么办", door.wrong)):
            out.append(f"**{title}**\n\n" + _grid(("", ""), [(what, filled(words, known)) for what, words in rows]))
        if door.tables:
            out.append("**认得的写法**：" + "、".join(f"[{t.title}](#t-{t.key})" for t in door.tables) + "\n")
        if door.turns_late:
            out.append(f"{guide.past}\n")
        for one in door.examples:
            topic = filled(one.topic, known | ({"org": one.owner} if one.owner else {}))
            out.append(_example(one, catalog, topic, kind_words))
    out.append("# 认得的写法\n")
    for table in {t.key: t for d in guide.doors.values() for t in d.tables}.values():
        note = f"\n{table.note}\n" if table.note else ""
        out.append(f'<a id="t-{table.key}"></a>\n\n**{table.title}**\n\n' + _grid(table.head, table.rows) + note)
    return "\n".join(out)


PLACES = {"org": "〈单位代码〉", "district": "441402", "host": "〈平台地址〉"}


def _example(one, catalog, topic: str, kind_words) -> str:
    lines = [f"### {one.fate}：{one.title.removeprefix(one.fate + '：')}\n"]
    if one.owner:
        lines.append(f"测站是{catalog.departments[one.owner].short}的；您发的时候换成自己的。\n")
    if topic:
        lines.append(f"主题 `{topic}`\n")
    for text in (one.beside, one.body):
        if text:
            lines.append("```text\n" + text.strip("\n") + "\n```\n")
    if one.readings:
        rows = []
        for r in one.readings:
            label, key = kind_words(r.kind, catalog.kinds)
            unit = r.unit or (catalog.kinds[key].unit if key in catalog.kinds else "")
            rows.append((f"`{r.station}`", f"{label} `{key}`", f"{r.value:g} {unit}".strip(), r.at, catalog.words.of("quality", r.quality)))
        lines.append(_grid(("测站", "感知量", "值", "时间", "质量"), rows))
    if one.records:
        lines.append(_grid(("", ""), [(label, value) for label, _, value in one.records]))
    lines += [f"> 拒收：{reason}\n" for reason in one.refused]
    if one.tells:
        lines.append(f"应答：{one.tells}\n")
    if one.answer:
        lines.append("```text\n" + one.answer.strip("\n") + "\n```\n")
    if one.note:
        lines.append(f"{one.note}\n")
    return "\n".join(lines)


def _grid(head, rows) -> str:
    told = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(c).replace("|", "\\|") for c in row) + " |" for row in told) + "\n"


PAGES = {"settings.md": settings_page, "lifecycle.md": lifecycle_page, "data.md": data_page, "intake.md": intake_page}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (TOP / "docs" / name).write_text(make(), encoding="utf-8")
        print(f"docs/{name}")
