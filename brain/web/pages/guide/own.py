"""Whose code and stations the page shows: the reader's own where they would be taken from him, else another's, and then it says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import psycopg

from brain.catalog import Catalog
from brain.catalog.guide_records import Door, Example, Guide
from brain.catalog.records import Department
from brain.store import db

NO_ORG = "单位代码"
_BRANCH = re.compile(r"city/\{district\}/([a-z0-9_]+)/\{org\}")
_PLAIN = re.compile(r"[\w-]{1,40}")  # what stands in any form without being quoted

Stations = Mapping[str, Sequence[str]]
"""Stations of the reader that have brought a kind."""


def stations_of(conn: psycopg.Connection, org: Department, guide: Guide) -> Stations:
    kinds = {key for one in _examples(guide) for key in _kinds(one)}
    named = [station for one in _examples(guide) for station in one.stations]
    rows = db.many(conn, "web_measuring", org=org.key, kinds=sorted(kinds), named=named)
    return {row["kind"]: [s for s in row["stations"] if _PLAIN.fullmatch(s)] for row in rows}


def of_door(door: Door, catalog: Catalog, org: Department | None) -> tuple[str, str]:
    """The code that stands in what is said of a door, and what is said of it where it is another's."""
    owner = catalog.departments.get(door.owner)
    if owner is None or org is owner or (org and any(one.branch in org.sends for one in door.examples)):
        return (org.key if org else NO_ORG), ""
    return owner.key, f"这扇门由{owner.short}使用，下面写的是它的单位代码 {owner.key}。"


def of_line(words: str, code: str, org: Department | None) -> str:
    """The code of a line that names a topic: nobody's where the reader's account may not write there."""
    found = _BRANCH.search(words)
    return NO_ORG if found and org and code == org.key and found[1] not in org.sends else code


def of_example(one: Example, catalog: Catalog, org: Department | None, stations: Stations) -> tuple[Example, str, str]:
    """The example with stations of the reader's where he has such, the code of its topic, and whose it is where that is to be said."""
    owner = catalog.departments.get(one.owner)
    closed = bool(org and one.topic and one.branch not in org.sends)
    if owner is None:
        says = f"{org.short}的账号还不能写这个接入；要开通请联系管理员。" if org and closed else ""
        return one, org.key if org and not closed else NO_ORG, says
    own = _alike(one, catalog.guide, stations)
    if org and not closed and own and len(own) >= len(one.stations):
        return one.of(own[: len(one.stations)]), org.key, ""
    if org is owner:
        return one, owner.key, "测站编号请换成您自己的。"
    says = f"这个例子是{owner.short}的；您发的时候换成自己的{'测站编号、单位代码' if one.topic else '测站编号'}。"
    return one, owner.key, says + (f"{org.short}的账号还不能写这个接入，要开通请联系管理员。" if org and closed else "")


def _alike(one: Example, guide: Guide, stations: Stations) -> Sequence[str]:
    """Stations of the reader that measure what the first station of the example does."""
    shown = (r for other in (one, *_examples(guide)) for r in other.readings if one.stations and r.station == one.stations[0])
    first = next(shown, None)
    return stations.get(first.kind.removeprefix("?"), ()) if first else ()


def _kinds(one: Example) -> set[str]:
    return {r.kind.removeprefix("?") for r in one.readings if r.station in one.stations}


def _examples(guide: Guide) -> list[Example]:
    return [one for door in guide.doors.values() for one in door.examples]
