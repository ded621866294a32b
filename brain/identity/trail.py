"""Reading the audit trail: by whom, what, which thing, from where, when; and as a table to carry away."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from brain.catalog import Words
from brain.identity.people import Person
from brain.identity.scope import may_open
from brain.model import Refused
from brain.store import db

MOST = 100_000  # lines of one export
TRICKS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HEADS = ("编号", "时间", "人员编号", "人员", "操作", "对象", "来源地址", "结果", "详情", "链号", "操作名称")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the trail is asked for; empty fields ask for everything. `action` is the beginning of a code, `actions` are
    whole ones; `before` is the id from which on older lines come."""

    who: str = ""
    action: str = ""
    actions: tuple[str, ...] = ()
    object: str = ""
    ip: str = ""
    refused: bool = False
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def reader(person: Person, roles: Mapping[Any, Any]) -> Person:
    """Lets those pass whose role may open the trail. Raises Refused 'role'."""
    if not may_open(person.role, "audit", roles):
        raise Refused("您的角色不能查看审计记录", "role")
    return person


def found(conn: psycopg.Connection, asked: Asked, limit: int) -> list[dict[str, Any]]:
    """Lines, newest first; `link` is the place in the chain, None while it waits for one."""
    return db.many(conn, "audit_found", limit=limit, **(asdict(asked) | {"actions": list(asked.actions)}))


def known_actions(words: Words) -> dict[str, str]:
    """Code → words of every action that is written, in the order of words.toml; `event` and `duty` stand there for the verbs of
    a case and the engine's duties."""
    families = {"event": ("event_", "verb"), "duty": ("", "duty")}
    found: dict[str, str] = {}
    for code, word in words.group("audit").items():
        if code in families:
            begins, group = families[code]
            found |= {begins + key: word.replace("{}", inner) for key, inner in words.group(group).items()}
        elif code != "other":
            found[code] = word
    return found


def called(words: Words, code: str) -> str:
    """The words of an action. What nobody foresaw (a verb that was none, a line of an older edition) is another action."""
    return known_actions(words).get(code) or words.of("audit", "other")


def told(words: Words, detail: Mapping[str, Any]) -> str:
    """A line's detail in words, as far as words.toml has them; what it does not name is shown as it stands."""
    names, within = words.group("audit_detail"), {"code": words.group("audit_code"), "via": words.group("audit_via")}

    def said(key: str, value: Any) -> str:
        return within.get(key, {}).get(value, value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return "；".join(f"{names.get(key, key)}：{said(key, value)}" for key, value in detail.items())


def standing(conn: psycopg.Connection) -> dict[str, Any]:
    """How far the chain has come: `links`, `waiting`, `oldest`, the time of the oldest line that waits, and `failing`, why the
    engine does not link one of the chains, None where it does."""
    return db.one(conn, "audit_standing") or {}


def as_csv(lines: Iterable[Mapping[str, Any]], hours: float, words: Words) -> bytes:
    """The lines as CSV for a spreadsheet (UTF-8 with mark), times `hours` ahead of UTC; an action by its code, and in the last
    column by its words. A cell that a spreadsheet would take for a
    formula gets an apostrophe in front: what stands in the trail was typed by strangers, too."""
    out = io.StringIO()
    table = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writerow(HEADS)
    names, other = known_actions(words), words.of("audit", "other")
    for one in lines:
        at = (one["at"] + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")
        detail = json.dumps(one["detail"], ensure_ascii=False) if one["detail"] else ""
        cells = (one["id"], at, one["actor_id"], one["actor"], one["action"], one["object"], one["ip"],
                 "准" if one["ok"] else "拒", detail, one["link"], names.get(one["action"], other))  # fmt: skip
        table.writerow(["" if cell is None else harmless(str(cell)) for cell in cells])
    return "\ufeff".encode() + out.getvalue().encode("utf-8", "replace")


def harmless(text: str) -> str:
    """The text so that no spreadsheet computes it."""
    return "'" + text if text.lstrip(" \u3000\u00a0").startswith(TRICKS) or text.startswith(TRICKS) else text
