"""departments.toml and roles.toml."""

from __future__ import annotations

import re

from brain.catalog._toml import Entry, near
from brain.catalog._words import ORG_KINDS, SIGHTS
from brain.catalog.records import BadCatalog, Department, RoleRights
from brain.model import Role


def departments(top: Entry) -> dict[str, Department]:
    found: dict[str, Department] = {}
    for key, entry in top.entries("org").items():
        found[key] = Department(
            key=key,
            name=entry.take("name", str),
            short=entry.take("short", str),
            kind=entry.one_of("kind", ORG_KINDS),
            parent=entry.take("parent", str, None),
            phone=entry.take("phone", str, ""),
            sends=entry.texts("sends") if entry.has("sends") else (),
            gateways=_gateways(entry),
            carries=_carries(entry),
        )
        entry.done()
    top.done()
    for org in found.values():
        for feed, others in org.carries.items():
            for other in others:
                if other not in found:
                    raise BadCatalog(
                        f"departments.toml 的 org.{org.key}.carries.{feed}：没有单位“{other}”{near(other, found)}，请先登记该单位"
                    )
        if org.parent is not None and org.parent not in found:
            raise BadCatalog(f"departments.toml 的 org.{org.key}.parent：没有单位“{org.parent}”，请先登记该单位")
    return found


def _gateways(entry: Entry) -> tuple[str, ...]:
    found = entry.texts("gateways") if entry.has("gateways") else ()
    if odd := [name for name in found if not re.fullmatch(r"[a-z0-9-]{1,20}", name)]:
        raise entry.wrong("gateways", f"“{odd[0]}”做不了账号名；请用小写字母、数字和 -，最长 20 个")
    return found


def _carries(entry: Entry) -> dict[str, tuple[str, ...]]:
    if not entry.has("carries"):
        return {}
    table = entry.table("carries")
    return {feed: table.texts(feed) for feed in table.names()}


def roles(top: Entry) -> dict[Role, RoleRights]:
    found: dict[Role, RoleRights] = {}
    for role in Role:
        entry = top.table(role.value)
        found[role] = RoleRights(pages=entry.texts("pages"), sees=entry.one_of("sees", SIGHTS), drafts=entry.take("drafts", bool, False))
        entry.done()
    top.done()
    return found
