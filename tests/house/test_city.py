"""Which city this is and which clock it keeps stand in one place each: no code names a district or a zone besides."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from brain import catalog
from brain.catalog import BadCatalog
from brain.city import BEIJING, DISTRICT, HERE, ZONE

TOP = Path(__file__).parents[2]
HOME = TOP / "brain" / "city.py"
DEMO = ("brain/cities/meijiang/", "brain/cities/")  # the demo city names itself
SEEDS = {"RNG", "SEED"}  # numbers that start a generator


def texts(file: Path) -> list[str]:
    """The strings of a file that a program sees: no docstrings, no comments."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    told = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def test_no_code_names_the_district_or_the_zone_but_the_one_place():
    wrong = []
    for package in ("geo", "layers", "brain", "ingest"):
        for file in sorted((TOP / package).rglob("*.py")):
            where = file.relative_to(TOP).as_posix()
            if file != HOME and not where.startswith(DEMO):
                wrong += [f"{where}: {t!r}" for t in texts(file) if DISTRICT in t or HERE.name in t or ZONE.key in t]
    assert not wrong, "\n".join(wrong)


def test_beijing_time_is_made_once():
    made = [
        file.relative_to(TOP).as_posix()
        for package in ("layers", "brain", "ingest")
        for file in (TOP / package).rglob("*.py")
        if file != HOME and ("timezone(timedelta(hours=8))" in (text := file.read_text(encoding="utf-8")) or "ZoneInfo(" in text)
    ]
    assert made == []


def test_the_two_clocks_agree_today():
    moment = datetime(2026, 9, 3, 10, tzinfo=ZONE)
    assert moment.utcoffset() == BEIJING.utcoffset(None) == catalog.load().calendar.utc_offset


def said_in(folder: Path, code: str) -> str:
    """What a fresh process of that city prints."""
    env = os.environ | {"BRAIN_CATALOG": str(folder)}
    run = subprocess.run([sys.executable, "-c", code], cwd=TOP, env=env, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_a_citys_own_folder_changes_code_topics_and_name(tmp_path):
    (tmp_path / "city.toml").write_text('district = "440304"\nname = "福田区"\n', encoding="utf-8")
    code = (
        "import json; from brain import catalog, city, model; from ingest import feeds;"
        "print(json.dumps([city.HERE.district, model.DISTRICT, feeds.topic('rain'), catalog.load(%r).city.name]))"
    )
    found = json.loads(said_in(tmp_path, code % str(tmp_path)))
    assert found == ["440304", "440304", "city/440304/rain/+/+", "福田区"]


def test_a_process_is_of_the_shipped_city_where_the_file_says_nothing(tmp_path):
    (tmp_path / "city.toml").write_text('name = "梅江新区"\n', encoding="utf-8")
    assert said_in(tmp_path, "from brain.city import HERE; print(HERE.district, HERE.name)") == f"{DISTRICT} 梅江新区"


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('district = "44140"', "district", "6 位"),
        ("district = 441402", "district", "文字"),
        ('name = " "', "name", "名称"),
        ('distrct = "441402"', "distrct", "district"),
    ],
)
def test_a_wrong_file_stops_the_start_up_and_names_the_key(tmp_path, line, key, says):
    (tmp_path / "city.toml").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(BadCatalog) as caught:
        catalog.load(str(tmp_path))
    assert "city.toml" in str(caught.value) and key in str(caught.value) and says in str(caught.value)
    assert said_in(tmp_path, "from brain.city import HERE; print(HERE.district)") == DISTRICT
