"""The command `python -m ingest`: what it says and what it answers."""

from __future__ import annotations

import json

import pytest

from ingest import feeds, practice
from ingest.__main__ import main


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert all(word in said for word in ("run", "replay", "feeds", "decode", "send", "tap", "mend", "acl", "BRAIN_MQTT_URL"))


def test_decode_prints_a_line_a_message(tmp_path, capsys):
    file = tmp_path / "message.json"
    file.write_text('{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":12.5,"p3":20.1}')
    assert main(["decode", "rain", str(file)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    first, second = json.loads(line)["readings"]
    assert first == {
        "station": "RG-01", "kind": "rain_1h", "value": 12.5, "unit": "mm", "at": "2026-09-03T08:00:00+08:00",
        "quality": "ok",
    }  # fmt: skip
    assert second["kind"] == "rain_3h"


def test_decode_says_what_is_wrong_and_ends_with_one(tmp_path, capsys):
    file = tmp_path / "message.json"
    file.write_text('{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":12.5,"p3":"x"}')
    assert main(["decode", "rain", str(file)]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [r["kind"] for r in said["readings"]] == ["rain_1h"]
    assert (said["ok"], said["rule"]) == (False, "value") and "“p3”应是数字" in said["error"]


def test_decode_reads_many_lines(tmp_path, capsys):
    file = tmp_path / "messages.jsonl"
    file.write_text('{"stcd":"RG-01","tm":1788393600,"p1":1}\n{"stcd":"RG-02","tm":1788393600,"p1":2}\n')
    assert main(["decode", "rain", str(file)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(line["ok"] for line in lines)
    assert [line["readings"][0]["station"] for line in lines] == ["RG-01", "RG-02"]


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        ('{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":1e400,"p3":2}', "value"),
        ('{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":Infinity,"p3":2}', "value"),
        ('{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":-5,"p3":2}', "range"),
        ('{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":99999,"p3":2}', "range"),
        ('{"readings":[{"station":"RG-01","kind":"rain_1h","value":99,"unit":"m","at":1788393600},'
         '{"station":"RG-01","kind":"rain_3h","value":2,"at":1788393600}]}', "range"),
        ('{"readings":[{"station":"RG-01","kind":"x","value":1e400,"at":1788393600},'
         '{"station":"RG-01","kind":"rain_3h","value":2,"at":1788393600}]}', "value"),
    ],
)  # fmt: skip
def test_decode_refuses_what_the_writer_would(tmp_path, capsys, payload, rule):
    file = tmp_path / "message.json"
    file.write_text(payload)
    assert main(["decode", "rain", str(file), "--topic", "city/441402/rain/qxj/RG-01"]) == 1
    said = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (said["ok"], said["rule"]) == (False, rule) and "；" in said["error"]
    assert [r["kind"].removeprefix("?") for r in said["readings"]] == ["rain_3h"]


def test_decode_refuses_a_time_that_cannot_be(tmp_path, capsys):
    file = tmp_path / "message.json"
    file.write_text('{"stcd":"RG-01","tm":"2091-09-03 08:00","p1":1}')
    assert main(["decode", "rain", str(file)]) == 1
    assert json.loads(capsys.readouterr().out)["rule"] == "time"


def test_decode_says_what_only_the_database_knows(tmp_path, capsys):
    file = tmp_path / "message.json"
    file.write_text('{"station":"RG-01","kind":"Regen","value":1,"unit":"Fass","at":"2026-09-03 08:00"}')
    assert main(["decode", "rain", str(file)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert "登记" in said["unchecked"] and "Regen" in said["pending"][0]
    assert (said["readings"][0]["kind"], said["readings"][0]["unit"]) == ("?Regen", "Fass")


def test_decode_tells_every_refusal_of_a_message(tmp_path, capsys):
    file = tmp_path / "message.json"
    file.write_text('{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":"x","p3":-1,"p6":-2}')
    assert main(["decode", "rain", str(file)]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [said["rule"], *(one["rule"] for one in said["more"])] == ["value", "range", "range"]


def test_decode_of_a_file_that_is_not_there_says_so(tmp_path, capsys):
    assert main(["decode", "rain", str(tmp_path / "none.json")]) == 2
    assert "读不了" in capsys.readouterr().err


def test_feeds_lists_every_feed_with_its_topic(capsys):
    assert main(["feeds"]) == 0
    said = capsys.readouterr().out
    assert all(module.FEED.topic in said and module.FEED.title in said for module in feeds.load().values())


def test_a_line_that_cannot_be_read_spares_the_next_one(tmp_path, capsys):
    file = tmp_path / "messages.jsonl"
    file.write_text('{"stcd":"RG-01","tm":1788393600,"p1":"?"}\n{"stcd":"RG-02","tm":1788393600,"p1":2}\n')
    assert main(["decode", "rain", str(file)]) == 1
    assert [json.loads(line)["ok"] for line in capsys.readouterr().out.splitlines()] == [False, True]


@pytest.mark.parametrize("command", ["run", "replay", "mend", "tap rain"])
def test_a_command_without_a_database_says_which_setting_is_missing(command, monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("BRAIN_DATABASE_URL", raising=False)
    monkeypatch.setenv("BRAIN_HOME", str(tmp_path))
    assert main(command.split()) == 2
    assert "BRAIN_DATABASE_URL" in capsys.readouterr().err


# The practice of intake -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("command", [["acl", "mosquitto"], ["decode", "rain", "-"]], ids=lambda c: c[0])
def test_a_setting_that_is_wrong_is_told_by_every_command_and_not_with_a_traceback(command, monkeypatch, capsys):
    monkeypatch.setenv("BRAIN_HTP_PORT", "1")
    assert main(command) == 2
    assert "BRAIN_HTP_PORT" in capsys.readouterr().err


def test_a_city_changes_only_what_it_names(tmp_path):
    (tmp_path / "intake.toml").write_text("[time]\ntwin_s = 600\n")
    (tmp_path / "bounds.toml").write_text("[reading]\nahead_s = 60\n")
    own, shipped = practice.load(str(tmp_path)), practice.load()
    assert (own.twin.total_seconds(), own.ahead.total_seconds()) == (600, 60)
    assert (own.size, own.absurd, own.oldest) == (shipped.size, shipped.absurd, shipped.oldest)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[time]\nahead_s = 600\n", "time.ahead_s"),
        ("[tim]\ntwin_s = 600\n", "[tim]"),
        ("[time]\ntwin_s = -1\n", "time.twin_s=-1"),
        ("[mqtt]\nretry_s = []\n", "mqtt.retry_s"),
        ("[batch]\nsize = 1.5\n", "batch.size"),
        ("[time\n", "TOML"),
    ],
)
def test_a_mistake_in_it_stops_the_start_and_is_named(tmp_path, text, named):
    (tmp_path / "intake.toml").write_text(text)
    with pytest.raises(practice.BadPractice, match=r"intake\.toml") as err:
        practice.load(str(tmp_path))
    assert named in str(err.value)
