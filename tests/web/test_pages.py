"""Every page for every role: it opens, or says in Chinese that it does not; and it asks nobody else for anything."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from brain.identity.scope import may_open
from brain.model import Role
from brain.web import app as web_app

PAGES = {module.__name__.rsplit(".", 2)[-2]: module for module in web_app.modules("pages", ".page")}
INSIDE = {name: module for name, module in PAGES.items() if not module.PAGE.plain}
ROLES = ["operator", "acceptor", "dispatcher", "chief", "leader", "department", "worker", "admin"]


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_has_its_three_parts(name):
    module = PAGES[name]
    assert module.PAGE.path.startswith("/") and module.PAGE.title
    assert callable(module.layout)
    assert module.PAGE.plain or callable(module.callbacks)


def test_no_two_pages_share_an_address():
    paths = [module.PAGE.path for module in PAGES.values()]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_a_role_or_says_in_chinese_that_it_does_not(web, catalog, role):
    with web.client(role) as client:
        for name, module in INSIDE.items():
            answer = client.get(module.PAGE.path, headers={"Accept": "text/html"})
            if module.PAGE.lets(Role(role), catalog):
                assert answer.status_code == 200, f"{name} for {role}"
                assert f"<title>{module.PAGE.title}" in answer.text
            else:
                assert answer.status_code == 403, f"{name} for {role}"
                assert "不对您的角色开放" in answer.text and catalog.words.of("role", role) in answer.text


@pytest.mark.parametrize("role", ROLES)
def test_the_inside_of_a_page_is_not_told_to_a_role_that_may_not_open_it(web, catalog, role):
    """The document is one door; the callback that lays the page out is the other."""
    with web.client(role) as client:
        for name, module in INSIDE.items():
            if not module.PAGE.lets(Role(role), catalog):
                asked = {
                    "output": "brain-page.children", "outputs": {"id": "brain-page", "property": "children"},
                    "inputs": [{"id": "brain-address", "property": "pathname", "value": module.PAGE.path},
                               {"id": "brain-address", "property": "search", "value": ""}],
                    "changedPropIds": ["brain-address.pathname"],
                }  # fmt: skip
                answer = client.post("/_dash-update-component", json=asked)
                assert "不能打开" in answer.json()["response"]["brain-page"]["children"]["props"]["children"], name


def test_the_wall_opens_for_whom_the_catalog_says(catalog):
    page = PAGES["wall"].PAGE
    for role in Role:
        allowed = may_open(role, "wall", catalog.roles) or may_open(role, "seat", catalog.roles)
        assert not page.lets(role, catalog) or allowed


def test_an_unknown_address_has_a_page_of_its_own(web):
    with web.client("chief") as client:
        page = client.get("/nowhere", headers={"Accept": "text/html"})
        api = client.get("/api/v1/nowhere")
    assert page.status_code == 404 and "没有这个页面" in page.text
    assert api.status_code == 404 and api.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("path", ["/", "/about", "/login"])
def test_every_document_says_where_scripts_may_come_from(web, path):
    with web.client("chief") as client:
        headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe-eval" not in policy
    scripts = re.search(r"script-src ([^;]*)", policy).group(1)
    assert "unsafe-inline" not in scripts
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"


def test_scripts_are_sent_compressed_and_the_same_ones_are_squeezed_once(web):
    with web.client("chief") as client:
        shell = client.get("/").text
        script = next(s for s in re.findall(r'src="([^"]+)"', shell) if "renderer" in s)
        first, second = client.get(script), client.get(script)
    assert first.headers["content-encoding"] == second.headers["content-encoding"] == "gzip"
    assert first.text == second.text


def test_the_map_files_are_complete_without_anybody_else(web):
    with web.client("operator") as client:
        style = client.get("/map/style.json").json()
        assert style["sprite"].startswith(web.url + "/map/sprite-")
        assert {s["type"] for s in style["sources"].values()} == {"geojson"} and "glyphs" not in style
        index = client.get(style["sprite"].removeprefix(web.url) + ".json").json()
        image = client.get(style["sprite"].removeprefix(web.url) + "@2x.png")
        assert "level-red" in index and image.headers["content-type"] == "image/png"
        assert client.get("/map/icon/nothing.png").status_code == 404
        towns = [f["properties"]["name"] for f in style["sources"]["towns"]["data"]["features"]]
    assert "西阳镇" in towns and len(towns) == 7


@pytest.mark.browser
@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_about_tells_what_is_real_and_what_is_not(visit, web, size):
    visitor = visit("admin", "/about", size)
    page = visitor.page
    page.wait_for_selector("#about table")
    text = page.inner_text("#about")
    for word in ("真实", "映射", "模拟", "示意", "360 倍速", "西阳电站"):
        assert word in text
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert not [u for u in visitor.asked if urlsplit(u).scheme in ("http", "https") and not u.startswith(web.url + "/")]
    assert not visitor.complaints


@pytest.mark.browser
def test_a_role_without_the_wall_is_told_so_and_finds_its_way_home(visit):
    visitor = visit("worker", "/")
    assert "不对您的角色开放" in visitor.page.inner_text("main")
    assert visitor.page.get_attribute("a.button", "href") == "/m"
