"""Polling with a real web server and a real database: nothing is skipped, nothing is stored twice."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from ingest import practice
from ingest.doors.poll import sources
from ingest.doors.poll.polling import ask
from tests.record.intake.poll.polled import FIRMS, NOW, RAIN, Site, answer, rain, told


def test_what_is_new_is_stored_and_nothing_is_offered_twice(poller, site, hands):
    one = poller(RAIN)
    answer(site, [rain(1), rain(2, station="RG-77")])
    one.turn()
    hands.now += timedelta(seconds=60)
    answer(site, [rain(1), rain(2, station="RG-77"), rain(0)])
    one.turn()
    assert len(hands.readings()) == 2
    assert len(hands.letters()) == 1, "the dead row must not come again each time"
    assert hands.letters()[0]["topic"] == "poll/rain/a/-"
    assert hands.adds_up()["rain"].received == 3


def test_a_source_is_not_asked_before_it_is_due(poller, site, hands):
    one = poller(RAIN)
    answer(site, [rain(1)])
    one.turn()
    hands.now += timedelta(seconds=59)
    assert one.turn() == 1.0
    assert len(site.asked) == 1


def test_a_late_row_older_than_the_cursor_is_still_read(poller, site, hands):
    one = poller(RAIN + 'cursor = "tm"\ncursor_as = "time"\nback = 3600\n')
    answer(site, [rain(0)])
    one.turn()
    hands.now += timedelta(seconds=60)
    answer(site, [rain(0), rain(1800)])
    one.turn()
    assert len(hands.readings()) == 2
    assert told(hands.look)["cursor"] == NOW.isoformat()


def test_a_row_from_the_far_future_does_not_carry_the_cursor_away(poller, site, hands):
    one = poller(RAIN + 'cursor = "tm"\ncursor_as = "time"\n')
    answer(site, [rain(10), rain(0) | {"tm": "2099-01-01T00:00:00Z"}])
    one.turn()
    hands.now += timedelta(seconds=60)
    answer(site, [rain(5)])
    one.turn()
    assert len(hands.readings()) == 2
    assert [letter["rule"] for letter in hands.letters()] == ["time"]


def test_a_station_whose_clock_runs_hours_ahead_does_not_hide_the_rows_of_the_others(poller, site, hands):
    one = poller(RAIN + 'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\ncursor_start = "2026-09-01T00:00:00Z"\n')
    there = [rain(10), rain(-20 * 3600, station="RG-02")]
    site.answers["/rain"] = lambda query: json.dumps(
        [r for r in there if datetime.fromisoformat(r["tm"]) >= datetime.fromisoformat(query["since"][0])]
    ).encode()
    one.turn()
    there.append(rain(-30))
    hands.now += timedelta(seconds=60)
    one.turn()
    assert told(hands.look)["last_error"] == ""
    assert len([r for r in hands.readings() if r[0] == "RG-01"]) == 2


def test_the_cursor_goes_into_the_question_as_the_source_wants_it(poller, site, hands):
    text = RAIN + (
        'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\nback = 60\n'
        'cursor_start = "2026-09-01T00:00:00+08:00"\ncursor_out = "%Y-%m-%d %H:%M:%S"\n'
    )
    one = poller(text)
    answer(site, [rain(0)])
    one.turn()
    hands.now += timedelta(seconds=60)
    one.turn()
    asked = [parse_qs(urlsplit(path).query)["since"][0] for path, _, _ in site.asked]
    assert asked == ["2026-09-01 00:00:00", "2026-09-03 09:59:00"]


def test_a_full_page_is_followed_by_the_next_at_once(poller, site, hands):
    everything = [rain(100 - n) for n in range(25)]

    def page(query: dict) -> bytes:
        since = datetime.fromisoformat(query["since"][0])
        return json.dumps([r for r in everything if datetime.fromisoformat(r["tm"]) >= since][:10]).encode()

    site.answers["/rain"] = page
    one = poller(
        RAIN + 'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\npage = 10\n'
        'cursor_start = "2026-09-01T00:00:00+08:00"\n'
    )
    assert one.turn() == 0
    while one.turn() == 0:
        pass
    assert len(hands.readings()) == 25
    assert hands.adds_up()["rain"].duplicate == 0


def test_a_full_page_of_one_moment_is_told_as_trouble_and_not_asked_for_ever(poller, site, hands):
    site.answers["/rain"] = json.dumps([rain(5, v) for v in range(10)]).encode()
    one = poller(
        RAIN + 'params = { since = "{cursor}" }\ncursor = "tm"\ncursor_as = "time"\npage = 10\n'
        'cursor_start = "2026-09-01T00:00:00+08:00"\n'
    )
    one.turn()
    one.turn()
    assert "满页" in told(hands.look)["last_error"]


def test_a_secret_from_a_file_goes_into_the_header_and_into_no_error(poller, site, hands, tmp_path):
    (tmp_path / "token").write_text("s3cret-s3cret\n")
    one = poller(RAIN + 'secret_file = "token"\nheaders = { Authorization = "Bearer {secret}" }\n')
    site.answers["/rain"] = (403, b"no")
    one.turn()
    assert site.asked[0][1]["Authorization"] == "Bearer s3cret-s3cret"
    assert "403" in told(hands.look)["last_error"] and "s3cret" not in told(hands.look)["last_error"]


def test_firms_hotspots_in_the_box_are_stored_and_late_passes_are_read(poller, site, hands):
    one = poller('feed = "fire"\nfrom = "firms"\nurl = "SITE/firms"\nbox = [116.0, 24.2, 116.2, 24.4]\n')
    site.answers["/firms"] = (FIRMS + "24.3,116.1,331,2026-09-03,100,N20,n,4.2\n40,100,331,2026-09-03,100,T,n,1\n").encode()
    one.turn()
    hands.now += timedelta(seconds=60)
    site.answers["/firms"] += b"24.3,116.1,331,2026-09-02,2355,N20,h,7.5\n"
    one.turn()
    assert len(hands.readings()) == 4  # power and confidence of two
    assert hands.letters() == []
    assert told(hands.look)["cursor"] == "2026-09-03T01:00:00+00:00"


def test_a_form_is_posted_with_the_cursor_in_it(declared, site):
    text = RAIN + (
        'method = "POST"\nform = { action = "getRealDatas", since = "{cursor}" }\ncursor = "n"\ncursor_as = "number"\n'
        "cursor_start = 7\n"
    )
    answer(site, [])
    source = declared(text)
    assert ask(source, sources.since(source, None), practice.load().poll) == []
    assert parse_qs(site.asked[0][2].decode()) == {"action": ["getRealDatas"], "since": ["7"]}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ((500, b"oops"), "答了 500"), ((302, b""), "跳转不跟随"), (b"<html>", "不是合法的 JSON"), (b'{"a": 1', "JSON"),
        (b'"x"', "不是列表"), (b"[1]", "不是对象"), (b"[" + b" " * 3000 + b"]", "超过 2000 字节"),
        (json.dumps([{}] * 51).encode(), "超过 50 行"), (b"\xff\xff", "不是 UTF-8"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_trouble_that_says_what_to_do(declared, site, said, says):
    site.answers["/rain"] = said
    with pytest.raises(sources.Trouble, match=says) as told:
        ask(declared(RAIN), None, replace(practice.load().poll, rows_max=50, answer_max=2000))
    assert "；" in str(told.value)


def test_trouble_leaves_the_cursor(poller, site, hands):
    one = poller(RAIN)
    site.answers["/rain"] = (500, b"oops")
    assert one.turn() > 0
    row = told(hands.look)
    assert "答了 500" in row["last_error"] and (row["cursor"], row["failures"], row["at"]) == (None, 1, None)


def test_pauses_grow_while_a_source_fails_and_end_when_it_is_back(poller, site, hands):
    one = poller(RAIN)
    site.answers["/rain"] = (503, b"")
    pauses = []
    for _ in range(3):
        one.turn()
        pauses.append((told(hands.look)["next_at"] - hands.now).total_seconds())
        hands.now = told(hands.look)["next_at"]
    assert pauses == list(hands.practice.poll.retry_s[:3])
    answer(site, [rain(1)])
    one.turn()
    assert (told(hands.look)["failures"], told(hands.look)["last_error"]) == (0, "")


def test_a_source_that_does_not_answer_in_time_is_given_up(poller, site, hands):
    gate = threading.Event()
    site.answers["/rain"] = lambda query: gate.wait(10) and b"[]"
    poller(RAIN + "timeout_s = 0.2\n").turn()
    gate.set()
    assert "没有应答" in told(hands.look)["last_error"]


def test_a_source_that_drips_is_given_up_when_its_time_is_over(declared, site):
    site.answers["/rain"] = 0.05
    with pytest.raises(sources.Trouble, match="没有答完"):
        ask(declared(RAIN + "timeout_s = 0.4\n"), None, practice.load().poll)


@pytest.mark.parametrize("secret", ["s3cret", "0123456789abcdef" * 4, "p w/+&=%?"], ids=["short", "cut_in_the_middle", "quoted"])
@pytest.mark.parametrize("answer", ["Invalid key {}", '"https://theirs/?key={}"'])
def test_a_source_that_sends_the_secret_back_does_not_bring_it_into_the_log(declared, site, tmp_path, secret, answer):
    (tmp_path / "token").write_text(secret)
    site.answers["/rain"] = lambda query: answer.format(quote(secret) if "?" in answer else secret).encode()
    with pytest.raises(sources.Trouble, match=r"\*\*\*") as told:
        ask(declared(RAIN + 'secret_file = "token"\nparams = { key = "{secret}" }\n'), None, practice.load().poll)
    assert not any(secret[n : n + 5] in str(told.value) for n in range(len(secret) - 4))


def test_a_server_without_a_trusted_certificate_is_not_asked(poller, site, hands, tmp_path):
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    began = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, began, began + timedelta(days=9))
    certificate = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())  # fmt: skip
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    site_over_tls = Site()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    site_over_tls.server.socket = context.wrap_socket(site_over_tls.server.socket, server_side=True)
    try:
        url = f"https://localhost:{site_over_tls.server.server_port}/rain"
        answer(site_over_tls, [rain(1)])
        poller(RAIN.replace("SITE/rain", url)).turn()
        assert "证书不可信" in told(hands.look)["last_error"]
        assert site_over_tls.asked == []
        hands.now += timedelta(hours=1)
        poller(RAIN.replace("SITE/rain", url) + 'ca_file = "cert.pem"\n').turn()
        assert len(hands.readings()) == 1
    finally:
        site_over_tls.close()
