"""forms.toml: how the form of a verb is asked, and in which order buttons stand."""

from __future__ import annotations

from typing import Any

from brain.catalog._toml import Entry, near
from brain.rules import forms
from brain.rules.forms import Wording

LABELS = (
    "reason", "note", "remark", "org", "handler_id", "condition", "case", "photos", "place", "passed", "response", "solved",
    "satisfied", "until", "override", "nobody", "usual_case", "part",
    "category", "title", "description", "address",
)  # fmt: skip
TEXTS = ("label", "hint", "yes", "yes_hint", "no", "no_hint")
FLAGS = ("wanted", "ask", "optional")
SIZES = ("most",)
MAY_ADD = ("photos", "title")
"""What a city may let people hand in beside what the rules ask."""


def wording(top: Entry) -> Wording:
    text, suspend, rating, label, order = (top.table(name) for name in ("text", "suspend", "rating", "label", "order"))
    days = suspend.take("days", list)
    if not days or not all(isinstance(d, int) and d > 0 for d in days):
        raise suspend.wrong("days", "应是一列正整数（天），例如 [7, 30, 90]")
    satisfied = rating.texts("satisfied")
    if len(satisfied) != 5:
        raise rating.wrong("satisfied", f"要写 5 个词，从最满意到最不满意，现在是 {len(satisfied)} 个")
    orders = {name: _verbs(order, name) for name in ("wall", "wall_lead", "phone", "phone_next")}
    for part, whole in (("wall_lead", "wall"), ("phone_next", "phone")):
        if odd := set(orders[part]) - set(orders[whole]):
            raise order.wrong(part, f"{'、'.join(sorted(odd))}不在 {whole} 里，请先列入")
    for verb in orders["phone"]:
        if odd := forms.kinds_needed(verb) - forms.ON_PHONE:
            raise order.wrong("phone", f"{verb} 要填的（{'、'.join(sorted(odd))}）手机上填不了，请去掉，在坐席办理")
    beside = {k: _known(order, "phone_beside", v) for k, v in order.table("phone_beside").items().items()}
    made = Wording(
        labels={key: label.take(key, str) for key in LABELS}, verbs=_own(top.table("verb")),
        least=text.take("least", int), most=text.take("most", int), suspend_days=tuple(days),
        suspend_usual=suspend.take("usual", int), yes=rating.take("yes", str), no=rating.take("no", str), satisfied=satisfied,
        wall=orders["wall"], wall_lead=frozenset(orders["wall_lead"]), phone=orders["phone"], phone_next=orders["phone_next"],
        phone_beside=beside,
    )  # fmt: skip
    if made.suspend_usual not in made.suspend_days:
        raise suspend.wrong("usual", "不在 days 里，请从中选一个")
    for table in (text, suspend, rating, label, order, top):
        table.done()
    return made


def _known(table: Entry, name: str, verb: Any) -> str:
    if verb not in forms.VERBS:
        raise table.wrong(name, f"没有动作“{verb}”{near(str(verb), forms.VERBS)}")
    return verb


def _verbs(table: Entry, name: str) -> tuple[str, ...]:
    listed = table.texts(name)
    for verb in listed:
        _known(table, name, verb)
    if len(set(listed)) != len(listed):
        raise table.wrong(name, "同一个动作列了两次，请删去一个")
    return listed


def _own(table: Entry) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for verb in table.names():
        _known(table, verb, verb)
        entry = table.table(verb)
        found[verb] = {key: _field(entry, verb, key) for key in entry.names()}
        entry.done()
    table.done()
    return found


def _field(entry: Entry, verb: str, key: str) -> dict[str, Any]:
    one = entry.table(key)
    said: dict[str, Any] = {name: one.take(name, str) for name in TEXTS if one.has(name)}
    said |= {name: one.take(name, bool) for name in FLAGS if one.has(name)}
    said |= {name: one.take(name, int) for name in SIZES if one.has(name)}
    if not 1 <= said.get("most", 1) <= forms.LONGEST:
        raise one.wrong("most", f"应在 1 到 {forms.LONGEST} 之间")
    one.done()
    asked = {*forms.asked_of(verb)} | ({"note"} if verb != "report" else set())
    if said.get("optional") and (key not in MAY_ADD or (key == "title") != (verb == "report")):
        raise entry.wrong(key, f"不能另加；可以另加的是 {'、'.join(MAY_ADD)}")
    if key not in asked and not said.get("optional"):
        raise entry.wrong(key, f"这个动作不问这一项{near(key, asked)}")
    return said
