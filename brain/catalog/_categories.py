"""categories.toml: components, matters, local extensions, and the old codes."""

from __future__ import annotations

import re
from typing import Any

from brain.catalog._toml import Entry, parse_limit
from brain.catalog._words import FIELDS
from brain.catalog.records import BadCatalog, Category, Department, OldCodes, Words
from brain.model import Limit

LOCAL_REF = "本地扩展"
Cases = tuple[tuple[str, Limit], ...]


def _cases(given: Any, where: str) -> Cases:
    if not isinstance(given, list) or not given:
        raise BadCatalog(f'{where}：应写成 [["情形", "2u"], …]，至少一条')
    found = []
    for pair in given:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise BadCatalog(f'{where}：{pair!r} 应写成 ["情形", "2u"]')
        found.append((pair[0], parse_limit(pair[1], where)))
    if len({text for text, _ in found}) != len(found):
        raise BadCatalog(f"{where}：情形有重复，请合并")
    return tuple(found)


def categories(top: Entry, orgs: dict[str, Department], words: Words) -> tuple[dict[str, Category], OldCodes]:
    standard_ref = top.take("standard_ref", str)
    default = top.limit("default_limit")
    default_field = top.one_of("default_field", FIELDS)
    sets = {
        name: _cases(given, f"categories.toml 的 cases.{name}") for name, given in top.table("cases").items().items()
    }
    groups: dict[tuple[str, str], tuple[str, str]] = {}
    group_table = top.table("group")
    for kind in ("component", "matter"):
        for code, entry in group_table.entries(kind).items():
            groups[kind, code] = (entry.take("name", str), entry.one_of("org", orgs))
            entry.done()
    group_table.done()

    found: dict[str, Category] = {}
    for kind in ("component", "matter"):
        for code, entry in top.entries(kind).items():
            if not re.fullmatch(r"\d{5}", code):
                raise BadCatalog(f"categories.toml 的 {kind}.{code}：编码应是 5 位数字（大类 2 位 + 小类 3 位）")
            if (kind, code[:2]) not in groups:
                raise BadCatalog(f"categories.toml 的 {kind}.{code}：没有大类 {code[:2]}，请先在 [group.{kind}] 登记")
            found[f"{kind}:{code}"] = _category(
                entry, kind, code, groups[kind, code[:2]], found, sets, standard_ref, default, default_field, orgs
            )
    old = _old(top.table("old"), found)
    top.done()
    return found, old


def _category(
    entry: Entry,
    kind: str,
    code: str,
    group: tuple[str, str],
    found: dict[str, Category],
    sets: dict[str, Cases],
    standard_ref: str,
    default: Limit,
    default_field: str,
    orgs: dict[str, Department],
) -> Category:
    like = None
    if entry.has("like"):
        like = found.get(entry.take("like", str))
        if like is None:
            raise entry.wrong("like", "所指条目不存在或写在后面；先写被沿用的条目")
    conditions: Cases = like.conditions if like else ()
    if entry.has("cases"):
        if entry.is_text("cases"):
            conditions = sets[entry.one_of("cases", sets)]
        else:
            conditions = _cases(entry.take("cases", list), entry.where("cases"))
    limit = entry.limit("limit", None)
    inherited = like is not None and not entry.has("cases") and limit is None
    if limit is None:
        limit = like.limit if inherited and like else conditions[0][1] if conditions else default
    local = entry.take("local", bool, False)
    if local != (int(code[2:]) >= 900):
        raise entry.wrong("local", "本地扩展的小类从 900 起编（如 10901），国家编码不得标为本地")
    category = Category(
        key=f"{kind}:{code}",
        kind=kind,
        code=code,
        name=entry.take("name", str),
        group=group[0],
        standard_ref=LOCAL_REF if local else standard_ref,
        org=entry.one_of("org", orgs, like.org if like else group[1]),
        limit=limit,
        limit_is_default=like.limit_is_default if inherited and like else limit is default and not conditions,
        conditions=conditions,
        field=entry.one_of("field", FIELDS, like.field if like else default_field),
        local=local,
    )
    entry.done()
    return category


def _old(table: Entry, found: dict[str, Category]) -> OldCodes:
    shift: dict[tuple[str, str], str] = {}
    moved: dict[tuple[str, str], str] = {}
    ref = table.take("standard_ref", str)
    for name, target in (("shift", shift), ("moved", moved)):
        part = table.table(name)
        for kind in ("component", "matter"):
            for code, new in part.table(kind, {}).items().items():
                if name == "moved" and new not in found:
                    raise part.wrong(f"{kind}.{code}", f"没有类别“{new}”，请改成已有的类别")
                target[kind, code] = str(new)
        part.done()
    gone = table.table("dropped")
    dropped = frozenset((kind, code) for kind in ("component", "matter") for code in gone.texts(kind, []))
    gone.done()
    table.done()
    return OldCodes(ref, shift, moved, dropped, frozenset(found))
