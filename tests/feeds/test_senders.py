"""Who may speak on a telemetry line: what the frames claim, and what a registration makes of it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.identity import tcp_stations
from brain.identity.tcp_stations import FORMS, TcpStation
from ingest import feeds, senders
from ingest.feeds import Claim, gb26875, hj212
from ingest.feeds._sample import samples
from ingest.feeds.gb26875 import _frame as gb
from ingest.feeds.hj212 import _frame as hj
from ingest.feeds.sl651 import _frame as sl

AT = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
MN = "44140200A0000000000001F1"
LINE = "hj212/10.1.2.3:4411"


def frame(pw: str = "Ab12cd", mn: str = MN, cn: int = 2011) -> bytes:
    head = {"QN": "20260903100000000", "ST": 21, "CN": cn, "PW": pw, "MN": mn, "Flag": 5}
    return hj212.build(head, "DataTime=20260903100000;w01001-Rtd=7.1,w01001-Flag=N")


def station(feed: str = "hj212", id: str = MN, password: str | None = "Ab12cd", networks: tuple[str, ...] = (), **more) -> TcpStation:
    kept = None if password is None else tcp_stations.digest(feed, id, password)
    from brain.identity import chain

    known = {"centre": None, "org": "sthj", "digest": kept, "key": kept and chain.ring().id, "active": True} | more
    return TcpStation(feed=feed, id=id, networks=tuple(map(ip_network, networks)), **known)


# Claims -------------------------------------------------------------------------------------------------------------------
def test_each_protocol_says_who_sends():
    assert feeds.claims("hj212", LINE, frame()) == (Claim(MN, "Ab12cd"),)
    report = sl.frame("4414020001", 0x32, b"", centre=0x10, password=b"\x12\xab")
    assert feeds.claims("sl651", "sl651/10.1.2.3:1", report) == (Claim("4414020001", "12AB", 16),)
    packet = gb.build(gb.Packet(1, (1, 0), gb26875.label_of(AT), "440302000017", "000000000001", gb.SEND, b"\x15\x01\x00"))
    assert feeds.claims("gb26875", "gb26875/10.1.2.3:1", packet) == (Claim("440302000017"),)


@pytest.mark.parametrize("feed", sorted(FORMS))
def test_no_sample_has_a_reading_whose_sender_is_not_claimed(feed):
    """What is judged by its claims must not bring more than they cover."""
    for sample in samples(feed):
        try:
            found = feeds.load()[feed].parse(f"{feed}/-:1", sample.payload, AT)
        except feeds.BadMessage as err:
            found = err.rest
        claimed = {claim.id for claim in feeds.claims(feed, f"{feed}/-:1", sample.payload)}
        assert {r.station.partition("/")[0] for r in found} <= claimed, sample.name


def test_two_senders_in_one_message_are_both_judged():
    both = frame() + frame(pw="wrong1", mn="X" * 24)
    assert feeds.claims("hj212", LINE, both) == (Claim(MN, "Ab12cd"), Claim("X" * 24, "wrong1"))


@pytest.mark.parametrize("topic", ["file/abc/1", "push/hj212/sthj/k1/-", "city/441402/json/sthj/X", "-"])
def test_only_a_line_of_its_own_makes_a_claim(topic):
    assert feeds.claims("hj212", topic, frame()) == ()


@given(st.binary(max_size=300), st.sampled_from(sorted(FORMS)))
def test_no_bytes_make_the_question_fail(data, feed):
    feeds.claims(feed, f"{feed}/10.1.2.3:1", data)
    assert len(tcp_stations.masked(feed, data)) == len(data)


# What a registration makes of it ------------------------------------------------------------------------------------------
def asked(claim: Claim, known: TcpStation | None, where: str = "10.1.2.3", refuses: bool = False) -> str | None:
    return senders.refusal("hj212", claim, where, known, refuses)


def test_the_right_password_from_the_right_network_is_let_in():
    assert asked(Claim(MN, "Ab12cd"), station(networks=("10.1.0.0/16",))) is None


@pytest.mark.parametrize(
    ("claim", "known", "word"),
    [
        (Claim(MN, "Ab12cD"), {}, "口令不对"),
        (Claim(MN, ""), {}, "口令不对"),
        (Claim(MN, None), {}, "口令不对"),
        (Claim(MN, "Ab12cd"), {"networks": ("10.2.0.0/16", "192.168.0.1/32")}, "10.2.0.0/16、192.168.0.1/32"),
        (Claim(MN, "Ab12cd"), {"active": False}, "已停用"),
        (Claim(MN, "Ab12cd"), {"key": "00000000"}, "另一把签名密钥"),
        (Claim(MN, "Ab12cd", 3), {"centre": 16}, "中心站 16"),
    ],
)
def test_all_else_is_turned_away_with_the_command_that_mends_it_and_without_a_password(claim, known, word):
    said = asked(claim, station(**known))
    assert said is not None and word in said and "brain tcp" in said and MN in said
    assert "Ab12c" not in said


def test_one_who_is_not_registered_is_let_in_or_not_by_the_catalog():
    assert asked(Claim(MN, "123456"), None) is None
    said = asked(Claim(MN, "123456"), None, refuses=True)
    assert said is not None and f"brain tcp add hj212 {MN}" in said and "123456" not in said


def test_a_password_is_bound_to_its_station():
    assert tcp_stations.digest("hj212", "A", "x1") != tcp_stations.digest("hj212", "B", "x1")
    assert tcp_stations.digest("hj212", "A", "x1") != tcp_stations.digest("sl651", "A", "x1")


@pytest.mark.parametrize(
    ("where", "inside"), [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("10.2.0.1", False), ("?", False), ("", False), ("::1", False)]
)
def test_an_address_that_cannot_be_read_lies_in_no_network(where, inside):
    assert senders.within(where, [ip_network("10.1.0.0/16")]) is inside


# What may be shown --------------------------------------------------------------------------------------------------------
def test_a_password_is_masked_where_a_message_is_shown_whole_torn_or_broken():
    raw = frame(pw="Ab12cd")
    shown = tcp_stations.masked("hj212", raw)
    assert b"Ab12cd" not in shown and len(shown) == len(raw) and MN.encode() in shown
    assert b"Ab12" not in tcp_stations.masked("hj212", raw[: raw.index(b"Ab12cd") + 4])
    report = sl.frame("4414020001", 0x32, b"\n\n", password=b"\n\xab")
    assert tcp_stations.masked("sl651", b"x" + report)[9:11] == b"**"
    with pytest.raises(feeds.BadMessage) as found:
        hj.read(b"QN=1;PW=Ab12cd;MN=1")
    assert "Ab12cd" not in found.value.reason


@pytest.mark.parametrize("feed", ["hj212", "sl651"])
def test_a_drawn_password_fits_its_protocol_and_is_none_that_everybody_knows(feed):
    form = FORMS[feed].password
    assert form is not None
    for _ in range(200):
        word = tcp_stations.drawn(feed, ("0000", "123456"))
        assert form.fullmatch(word) and word not in ("0000", "123456")


# Uploaded files -----------------------------------------------------------------------------------------------------------
def test_an_uploaded_file_has_a_sender_and_one_laid_down_has_none():
    assert feeds.sender(feeds.row_topic("abc", "swj") + "7") == "swj"
    assert feeds.sender(feeds.row_topic("abc") + "7") is None
