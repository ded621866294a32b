"""README's table of places is true: every room exists, and every top-level folder is in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

TOP = Path(__file__).parents[2]


def places() -> list[str]:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    table = text.split("## 房间")[1].split("| 要加 |")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.M)


def test_every_place_in_the_readme_exists():
    lost = [p for p in places() if not (TOP / p).exists()]
    assert not lost, f"README.md names {lost}"


def test_every_top_level_folder_is_in_the_readme():
    tracked = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True).stdout.splitlines()
    folders = {t.split("/")[0] + "/" for t in tracked if "/" in t and not t.startswith(".")}
    named = {p.split("/")[0] + "/" for p in places()}
    assert folders <= named, folders - named


def test_every_room_of_brain_is_in_the_readme():
    rooms = {f"brain/{p.name}/" for p in (TOP / "brain").iterdir() if (p / "__init__.py").exists()}
    assert rooms <= set(places()), rooms - set(places())


def test_every_link_of_the_readmes_leads_somewhere():
    lost = []
    for name in ("README.md", "README.en.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (TOP / name).read_text(encoding="utf-8")):
            if "://" not in target and not (TOP / target).exists():
                lost.append(f"{name}: {target}")
    assert not lost, lost
