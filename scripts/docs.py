"""Write the pages of docs/ that are made from the code: settings, life cycle, data sources.

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


PAGES = {"settings.md": settings_page, "lifecycle.md": lifecycle_page, "data.md": data_page}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (TOP / "docs" / name).write_text(make(), encoding="utf-8")
        print(f"docs/{name}")
