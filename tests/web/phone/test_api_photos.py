"""Photos over HTTP: digest, kind, receipt, and who may look."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import uuid

import pytest
from PIL import Image


def send(world, login: str, data: bytes, **form):
    form = {"sha256": hashlib.sha256(data).hexdigest(), "phase": "report"} | form
    return world.person(login).post("/api/v1/photos", data=form, files={"file": ("p.jpg", data)})


def jpeg(size=(640, 480)) -> bytes:
    image = Image.effect_noise(size, 90)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def test_a_receipt_repeats_id_and_digest(world):
    data, key = jpeg(), str(uuid.uuid4())
    answer = send(world, "wg001", data, id=key)
    assert answer.status_code == 201
    assert (answer.json()["id"], answer.json()["sha256"]) == (key, hashlib.sha256(data).hexdigest())


def test_the_same_photo_twice_gives_the_same_receipt_and_one_row(world):
    data, key = jpeg(), str(uuid.uuid4())
    assert send(world, "wg001", data, id=key).json() == send(world, "wg001", data, id=key).json()
    assert world.rows("SELECT count(*) AS n FROM photo WHERE id = %s", key)[0]["n"] == 1
    assert world.rows("SELECT count(*) AS n FROM audit WHERE object = %s", f"photo:{key}")[0]["n"] == 1


def test_another_picture_under_a_used_id_is_a_conflict(world):
    key = str(uuid.uuid4())
    assert send(world, "wg001", jpeg(), id=key).status_code == 201
    assert send(world, "wg001", jpeg(), id=key).status_code == 409


def test_a_photo_that_changed_on_the_way_is_refused(world):
    answer = send(world, "wg001", jpeg(), sha256="0" * 64)
    assert (answer.status_code, answer.json()["code"]) == (422, "digest")


@pytest.mark.parametrize("data", [b"<script>alert(1)</script>", b"", b"\xff\xd8\xff\xe0 no more", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused(world, data):
    answer = send(world, "wg001", data)
    assert answer.status_code == 422 and answer.json()["error"].startswith(("只收", "照片"))


def test_time_and_place_come_as_fields(world):
    key = str(uuid.uuid4())
    send(
        world,
        "wg001",
        jpeg(),
        id=key,
        taken_at="2026-09-03T10:00:00+08:00",
        lng="116.127026",
        lat="24.285773",
        crs="gcj02",
    )
    row = world.rows("SELECT taken_at, lng, lat FROM photo WHERE id = %s", key)[0]
    assert (row["taken_at"].isoformat(), row["lng"]) == ("2026-09-03T02:00:00+00:00", pytest.approx(116.1222, abs=1e-6))


def test_a_photo_of_nobodys_event_is_seen_by_its_sender_only(world):
    photo = world.photo("wg001")
    for path in (f"/api/v1/photos/{photo}", f"/api/v1/photos/{photo}/thumb"):
        assert world.person("wg001").get(path).status_code == 200
        assert world.person("chief1").get(path).status_code == 404


def test_a_photo_is_seen_by_whoever_sees_its_event(world):
    photo = world.photo("wg001")
    world.reported(by="wg001", photos=[photo], **world.middle_of("wg001"))
    for path in (f"/api/v1/photos/{photo}", f"/api/v1/photos/{photo}/thumb"):
        seen = [world.person(login).get(path).status_code for login in ("wg001", "chief1", "wg090", "swj1", "admin1")]
        assert seen == [200, 200, 404, 404, 404]


def test_a_photo_may_run_nothing_and_is_kept_by_no_cache(world):
    photo = world.photo("wg001")
    headers = world.person("wg001").get(f"/api/v1/photos/{photo}").headers
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_a_thumbnail_is_small(world):
    photo = world.photo("wg001", data=jpeg((1600, 1200)))
    small = Image.open(io.BytesIO(world.person("wg001").get(f"/api/v1/photos/{photo}/thumb").content))
    assert max(small.size) == 360


def test_anothers_photo_cannot_be_used(world):
    photo = world.photo("wg002")
    body = {"category": "matter:06026", "lng": 116.12, "lat": 24.29, "photos": [photo]}
    answer = world.person("wg001").post("/api/v1/events", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "photo")


def test_an_administrator_uploads_nothing(world):
    assert send(world, "admin1", jpeg()).status_code == 403


def test_what_is_far_too_large_is_refused_unread(world):
    line = http.client.HTTPConnection(world.url.removeprefix("http://"), timeout=10)
    line.putrequest("POST", "/api/v1/photos")
    line.putheader("Content-Length", str(2**31))
    line.endheaders(b"only the beginning")
    answer = line.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
    line.close()
