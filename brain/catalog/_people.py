"""departments.toml and roles.toml."""

from __future__ import annotations

from brain.catalog._toml import Entry
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
        )
        entry.done()
    top.done()
    for org in found.values():
        if org.parent is not None and org.parent not in found:
            raise BadCatalog(f"departments.toml 的 org.{org.key}.parent：没有单位“{org.parent}”，请先登记该单位")
    return found


def roles(top: Entry) -> dict[Role, RoleRights]:
    found: dict[Role, RoleRights] = {}
    for role in Role:
        entry = top.table(role.value)
        found[role] = RoleRights(pages=entry.texts("pages"), sees=entry.one_of("sees", SIGHTS), drafts=entry.take("drafts", bool, False))
        entry.done()
    top.done()
    return found
