"""No request of a stranger stops the web for more than a second or costs more than 100 MB, and no file of a department either."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import time
import zipfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from brain.model import Refused
from brain.web.door import apart as working
from brain.web.door import bodies
from tests.authority.jobs import die, refuse, sleep_on, spin, take
from tests.authority.running import newcomers, running

STOPPED_S, COSTS_MB = 1.0, 100


@pytest.fixture(scope="module")
def house(session_city_url, tmp_path_factory):
    newcomers(session_city_url)
    with running(session_city_url, tmp_path_factory.mktemp("limits")) as house:
        yield house


class Watch(threading.Thread):
    """Another client that asks for /healthz all the while, and the memory of the web process and its children."""

    def __init__(self, house, apart: bool):
        super().__init__(daemon=True)
        self.apart = apart
        self.house, self.slowest, self.most, self.over = house, 0.0, 0, threading.Event()
        self.before = self.memory()

    def memory(self) -> int:
        top, total = psutil.Process(self.house.pid), 0
        for process in (top, *(top.children(recursive=True) if self.apart else ())):
            try:
                with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:  # shared pages count once
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except (OSError, StopIteration):
                continue
        return total

    def run(self) -> None:
        with httpx.Client(base_url=self.house.url, timeout=60) as client:
            while not self.over.is_set():
                began = time.monotonic()
                client.get("/healthz")
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.most = max(self.most, self.memory())
                time.sleep(0.02)


@contextmanager
def watched(house, *, apart: bool = True):
    """Within it nobody else waits for longer than a second, and no more than 100 MB are taken; without `apart` by the web
    process itself: a whole sheet of a department may take what security.toml lets its own process have."""
    with httpx.Client(base_url=house.url, timeout=60) as client:
        client.get("/healthz")
    watch = Watch(house, apart)
    watch.start()
    time.sleep(0.3)
    try:
        yield watch
    finally:
        time.sleep(0.2)
        watch.over.set()
        watch.join(60)
    assert watch.slowest < STOPPED_S, f"another client waited {watch.slowest:.2f} s"
    taken = (watch.most - watch.before) / 1024
    assert taken < COSTS_MB, f"{taken:.0f} MB were taken"


# Strangers ------------------------------------------------------------------------------------------------------------
DEEP = b"[" * (25 << 20)
RICH = b"[" + b"1," * (12 << 20) + b"1]"
JSON = {"Content-Type": "application/json", "X-Brain": "1"}


@pytest.mark.parametrize("sent", [DEEP, RICH], ids=["deep", "rich"])
@pytest.mark.parametrize("path", ["/login", "/password", "/_dash-update-component", "/api/v1/events"])
@pytest.mark.alone
def test_a_strangers_json_of_25_mib_stops_nobody(house, path, sent):
    hung_up = suppress(httpx.TransportError)  # while it was still sending
    with watched(house), httpx.Client(base_url=house.url, timeout=60) as stranger, hung_up:
        assert 400 <= stranger.post(path, content=sent, headers=JSON).status_code < 500


def test_a_small_body_that_is_only_brackets_is_no_object(house):
    assert httpx.post(house.url + "/login", content=b"[" * 16000, headers=JSON).status_code == 400


# Departments ----------------------------------------------------------------------------------------------------------
def bomb_of_cells() -> bytes:
    """An XLSX of some 30 KiB whose one sheet holds two million empty cells."""
    row = b"<row>" + b"<c/>" * 100 + b"</row>"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{main}"><sheetData>'.encode() + row * 60_000 + b"</sheetData></worksheet>"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
        f'Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return out.getvalue()


def uploads(name: str, data: bytes) -> dict:
    """The request with which the page /upload hands over a file."""
    content = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    outputs = [("upload-held", "data"), ("upload-preview", "children"), ("upload-work", "hidden"), ("upload-said", "children"),
               ("upload-file", "contents")]  # fmt: skip
    return {
        "output": ".." + "...".join(f"{i}.{p}" for i, p in outputs) + "..",
        "outputs": [{"id": i, "property": p} for i, p in outputs],
        "changedPropIds": ["upload-file.contents"],
        "inputs": [
            {"id": "upload-file", "property": "contents", "value": content},
            {"id": "upload-feed", "property": "value", "value": "water"},
        ],
        "state": [
            {"id": "upload-file", "property": "filename", "value": name},
            {"id": "upload-held", "property": "data", "value": None},
        ],
    }


@pytest.mark.parametrize(
    ("name", "data"),
    [("bomb.xlsx", bomb_of_cells()), ("deep.geojson", b"[" * (3 << 20)), ("wide.csv", b"a,b\n" + b"1,2\n" * (1 << 20)),
     ("rich.json", b"[" + b"{}," * (1 << 20) + b"{}]")],
    ids=["cells", "deep", "long", "rich"],
)  # fmt: skip
@pytest.mark.alone
def test_a_departments_sheet_stops_nobody(house, name, data):
    with house.client("d.swj") as client, watched(house, apart=False):
        answer = client.post("/_dash-update-component", json=uploads(name, data))
    assert answer.status_code == 200 and "收不了" in answer.json()["response"]["upload-said"]["children"]["props"]["children"]


@pytest.mark.alone
def test_a_departments_callback_that_holds_a_million_values_is_refused_before_it_is_parsed(house):
    asked = uploads("a.csv", b"") | {"state": [{"id": "upload-file", "property": "filename", "value": [0] * 1_000_000}]}
    with house.client("d.swj") as client, watched(house):
        assert client.post("/_dash-update-component", content=json.dumps(asked), headers=JSON).status_code == 413


def png(width: int, height: int) -> bytes:
    """A picture of one colour: many pixels in few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    squeeze = zlib.compressobj(9)
    line = b"\0" + b"\0" * (3 * width)
    data = b"".join(squeeze.compress(line) for _ in range(height)) + squeeze.flush()
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def photo(client: httpx.Client, data: bytes, kind: str) -> httpx.Response:
    return client.post(
        "/api/v1/photos", files={"file": (f"a.{kind}", data, f"image/{kind}")},
        data={"sha256": hashlib.sha256(data).hexdigest(), "phase": "report"},
    )  # fmt: skip


@pytest.mark.alone
def test_a_picture_of_sixty_million_pixels_in_a_quarter_of_a_megabyte_stops_nobody(house):
    data = png(8000, 7400)
    assert len(data) < 300_000
    with house.client("d.worker") as client, watched(house):
        answer = photo(client, data, "png")
    assert answer.status_code == 422 and "像素" in answer.json()["error"]


@pytest.mark.alone
def test_a_camera_of_fifty_million_pixels_is_taken_at_half_its_size_and_stops_nobody(house):
    from PIL import Image

    out = io.BytesIO()
    Image.effect_noise((8160, 6120), 40).convert("RGB").save(out, "JPEG", quality=40)
    with house.client("d.worker") as client, watched(house):
        answer = photo(client, out.getvalue(), "jpeg")
        assert answer.status_code == 201, answer.text
        kept = client.get(f"/api/v1/photos/{answer.json()['id']}").content
        thumb = client.get(f"/api/v1/photos/{answer.json()['id']}/thumb")
    assert Image.open(io.BytesIO(kept)).size == (4080, 3060)
    assert thumb.status_code == 200 and max(Image.open(io.BytesIO(thumb.content)).size) == 360


# Work apart -----------------------------------------------------------------------------------------------------------
def test_work_apart_gives_its_answer_and_its_refusal():
    assert working.run_apart(take, 10, seconds=10, megabytes=100) == 10 << 20
    with pytest.raises(Refused, match="不收") as caught:
        working.run_apart(refuse, 1, seconds=10, megabytes=100)
    assert caught.value.code == "why"


@pytest.mark.parametrize(
    ("job", "amount", "words"), [(sleep_on, 60, "太久"), (spin, 1, "太久"), (take, 500, "太大"), (die, 1, "太大")]
)
def test_work_apart_that_takes_too_much_is_stopped_and_leaves_nothing(job, amount, words):
    began = time.monotonic()
    with pytest.raises(working.Spent, match=words):
        working.run_apart(job, amount, seconds=3, megabytes=100)
    assert time.monotonic() - began < 8


def test_when_all_are_busy_the_next_one_is_told_so():
    def occupy() -> None:
        with suppress(working.Spent):
            working.run_apart(sleep_on, 60, seconds=3, megabytes=100)

    threads = [threading.Thread(target=occupy) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    with pytest.raises(working.Spent) as caught:
        working.run_apart(take, 1, seconds=3, megabytes=100, wait_s=0.2)
    assert caught.value.code == "busy"
    for thread in threads:
        thread.join()


def test_the_look_before_parsing_lets_files_and_pages_pass_and_nothing_deep_or_rich():
    assert not bodies.too_rich(json.dumps(uploads("a.csv", b"x" * (8 << 20))).encode())
    assert bodies.too_rich(DEEP) and bodies.too_rich(RICH)
    assert bodies.too_rich(b'{"a":' * 101 + b"1" + b"}" * 101)
    assert not bodies.too_rich(json.dumps({"a": "[" * 5000}).encode())


def test_no_callback_of_dash_runs_on_the_loop():
    import inspect

    from brain import catalog
    from brain.settings import Settings
    from brain.web.app import create_app

    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/x", home=Path("unused")), catalog.load())
    bound = [spec["callback"] for spec in app.state.dash.callback_map.values() if "callback" in spec]
    assert len(bound) > 10
    assert all(inspect.iscoroutinefunction(one) for one in bound)
    app.state.pool.close()
