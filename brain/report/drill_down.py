"""From a number to the cases behind it: every number of a snapshot carries a short query over the snapshot's own cases.

A query is `flag=handle_due&town=441402004`, `ids=…,…` and so on; it is answered from the frozen cases, so that the list
behind a frozen number never changes either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

FLAGS = {
    "reported": "上报",
    "valid_reported": "有效上报",
    "registered": "立案",
    "public_reported": "公众举报",
    "self_handled": "自行处置",
    "unclosed": "上报后未结案",
    "dispatch_due": "应派遣",
    "dispatched_right": "派遣准确",
    "returned": "被退回",
    "registered_on_time": "按时立案",
    "dispatched_on_time": "按时派遣",
    "verify_due": "应核实",
    "verified_on_time": "按期核实",
    "check_due": "应核查",
    "checked_on_time": "按期核查",
    "handle_due": "应处置",
    "handled": "已处置",
    "handled_on_time": "按期处置",
    "handled_late": "超期处置",
    "overdue_unhandled": "超期未处置",
    "late": "超期",
    "extended": "延期",
    "reworked": "返工",
    "closed": "已结案",
    "closed_on_time": "按期结案",
    "rated": "有评价",
    "satisfied": "评价满意",
    "responded": "及时联系",
    "solved": "评价已解决",
    "repeated": "重复点位",
    "backlog": "期末仍超期未处置",
    "declined": "不予受理",
}
FIELDS = ("town", "org", "category", "source", "grid", "day")


def by_number(query: str) -> bool:
    """Whether a query names cases one by one."""
    return "ids" in dict(parse_qsl(query, keep_blank_values=True))


def pick(snapshot: Mapping[str, Any], query: str) -> list[dict[str, Any]]:
    """Cases of a snapshot that a query names, in order of reporting. An unknown word gives nothing."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    found = snapshot["cases"]
    if "ids" in asked:
        ids = set(asked["ids"].split(","))
        return [c for c in found if c["id"] in ids]
    if asked.get("flag") not in FLAGS:
        return []
    found = [c for c in found if asked["flag"] in c["flags"]]
    for field in FIELDS:
        if field in asked:
            found = [c for c in found if (c[field] or "") == asked[field]]
        if (but := asked.get(f"not{field}")) is not None:
            found = [c for c in found if c[field] not in but.split(",")]
    return found


def count(snapshot: Mapping[str, Any], query: str) -> int:
    """The number that these cases give: their number, or for 返工 the number of times."""
    cases = pick(snapshot, query)
    if "flag=reworked" in query:
        return sum(c["reworks"] for c in cases)
    return len(cases)


def title(snapshot: Mapping[str, Any], query: str) -> str:
    """What the list is a list of, in words."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    names = snapshot["names"]
    parts = [names[f].get(asked[f], asked[f] or "未知") for f in ("town", "org", "category", "source") if f in asked]
    if "grid" in asked:
        parts.append(names["grid"].get(asked["grid"], asked["grid"]))
    if "day" in asked:
        parts.append(asked["day"])
    if any(f"not{f}" in asked for f in FIELDS):
        parts.append("其余类别")
    parts.append("依据案卷" if "ids" in asked else FLAGS.get(asked.get("flag", ""), "案卷"))
    return " · ".join(parts)
