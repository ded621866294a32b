"""Photos: real pictures made on the spot, cleaned, stored, bound to their event, found when used twice."""

from __future__ import annotations

import hashlib
import io
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from PIL import ExifTags, Image

from brain.flow.events import acting, photos
from brain.model import Verb

BEIJING = timezone(timedelta(hours=8))


def picture(fmt="JPEG", size=(64, 48), colour="green", tags=None) -> bytes:
    image, save = Image.new("RGB", size, colour), {}
    if tags is not None:
        save["exif"] = tags
    elif fmt != "PNG":
        tags = Image.Exif()
        tags[ExifTags.Base.Make] = "秘密手机"
        tags[ExifTags.Base.Orientation] = 6
        tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:09:03 09:58:00"
        tags.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (24.0, 18.0, 36.0), 3: "E", 4: (116.0, 7.0, 12.0)})
        save["exif"] = tags
    out = io.BytesIO()
    image.save(out, fmt, **save)
    return out.getvalue()


@pytest.fixture
def keep(district, tmp_path):
    def store(data, login="worker1", **more):
        given = {"phase": "report", "by": district.who[login].id, "now": district.now} | more
        return photos.store(district.conn, tmp_path, data, **given)

    return store


def test_time_and_place_are_kept_as_columns_and_everything_hidden_is_gone(keep, tmp_path):
    photo = keep(picture())
    assert photo.taken_at == datetime(2026, 9, 3, 9, 58, tzinfo=BEIJING)
    assert (round(photo.lng, 4), round(photo.lat, 4)) == (116.12, 24.31)
    stored = (tmp_path / photo.path).read_bytes()
    with Image.open(io.BytesIO(stored)) as image:
        assert not image.getexif() and image.size == (48, 64)  # turned the way it was held
    assert "秘密手机".encode() not in stored and b"GPS" not in stored


def test_the_receipt_is_the_digest_of_what_was_sent_and_the_name_tells_nothing(keep, tmp_path):
    data = picture()
    photo = keep(data)
    assert photo.sha256 == hashlib.sha256(data).digest()
    assert photo.path.startswith("photos/2026/09/") and str(photo.id) not in photo.path
    assert [p.suffix for p in tmp_path.rglob("*") if p.is_file()] == [".jpg"]


@pytest.mark.parametrize(("fmt", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_the_three_formats_of_phones_are_taken(keep, fmt, mime):
    assert keep(picture(fmt)).mime == mime


def test_what_hides_behind_a_picture_does_not_survive(keep, tmp_path):
    photo = keep(picture() + b"<script>alert(1)</script>PK\x03\x04")
    assert b"script" not in (tmp_path / photo.path).read_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg onload=x>",
        b"RIFF0000WAVE",
        b"\xff\xd8\xff",
        picture()[:200],
        b"\x89PNG\r\n\x1a\nxx",
        b"%PDF-1.7",
    ],
)
def test_what_is_no_picture_is_refused_and_leaves_no_file(district, keep, tmp_path, data):
    district.refused("photo", keep, data)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_too_many_bytes_or_pixels_are_refused(district, keep):
    assert "20 MB" in district.refused("photo", keep, picture() + b"\0" * (20 * 2**20))
    assert "像素" in district.refused("photo", keep, picture("PNG", size=(12000, 6000)))


def test_the_same_upload_again_gives_the_same_photo_and_one_file(district, keep, tmp_path):
    key, data = uuid.uuid4(), picture()
    assert keep(data, photo_id=key) == keep(data, photo_id=key)
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1
    district.refused("conflict", keep, picture(colour="red"), photo_id=key)
    district.refused("conflict", keep, data, photo_id=key, login="worker2")


def test_nonsense_in_the_hidden_data_is_passed_over(keep):
    tags = Image.Exif()
    tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "yesterday"
    tags.get_ifd(ExifTags.IFD.GPSInfo).update({2: (999.0, 0.0, 0.0), 4: (999.0, 0.0, 0.0)})
    photo = keep(picture(tags=tags))
    assert (photo.taken_at, photo.lng, photo.lat) == (None, None, None)


def test_a_verb_binds_its_photos_to_the_event(district, keep):
    event = district.until("handling")
    photo = keep(picture(), "cgj")
    district.act(event, Verb.ANSWER, "cgj", lng=event.lng, lat=event.lat, photos=[photo.id])
    bound = photos.of_event(district.conn, event.id)
    assert [(p.id, p.phase) for p in bound] == [(photo.id, "answer")]
    assert acting.log_of(district.conn, event.id)[-1].detail["photos"] == [str(photo.id)]


def test_another_persons_or_another_events_photo_cannot_be_shown(district, keep):
    first, second = district.until("handling"), district.until("handling")
    used, strange = keep(picture(), "cgj"), keep(picture(colour="red"), "worker1")
    place = {"lng": first.lng, "lat": first.lat}
    district.act(first, Verb.ANSWER, "cgj", photos=[used.id], **place)
    for ident in (used.id, strange.id, uuid.uuid4(), "nonsense"):
        district.refused("photo", district.act, second, Verb.ANSWER, "cgj", photos=[ident], **place)
    assert district.verbs(second)[-1] == "take"


def test_the_same_picture_under_two_events_is_written_into_the_history(district, keep):
    first, second, data = district.until("handling"), district.until("handling"), picture()
    for event in (first, second):
        district.act(event, Verb.ANSWER, "cgj", lng=event.lng, lat=event.lat, photos=[keep(data, "cgj").id])
    assert "photo_reused" not in acting.log_of(district.conn, first.id)[-1].detail
    assert acting.log_of(district.conn, second.id)[-1].detail["photo_reused"] == [first.id]


@pytest.mark.parametrize("said", ["9999:12:31 23:59:59", "0001:01:01 00:00:00", "1980:01:01 00:00:00", "2026:09:04 09:58:00"])
def test_a_time_that_cannot_be_is_no_time_of_a_photo(keep, said):
    tags = Image.Exif()
    tags.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = said
    assert keep(picture(tags=tags)).taken_at is None


@pytest.mark.parametrize("zone", ["+99:99", "-24:00", "\0", "+23:59"])
def test_an_odd_offset_in_a_photo_is_no_reason_to_refuse_it(keep, zone):
    tags = Image.Exif()
    inner = tags.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal], inner[ExifTags.Base.OffsetTimeOriginal] = "9999:12:31 23:59:59", zone
    assert keep(picture(tags=tags)).taken_at is None
