"""The demo city's organisations, people and rosters. Everybody is made up, and is called so.

Logins have no password here: the first start draws one-time passwords for a few of them. The rosters keep the demo
accounts (operator1, acceptor1, dispatcher1, chief1, leader1 and the departments') on duty around the clock and let
others take turns, so that whoever tries the demo at night finds somebody at the desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from brain.cities.meijiang import shipped
from brain.city import ZONE
from brain.model import Role

LEAD = "zsj"  # the organisation that runs the platform: seats, chiefs, administrators
CHANGE_DAY, CHANGE_NIGHT = time(8), time(20)

TEAMS = (
    ("cgj-1", "市政设施维护队", "cgj"),
    ("cgj-2", "环卫作业队", "cgj"),
    ("cgj-3", "执法巡查队", "cgj"),
    ("swj-1", "防汛抢险队", "swj"),
    ("lyj-1", "护林队", "lyj"),
    ("yjj-1", "综合应急救援队", "yjj"),
    ("gaj-1", "视频运维队", "gaj"),
)
TOWN_LOGINS = {
    "441402004": "jiangnan1",
    "441402006": "jinshan1",
    "441402007": "xijiao1",
    "441402102": "sanjiao1",
    "441402103": "changsha1",
    "441402105": "chengbei1",
    "441402106": "xiyang1",
}
SEATS = (  # login stem, title, role, how many, duty
    ("operator", "值班席", Role.OPERATOR, 3, "desk"),
    ("acceptor", "受理员", Role.ACCEPTOR, 3, "desk"),
    ("dispatcher", "派遣员", Role.DISPATCHER, 3, "desk"),
    ("chief", "值班长", Role.CHIEF, 3, "chief"),
    ("leader", "值班领导", Role.LEADER, 2, "leader"),
)


@dataclass(frozen=True, slots=True)
class Account:
    """A row of table `person`."""

    login: str
    name: str
    role: Role
    org: str | None
    places: tuple[str, ...] = ()
    grid: str | None = None
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """A row of table `roster`, its person by login."""

    org: str
    login: str
    duty: str
    starts: datetime
    ends: datetime


def organisations(departments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of table `org`: the catalog's departments and towns, then teams of those that are there."""
    rows = [
        {"code": code, "name": d.name, "short": d.short, "kind": _kind(code, d), "parent": getattr(d, "parent", None) or None,
         "phone": getattr(d, "phone", "") or ""}
        for code, d in departments.items()
    ]  # fmt: skip
    teams = [(c, n, p) for c, n, p in TEAMS if p in departments and c not in departments]
    return rows + [
        {"code": code, "name": f"{departments[parent].short}{name}", "short": name, "kind": "team", "parent": parent, "phone": ""}
        for code, name, parent in teams
    ]


def _kind(code: str, department: Any) -> str:
    return getattr(department, "kind", "") or ("town" if code.isdigit() else "department")


def accounts(orgs: Sequence[Mapping[str, Any]], grids: Sequence[tuple[str, str]], towns: Mapping[str, str]) -> list[Account]:
    """Everybody: seats, administrators, one account a department, town and team, and one 网格员 a 综合网格.

    `orgs` rows of table org, `grids` (code, name) in the order of codes, `towns` names by code. Phone numbers run from
    13800000001 on: a range that serves as an example, not as anybody's number.
    """
    found = [
        Account(f"{stem}{n}", f"演示{title}{n}", role, LEAD, (shipped.DISTRICT,))
        for stem, title, role, many, _ in SEATS
        for n in range(1, many + 1)
    ]
    found.append(Account("admin1", "演示管理员1", Role.ADMIN, LEAD))
    for org in orgs:
        code, short = org["code"], org["short"]
        if org["kind"] == "town":
            found.append(Account(TOWN_LOGINS.get(code, f"town{code}"), f"演示{short}指挥室", Role.DEPARTMENT, code, (code,)))
        elif org["kind"] == "team":
            found.append(Account(code, f"演示{short}队长", Role.DEPARTMENT, code))
        elif org["kind"] == "department":
            found.append(Account(f"{code}1", f"演示{short}值班员", Role.DEPARTMENT, code))
    count: dict[str, int] = {}
    for number, (code, _) in enumerate(grids, 1):
        town = code[:9]
        count[town] = count.get(town, 0) + 1
        short = towns[town].removesuffix("街道").removesuffix("镇")
        name = f"演示网格员 {short}-{count[town]:03d}"
        found.append(Account(f"wg{number:03d}", name, Role.WORKER, town, (code,), code))
    return [_with_phone(a, n) for n, a in enumerate(found, 1)]


def _with_phone(account: Account, number: int) -> Account:
    a = account
    return Account(a.login, a.name, a.role, a.org, a.places, a.grid, f"1380000{number:04d}")


def shifts(orgs: Sequence[Mapping[str, Any]], first: date, days: int) -> list[Shift]:
    """Rosters from 08:00 of the day `first` for `days` days (Beijing time)."""
    found = []
    for n in range(days):
        day = first + timedelta(days=n)
        morning = datetime.combine(day, CHANGE_DAY, ZONE)
        evening = datetime.combine(day, CHANGE_NIGHT, ZONE)
        after = datetime.combine(day + timedelta(days=1), CHANGE_DAY, ZONE)
        for stem, _, _, many, duty in SEATS:
            found.append(Shift(LEAD, f"{stem}1", duty, morning, after))
            found.append(Shift(LEAD, f"{stem}2", duty, morning, evening))
            found.append(Shift(LEAD, f"{stem}{many}", duty, evening, after))
        for org in orgs:
            if login := desk_of(org):
                found.append(Shift(org["code"], login, "desk", morning, after))
    return found


def desk_of(org: Mapping[str, Any]) -> str | None:
    """Login of the one account that stands for an organisation; the lead organisation's desk is the seats'."""
    if org["code"] == LEAD or org["kind"] == "desk":
        return None
    if org["kind"] == "town":
        return TOWN_LOGINS.get(org["code"], f"town{org['code']}")
    return org["code"] if org["kind"] == "team" else f"{org['code']}1"
