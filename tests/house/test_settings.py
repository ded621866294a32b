"""Settings: each documented, each error names the variable, a misspelt name is refused."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from brain.settings import BadSetting, Settings, env_name, read

TOP = Path(__file__).parents[2]


def test_every_setting_is_in_the_docs_with_its_default():
    text = (TOP / "docs/settings.md").read_text(encoding="utf-8")
    lost = [env_name(f.name) for f in fields(Settings) if f"| `{env_name(f.name)}` | `{f.default}`" not in text]
    assert not lost, f"docs/settings.md lacks (or has another default for) {lost}"


def test_the_docs_name_no_setting_that_is_gone():
    import re

    text = (TOP / "docs/settings.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(BRAIN_[A-Z_]+)`", text))
    known = {env_name(f.name) for f in fields(Settings)} | {"BRAIN_SETTINGS"}
    assert named <= known, named - known


def test_every_setting_has_a_sentence():
    assert all(f.metadata["says"] and f.metadata["words"] for f in fields(Settings) if f.default is not MISSING)


def test_a_misspelt_setting_is_refused_by_name():
    with pytest.raises(BadSetting, match="BRAIN_HTP_PORT"):
        read({"BRAIN_HTP_PORT": "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("BRAIN_HTTP_PORT", "eighty"), ("BRAIN_HTTP_PORT", "70000"), ("BRAIN_REPLAY_SPEED", "0"), ("BRAIN_STORAGE", "oracle"),
     ("BRAIN_REPLAY", "perhaps")],
)  # fmt: skip
def test_a_bad_value_is_refused_by_name(name, value):
    with pytest.raises(BadSetting, match=name):
        read({name: value})


def test_the_environment_wins_over_the_settings_file(tmp_path):
    path = tmp_path / "brain.env"
    path.write_text("# demo\nBRAIN_HTTP_PORT=9001\nBRAIN_REPLAY_SPEED=60\n")
    settings = read({"BRAIN_SETTINGS": str(path), "BRAIN_HTTP_PORT": "9002"})
    assert (settings.http_port, settings.replay_speed) == (9002, 60.0)


def test_a_bad_line_of_the_settings_file_is_named(tmp_path):
    path = tmp_path / "brain.env"
    path.write_text("BRAIN_HTTP_PORT 9001\n")
    with pytest.raises(BadSetting, match="第 1 行"):
        read({"BRAIN_SETTINGS": str(path)})


def test_a_secret_may_come_from_a_file(tmp_path):
    path = tmp_path / "url"
    path.write_text("postgresql://x/y\n")
    assert read({"BRAIN_DATABASE_URL_FILE": str(path)}).database_url == "postgresql://x/y"


def test_a_missing_secret_file_is_named(tmp_path):
    with pytest.raises(BadSetting, match="BRAIN_SECRET_KEY_FILE"):
        read({"BRAIN_SECRET_KEY_FILE": str(tmp_path / "none")})
