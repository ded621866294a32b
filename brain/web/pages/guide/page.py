"""/guide 怎样接入: door by door where to send, as whom, what, what comes back, and what when it is wrong.

All of it stands in `guide.toml`; here it is laid out, with the code and the topics of the reader's own department filled in. One door a
view (`?door=`), so that an address can be sent to a maker's engineer; whoever has no department of his own chooses one (`?org=`).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from dash import Dash, html

from brain.catalog import Catalog
from brain.catalog.guide_records import Door, filled
from brain.catalog.records import Department
from brain.flow.measured import mending
from brain.identity.people import Person
from brain.model import DISTRICT, Role
from brain.settings import Settings
from brain.web.door import access
from brain.web.door.access import Page
from brain.web.pages.guide import own, parts
from brain.web.pages.guide.own import NO_ORG
from brain.web.pages.wall import top

PAGE = Page("/guide", "怎样接入", mending.READERS, order=61, keys=("feeds",), on_wall=False)

def layout(person: Person, *, door: str = "", org: str = "", **_: str) -> html.Div:
    state = access.here()
    catalog: Catalog = state.catalog
    mine = own_org(person, org, catalog)
    known, doors = fillings(state.settings, mine), catalog.guide.doors
    one = doors.get(door)
    asked = {"org": org} if person.role is not Role.DEPARTMENT and mine else {}
    stations: own.Stations = {}
    if one and mine:
        with state.pool.connection() as conn:
            stations = own.stations_of(conn, mine, catalog.guide)
    main = _door(one, catalog, known, mine, stations) if one else _overview(catalog, known, asked)
    return html.Div(
        [
            html.Header([html.H1("怎样接入"), html.Nav(top.light_links(person, state.pages, catalog, "guide"))]),
            html.Main([_doors(person, catalog, one, mine, asked), html.Div(main, className="told")]),
        ],
        id="guide",
        className="light-page",
    )


def own_org(person: Person, org: str, catalog: Catalog) -> Department | None:
    """Whose code and topics are filled in: a department's own, whatever the address says; else the chosen one."""
    return catalog.departments.get((person.org or "") if person.role is Role.DEPARTMENT else org)


def fillings(settings: Settings, org: Department | None) -> dict[str, str]:
    """What `{org}` and the like stand for. A port that is closed here is said to be asked for."""
    ports = {name: getattr(settings, name) for name in ("push_port", "hj212_port", "sl651_port", "gb26875_port")}
    said = {name: str(port) if port else "由管理员告知" for name, port in ports.items()}
    host = urlsplit(settings.origin).hostname or settings.http_host
    return said | {"org": org.key if org else NO_ORG, "district": DISTRICT, "host": host, "mqtt_port": str(settings.mqtt_port)}


# Left: where one is, and as whom --------------------------------------------------------------------------------------
def _doors(
    person: Person, catalog: Catalog, here: Door | None, org: Department | None, asked: dict[str, str]
) -> html.Aside:
    links = [html.A("选哪扇门", href=_address(asked), className="" if here else "on")]
    for door in catalog.guide.doors.values():
        links.append(html.A(door.title, href=_address(asked | {"door": door.key}), className="on" if door is here else ""))
    return html.Aside([html.Nav(links), _whose(person, catalog, here, org)])


def _whose(person: Person, catalog: Catalog, here: Door | None, org: Department | None) -> html.Div | html.Form:
    """The department in whose words the page speaks; others than departments choose it."""
    if person.role is Role.DEPARTMENT:
        said = [html.B(org.name), html.Small(["单位代码 ", html.Code(org.key)])] if org else [html.Small("您的账号没有单位")]
        return html.Div(said, className="whose")
    options = [html.Option("单位代码（未选）", value="", selected=org is None)]
    options += [html.Option(f"{d.short} {d.key}", value=d.key, selected=d is org) for d in catalog.departments.values()]
    return html.Form(
        [
            html.Label("按哪个单位填写", htmlFor="guide-org"),
            html.Select(options, id="guide-org", name="org", **parts.attrs({"data-do": "choose"})),
            html.Button("换", type="submit"),
            parts.hidden("door", here.key) if here else None,
        ],
        action="/guide",
        method="get",
        className="whose",
    )


def _address(query: dict[str, str]) -> str:
    return "/guide" + (f"?{urlencode(query)}" if query else "")


# Right: one door, or all of them --------------------------------------------------------------------------------------
def _overview(catalog: Catalog, known: dict[str, str], asked: dict[str, str]) -> list[Any]:
    org = catalog.departments.get(known["org"])
    rows = [
        html.Tr([html.Th(html.A(d.title, href=_address(asked | {"door": d.key})), scope="row"), html.Td(d.whom)])
        for d in catalog.guide.doors.values()
    ]
    head = html.Thead(html.Tr([html.Th("门"), html.Th("给谁用")]))
    return [
        html.P(catalog.guide.intro, className="says"),
        parts.topics(org, known) if org else None,
        html.Section([html.H2("选哪扇门"), html.Div(html.Table([head, html.Tbody(rows)]), className="wide doors")]),
    ]


def _door(
    door: Door, catalog: Catalog, known: dict[str, str], org: Department | None, stations: own.Stations
) -> list[Any]:
    topics = parts.topics(org, known) if org and door.key == "mqtt" else None
    code, whose = own.of_door(door, catalog, org)
    how = [(what, filled(words, known | {"org": own.of_line(words, code, org)})) for what, words in door.how]
    told = [own.of_example(one, catalog, org, stations) for one in door.examples]
    told.sort(key=lambda one: not (org and one[0].owner and not one[2]))  # with stations of his own first
    shown = [parts.example(one, catalog, known | {"org": code_of}, says) for one, code_of, says in told]
    past = html.P(catalog.guide.past, className="past") if door.turns_late else None
    jumps = [("how", "怎么连"), ("examples", "例子"), ("answers", "应答"), ("wrong", "写错了"), ("tables", "认得的写法")]
    return [
        html.Div(
            [
                html.H2(door.title),
                html.Nav([html.A(word, href=f"#{name}") for name, word in jumps if name != "tables" or door.tables]),
                html.P([door.whom, html.B(whose) if whose else None]),
            ],
            className="lead",
        ),
        html.Section([html.H3("怎么连"), parts.pairs(how), topics], id="how"),
        html.Section([html.H3("例子：发什么，变成什么"), past, *shown], id="examples"),
        html.Div(
            [
                html.Section([html.H3("收到什么应答"), parts.pairs([(w, filled(s, known)) for w, s in door.answers])], id="answers"),
                html.Section([html.H3("写错了怎么办"), parts.pairs([(w, filled(s, known)) for w, s in door.wrong])], id="wrong"),
            ],
            className="two",
        ),
        html.Section([html.H3("认得的写法"), html.Div([parts.table(t, catalog) for t in door.tables], className="forms")], id="tables")
        if door.tables
        else None,
    ]


def callbacks(app: Dash) -> None:
    """The page only shows; copying is done by its script."""
