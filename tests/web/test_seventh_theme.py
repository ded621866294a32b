"""A seventh theme out of TOML and a layer file alone, with no line of code changed: wall, map, API, report and phone have it."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from docx import Document
from PIL import Image

from brain import catalog as catalogs
from brain.catalog import BadCatalog, Catalog
from brain.flow.alerts import recording
from brain.flow.measured import readings
from brain.identity import accounts
from brain.model import Judgement, Level, Reading, RuleState, Station
from brain.report import text
from brain.settings import Settings
from brain.store import db
from brain.web import ground
from brain.web.app import create_app

PASSWORD = "Meijiang-2026!noise"
THEME = """
[theme.noise]
label = "声环境"
order = 7
unit = "点"
icon = "noise"
layers = ["noise"]
leads = ["noise_leq"]
figure = { type = "max", of = "noise_leq", unit = "dB(A) 最高" }
beside = [{ type = "online" }]
trail = "noise_leq"
"""
SENSORS = """
[kind.noise_leq]
label = "等效声级"
unit = "dB(A)"
theme = "noise"
decimals = 1
sane = [20.0, 140.0]
period_s = 3600
silence_s = 10800
standard = "GB 3096-2008"

[rule.noise_leq.ladder]
label = "噪声超标"
theme = "noise"
type = "ladder"
version = 1
inputs = ["noise_leq"]
limits = { blue = 60.0, yellow = 70.0 }
reset = 2.0
opens = "matter:06026"
opens_at = "yellow"
"""
LAYER = '''"""声环境: noise stations."""

from layers._layer import Layer
from layers._marks import POINTS, points

LAYER = Layer(
    key="noise", title="噪声", source="noise_stations", columns=POINTS, mark=points, traces=1, style={"icon": "noise"},
    order=25, refresh_s=7200, legend=(("noise", "噪声监测点"), ("noise-stale", "无数据")),
    sign=(((3, 6), (6, 6), (9, 3), (9, 13), (6, 10), (3, 10)), ((11, 5), (12, 5), (12, 11), (11, 11))),
)
'''
STATIONS = {"NS-01": ("文化公园", 116.118, 24.291), "NS-02": ("车站广场", 116.131, 24.302)}


def write(folder: Path, theme: str = THEME, layer: str = LAYER) -> tuple[str, str]:
    """(catalog folder, layer folder) of a city that has the theme."""
    for name in ("catalog", "layers"):
        (folder / name).mkdir()
    (folder / "catalog/themes.toml").write_text(theme, encoding="utf-8")
    (folder / "catalog/sensors.toml").write_text(SENSORS, encoding="utf-8")
    (folder / "layers/noise.py").write_text(layer, encoding="utf-8")
    return str(folder / "catalog"), str(folder / "layers")


@dataclass
class City:
    """A web process of a city with seven themes, and the database under it."""

    url: str
    database: str
    catalog: Catalog

    @contextmanager
    def client(self, login: str) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.url, headers={"X-Brain": "1"}, timeout=60) as client:
            assert client.post("/login", json={"login": login, "password": PASSWORD}).status_code == 200
            yield client

    def get(self, login: str, address: str, **params: str) -> dict:
        with self.client(login) as client:
            answer = client.get(address, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def loud(server, city_template, tmp_path_factory) -> Iterator[City]:
    folders = write(tmp_path_factory.mktemp("seven"))
    catalog = catalogs.load(folders[0])
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE seven TEMPLATE {city_template} STRATEGY file_copy")
    url = server.url("seven")
    with db.connect(url, name="tests") as conn:
        for login in ("chief1", "leader1", "wg001"):
            accounts.set_password(conn, login, PASSWORD, must_change=False)
        happened(conn, catalog)
    settings = replace(Settings(), database_url=url, http_port=0, secret_key="n" * 48, layers=folders[1])
    web = uvicorn.Server(uvicorn.Config(create_app(settings, catalog), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not web.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the web process did not start"
        thread.join(0.05)
    yield City(f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}", url, catalog)
    web.should_exit = True
    thread.join(20)
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE seven WITH (FORCE)")


def happened(conn, catalog: Catalog) -> None:
    """Two stations, their readings through the one door into the record, and an alert that opens a case for wg001."""
    now = datetime.now(UTC)
    for ident, (name, lng, lat) in STATIONS.items():
        conn.execute(
            "INSERT INTO station (id, name, theme, lng, lat, origin) VALUES (%s, %s, 'noise', %s, %s, 'tests')",
            [ident, name, lng, lat],
        )
    values = [("NS-01", 55.0, 60), ("NS-01", 58.5, 1), ("NS-02", 66.0, 60), ("NS-02", 72.3, 1)]
    found = [Reading(station, "noise_leq", now - timedelta(minutes=ago), value) for station, value, ago in values]
    readings.store(conn, feed="json", worker="tests", lane="live", received_at=now, readings=found, received=len(found))
    station = db.record(Station, conn.execute("SELECT * FROM station WHERE id = 'NS-02'").fetchone())
    state = RuleState(level=Level.YELLOW, since=now, seen_at=now)
    judged = Judgement(state, "open", Level.YELLOW, 72.3, 70.0, "等效声级 72.3 dB(A)", {"version": 1})
    recording.apply(conn, catalog, station, catalog.rules["noise_leq", "ladder"], judged, now)


# The API and the phone ------------------------------------------------------------------------------------------------
def test_the_api_lists_the_theme_with_its_figure_for_those_who_watch(loud):
    theme = loud.get("chief1", "/api/v1/themes")["themes"][-1]
    assert (theme["key"], theme["label"], theme["unit"], theme["layers"]) == ("noise", "声环境", "点", ["noise"])
    said = theme["now"]
    assert (said["value"], said["unit"], said["place"]) == ("72.3", "dB(A) 最高", "车站广场")
    assert (said["words"], said["level"], said["state"]) == ("2 点在线 2", "yellow", "黄色")
    worker = loud.get("wg001", "/api/v1/themes")["themes"]
    assert [t["key"] for t in worker] == list(loud.catalog.themes) and all(t["now"] is None for t in worker)


def test_its_alerts_are_asked_for_by_name_and_a_wrong_name_is_told_the_right_ones(loud):
    (alert,) = loud.get("chief1", "/api/v1/alerts", theme="noise")["alerts"]
    assert (alert["theme_words"], alert["measured"]) == ("声环境", "等效声级 72.3 dB(A)")
    with loud.client("chief1") as client:
        answer = client.get("/api/v1/alerts", params={"theme": "noize"})
    assert answer.status_code == 422 and "noise" in answer.json()["error"] and "没有专题“noize”" in answer.json()["error"]


def test_the_phones_dictionary_has_its_word_and_its_case_names_it(loud):
    assert loud.get("wg001", "/api/v1/me")["words"]["theme"]["noise"] == "声环境"
    (alert,) = loud.get("chief1", "/api/v1/alerts", theme="noise")["alerts"]
    event = loud.get("chief1", f"/api/v1/events/{alert['event_id']}")
    assert event["theme"] == "noise"


# The wall -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def page(loud, chromium):
    """`page(login, address, size)`: a browser window; complaints of the console fail the test."""
    opened, complaints = [], []

    def enter(login: str, address: str, size: tuple[int, int] = (1920, 1080)):
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
        opened.append(context)
        shown = context.new_page()
        shown.set_default_timeout(60_000)
        shown.on("pageerror", lambda e: complaints.append(str(e)))
        assert context.request.post(loud.url + "/login", data={"login": login, "password": PASSWORD}).ok
        shown.goto(loud.url + address)
        return shown

    yield enter
    for context in opened:
        context.close()
    assert not complaints


def test_the_wall_has_its_card_its_layer_and_its_marks(loud, page):
    shown = page("chief1", "/")
    shown.wait_for_selector("#wall[data-map=ready]")
    card = shown.locator("#wall-theme-noise")
    assert card.locator("h2").inner_text().split() == ["声环境", "▲黄色"]
    assert card.locator(".figure b").inner_text() == "72.3" and "车站广场" in card.inner_text()
    assert card.locator("img.spark").count() == 1
    assert card.evaluate("c => c.scrollHeight <= c.clientHeight + 1"), "seven cards have room"
    assert shown.locator("#wall [data-layer=noise]").inner_text().startswith("噪声")
    drawn = shown.evaluate(
        "document.querySelector('#wall-map .js-plotly-plot').data.find(t => t.uid === 'noise-0').customdata.map(d => d[1])"
    )
    assert sorted(drawn) == sorted(STATIONS)


def test_a_reading_of_it_comes_to_the_open_wall_by_itself(loud, page):
    shown = page("chief1", "/")
    shown.wait_for_selector("#wall[data-beats]")
    now = datetime.now(UTC)
    with db.connect(loud.database, name="tests") as conn:
        one = [Reading("NS-01", "noise_leq", now, 88.8)]
        readings.store(conn, feed="json", worker="tests", lane="live", received_at=now, readings=one, received=1)
    shown.wait_for_selector("#wall-theme-noise >> text=88.8", timeout=15_000)


def test_the_sign_that_its_layer_brings_is_drawn(loud):
    with loud.client("chief1") as client:
        for name in ("noise", "noise-stale"):
            assert Image.open(io.BytesIO(client.get(f"/map/icon/{name}.png").content)).width == 34
        style = client.get("/map/style.json").json()
        assert "noise" in client.get(style["sprite"].removeprefix(loud.url) + ".json").json()


# The report -----------------------------------------------------------------------------------------------------------
def test_the_draft_of_the_month_has_its_section_on_page_and_paper(loud, page):
    month = f"{text.local(datetime.now(UTC)):%Y-%m}"
    rows = loud.get("leader1", f"/api/v1/report/{month}")["themes"]["noise"]["extremes"]
    assert [r["id"] for r in rows] == sorted(STATIONS) and rows[1]["high"] >= 72.3
    shown = page("leader1", f"/report?m={month}", (1440, 900))
    section = shown.locator("#theme-noise")
    assert section.locator("h3").inner_text() == "声环境"
    assert "车站广场" in section.locator("tbody").inner_text() and "等效声级" in section.locator("tbody").inner_text()
    with loud.client("leader1") as client:
        paper = Document(io.BytesIO(client.get(f"/api/v1/report/{month}.docx").content))
    assert any(p.text == "声环境" for p in paper.paragraphs)
    assert any("车站广场" in [c.text for c in r.cells] for t in paper.tables for r in t.rows)


# Mistakes -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("theme", "layer", "says"),
    [
        (THEME.replace('layers = ["noise"]', 'layers = ["nose"]'), LAYER, r"theme\.noise\.layers：没有图层 nose"),
        (THEME.replace('icon = "noise"', 'icon = "ear"'), LAYER, r"theme\.noise\.icon：没有图标“ear”"),
        (THEME, LAYER.replace("noise_stations", "noises"), r"图层 noise：没有名为 noises"),
        (THEME, LAYER.replace('key="noise"', 'key="sound"'), r"noise\.py 的 key 是“sound”，应与文件名相同"),
        (THEME, LAYER.replace("LAYER = ", "LAYERS = "), r"noise\.py 里没有 LAYER"),
        (THEME, LAYER.replace("POINTS, points", "POINTS, dots"), r"noise\.py 读不进来"),
    ],
    ids=["layer", "icon", "source", "key", "no layer", "import"],
)
def test_a_theme_whose_layer_does_not_fit_stops_the_start_in_a_sentence(tmp_path, theme, layer, says):
    folders = write(tmp_path, theme, layer)
    catalog = catalogs.load(folders[0])
    with pytest.raises(BadCatalog, match=says):
        ground.layers_of(catalog, folders[1])


def test_a_theme_that_a_city_gives_up_takes_its_layers_along(tmp_path):
    folders = write(tmp_path, THEME.replace('layers = ["noise"]', "layers = []"))
    assert "noise" not in {layer.key for layer in ground.layers_of(catalogs.load(folders[0]), folders[1])}
