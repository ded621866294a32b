"""/upload in a real browser: choose, see what the columns mean and what is wrong, send, and read what became of it."""

from __future__ import annotations

import errno
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brain.identity import people
from brain.settings import Settings
from brain.web.pages.upload import held as held_files
from brain.web.pages.upload import page as upload
from brain.web.pages.upload import sending
from ingest import practice, worker
from ingest.doors.files import door as files

REFUSAL = "不能向这个接入报送"
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


def sheet(n: int, *, bad: bool = True) -> bytes:
    """A sheet in GBK, as a department's Excel writes it; times of its own for each `n`."""
    lines = ["点位号,监测时间,水位(cm),pH"]
    for k in range(30):
        lines.append(f"WL-01,{BEGIN + timedelta(minutes=k, seconds=n):%Y-%m-%d %H:%M:%S}Z,{700 + k},7.1")
    if bad:
        lines += ["WL-01,昨天,700,7.1", f"ZZ-99,{BEGIN:%Y-%m-%d %H:%M:%S}Z,700,7.1"]
    return "\n".join(lines).encode("gbk")


@pytest.fixture
def intake(web, catalog):
    """The file door and its writer, as the intake process has them, on the web process's home."""

    @contextmanager
    def turning():
        settings = replace(Settings(), database_url=web.database, home=web.home, worker="upload")
        local = practice.load()
        writer = worker.make_writer(settings, catalog, local)
        door = files.door(settings, local, writer)
        thread = threading.Thread(target=writer.run)
        thread.start()
        door.start()
        try:
            yield
        finally:
            door.stop()
            writer.stop()
            thread.join(20)
            door.finish()

    return turning


def sent_as(*given) -> str:
    """The name of a kept file in the drop folder, where it lies then with its mapping."""
    goal = upload.lay(*given)
    sending.publish(goal)
    given[2].unlink()
    return goal.name


def choose(page, name: str, data: bytes) -> None:
    page.set_input_files("#upload-file input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": data})


def pick(page, column: int, word: str) -> None:
    """Choose what a column means."""
    page.click(f"#upload-preview .meant th:nth-child({column + 1}) .dash-dropdown")
    page.get_by_role("option", name=word, exact=True).click()


def test_a_department_sends_a_sheet_whose_column_it_had_to_name(visit, intake, city):
    city.execute("DELETE FROM intake_mapping WHERE what = 'column'")
    visitor = visit("department", "/upload", (1366, 768))
    page = visitor.page
    choose(page, "九月水位.csv", sheet(1))
    page.wait_for_selector("#upload-look .bad")
    assert "测站" in page.inner_text("#upload-look") and page.is_disabled("#upload-send")
    pick(page, 1, "测站编号")
    page.wait_for_selector("#upload-look p:has-text('可收 30 行')")
    said = page.inner_text("#upload-look")
    assert "第 32 行“监测时间”看不懂的时间“昨天”；请" in said and "第 33 行测站 ZZ-99 没有登记" in said
    assert page.locator("#upload-preview tbody tr").count() == 20
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with intake():
        page.click("#upload-send:not([disabled])")
        page.wait_for_selector("#upload-files .state[data-state=done]", timeout=30_000)
    row = page.inner_text("#upload-files tbody tr:first-child")
    assert "九月水位.csv" in row and "60" in row and "看错在哪里" in row
    levels = city.execute("SELECT value FROM reading WHERE station = 'WL-01' AND kind = 'water_level' AND at >= %s", [BEGIN])
    assert {7.0, 7.29} <= {row["value"] for row in levels}
    assert city.execute("SELECT 1 FROM audit WHERE action = 'file_send' AND object LIKE 'file:water/%%'").fetchone()
    assert not visitor.complaints


def test_a_sheet_without_errors_says_so_and_a_file_sent_while_intake_is_down_is_shown_waiting(visit, web):
    page = visit("department", "/upload").page
    choose(page, "b.csv", sheet(2, bad=False).replace("点位号".encode("gbk"), "测站".encode("gbk")))
    page.wait_for_selector("#upload-look .good")
    page.click("#upload-send:not([disabled])")
    page.wait_for_selector("#upload-files .state[data-state=queued]")
    (sidecar,) = (web.home / "drop/water").glob("*-b.csv.map.json")
    assert json.loads(sidecar.read_text())["columns"]["水位(cm)"] == "kind:water_level@cm"
    sidecar.with_name(sidecar.name.removesuffix(".map.json")).unlink()
    sidecar.unlink()


def test_a_file_that_is_no_sheet_is_refused_in_the_page(visit):
    page = visit("department", "/upload").page
    choose(page, "a.xlsx", b"PK\3\4 nothing")
    page.wait_for_selector("#upload-said .bad")
    assert "不是完好的 XLSX" in page.inner_text("#upload-said") and not page.is_visible("#upload-work")


def test_a_department_sees_its_own_feeds_and_an_administrator_all(visit):
    words = {}
    for role in ("department", "admin"):
        page = visit(role, "/upload").page
        page.click("#upload-feed")
        page.wait_for_selector("[role=option]")
        words[role] = page.locator("[role=option]").all_inner_texts()
    assert words["department"] == ["水情水质"]
    assert "12345 工单" in words["admin"] and len(words["admin"]) == 7


def test_the_administrator_finds_the_page_from_his_first_page(visit):
    page = visit("admin", "/about").page
    page.click("nav a[href='/upload']")
    page.wait_for_selector("#upload-file")


def test_a_person_cannot_send_for_another_departments_feed(web, city):
    """The callback is a door of its own: asked for a feed that is not his, it gives nothing."""
    asked = {
        "output": "..upload-held.data...upload-preview.children...upload-work.hidden...upload-said.children...upload-file.contents..",
        "outputs": [{"id": i, "property": p} for i, p in (
            ("upload-held", "data"), ("upload-preview", "children"), ("upload-work", "hidden"), ("upload-said", "children"),
            ("upload-file", "contents"))],
        "inputs": [{"id": "upload-file", "property": "contents", "value": "data:text/csv;base64,YSxiCjEsMgo="},
                   {"id": "upload-feed", "property": "value", "value": "hotline"}],
        "state": [{"id": "upload-file", "property": "filename", "value": "a.csv"}, {"id": "upload-held", "property": "data"}],
        "changedPropIds": ["upload-file.contents"],
    }  # fmt: skip
    with web.client("department") as client:
        answer = client.post("/_dash-update-component", json=asked)
        assert answer.status_code == 200 and REFUSAL in str(answer.json())
    with web.client("chief") as client:
        assert REFUSAL in str(client.post("/_dash-update-component", json=asked).json())
        client.headers.pop("X-Brain")
        assert client.post("/_dash-update-component", json=asked).status_code == 403


def test_the_limit_on_a_file_s_size_holds_without_the_browser_too(web):
    """What the page says to the browser binds nobody who calls the callback himself."""
    asked = {
        "output": "..upload-held.data...upload-preview.children...upload-work.hidden...upload-said.children...upload-file.contents..",
        "outputs": [{"id": i, "property": p} for i, p in (
            ("upload-held", "data"), ("upload-preview", "children"), ("upload-work", "hidden"), ("upload-said", "children"),
            ("upload-file", "contents"))],
        "inputs": [{"id": "upload-file", "property": "contents", "value": "data:text/csv;base64," + "QUFB" * (6 << 20)},
                   {"id": "upload-feed", "property": "value", "value": "water"}],
        "state": [{"id": "upload-file", "property": "filename", "value": "a.csv"}, {"id": "upload-held", "property": "data"}],
        "changedPropIds": ["upload-file.contents"],
    }  # fmt: skip
    before = set(web.home.glob("upload/*/*"))
    with web.client("department") as client:
        said = str(client.post("/_dash-update-component", json=asked, timeout=60).json())
    assert "超过上限 16 MiB" in said and set(web.home.glob("upload/*/*")) == before


def test_one_person_leaves_so_many_files_with_the_server_and_no_more(city, tmp_path):
    swj = people.by_login(city, "swj1")
    held = [upload.stage(tmp_path, swj, "a.csv", b"1", BEGIN + timedelta(minutes=n)) for n in range(held_files.HELD + 3)]
    assert [upload.held_path(tmp_path, swj, token) is None for token in held] == [True] * 3 + [False] * held_files.HELD


def test_a_kept_file_is_found_by_its_owner_alone_and_by_no_path(city, tmp_path):
    swj, admin = (people.by_login(city, login) for login in ("swj1", "admin1"))
    token = upload.stage(tmp_path, swj, "../../a.csv", b"a,b\n1,2\n", datetime.now(UTC))
    assert upload.held_path(tmp_path, swj, token).read_bytes() == b"a,b\n1,2\n"
    assert upload.held_path(tmp_path, admin, token) is None
    for odd in ("../" + token, "/etc/passwd", None, 3, token + "/..", ""):
        assert upload.held_path(tmp_path, swj, odd) is None


def test_what_is_kept_for_a_person_is_for_no_other_user_of_the_machine(city, tmp_path):
    """A sheet of the hotline holds callers' names and numbers until it is sent."""
    swj = people.by_login(city, "swj1")
    path = upload.held_path(tmp_path, swj, upload.stage(tmp_path, swj, "a.csv", b"1", datetime.now(UTC)))
    assert [p.stat().st_mode & 0o077 for p in (path.parent, path.parent.parent)] == [0, 0]


def test_what_was_left_a_day_ago_is_cleared_away(city, tmp_path):
    swj = people.by_login(city, "swj1")
    now = datetime.now(UTC)
    old = upload.stage(tmp_path, swj, "a.csv", b"1", now)
    upload.stage(tmp_path, swj, "b.csv", b"2", now + timedelta(days=2))
    assert upload.held_path(tmp_path, swj, old) is None


def test_what_somebody_left_who_never_came_back_goes_after_a_day_too(city, tmp_path):
    swj, admin = (people.by_login(city, login) for login in ("swj1", "admin1"))
    now = datetime.now(UTC)
    left = upload.stage(tmp_path, swj, "a.csv", b"1", now)
    young = upload.stage(tmp_path, admin, "b.csv", b"2", now + timedelta(hours=20))
    assert held_files.forget(tmp_path, now + timedelta(hours=25)) == 1
    assert upload.held_path(tmp_path, swj, left) is None and upload.held_path(tmp_path, admin, young) is not None


@pytest.mark.parametrize("name", ["../../etc/x.csv", ".隐藏.csv", "a\0b.csv", "长" * 300 + ".csv", "𠮷" * 300 + ".csv", "CON.csv", ""])
def test_a_name_from_outside_never_leaves_the_drop_folder(city, catalog, tmp_path, name):
    swj = people.by_login(city, "swj1")
    taker = upload.takers_of(swj, catalog)["water"]
    path = upload.held_path(tmp_path, swj, upload.stage(tmp_path, swj, name, b"a,b\n1,2\n", datetime.now(UTC)))
    sent = sent_as(tmp_path / "drop", taker, path, name, {"a": "station"}, swj, datetime.now(UTC))
    assert Path(sent).name == sent and not sent.startswith(".")
    assert {p.name for p in (tmp_path / "drop/water").iterdir()} == {sent, sent + ".map.json"}


def test_a_drop_folder_on_a_disk_of_its_own_takes_what_the_page_sends(city, catalog, tmp_path, monkeypatch):
    """As where departments reach it by SFTP: nothing can be renamed into it."""
    for move in ("rename", "replace"):
        real = getattr(os, move)

        def within(a, b, *, real=real, **more):
            if Path(a).parent != Path(b).parent:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return real(a, b, **more)

        monkeypatch.setattr(os, move, within)
    swj = people.by_login(city, "swj1")
    path = upload.held_path(tmp_path, swj, upload.stage(tmp_path, swj, "a.csv", b"a,b\n1,2\n", BEGIN))
    sent = sent_as(tmp_path / "drop", upload.takers_of(swj, catalog)["water"], path, "a.csv", {}, swj, BEGIN)
    assert {p.name for p in (tmp_path / "drop/water").iterdir()} == {sent, sent + ".map.json"} and not path.exists()
