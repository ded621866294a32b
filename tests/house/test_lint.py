"""What `make lint` says of the Python, as tests: so CI, which runs `make test`, cannot pass without them.

eslint is not among them: its rules come from npm's registry, which a test must not need.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[2]
SETTINGS = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pyright"]


def test_ruff_has_nothing_to_say():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format", "concise", "."], cwd=TOP, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pyright_finds_no_error():
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"],
        cwd=TOP, capture_output=True, text=True, env=os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    )  # fmt: skip
    said = json.loads(done.stdout)
    wrong = [
        f"{Path(d['file']).relative_to(TOP)}:{d['range']['start']['line'] + 1} {d.get('rule', '')}: {d['message'].splitlines()[0]}"
        for d in said["generalDiagnostics"]
        if d["severity"] == "error"
    ]
    assert wrong == []
    assert said["summary"]["filesAnalyzed"] > 300  # of nothing, nothing is wrong


def test_every_package_is_type_checked_and_the_rooms_of_decisions_strictly():
    assert set(SETTINGS["include"]) == {"geo", "layers", "brain", "ingest"}
    assert set(SETTINGS["strict"]) >= {"brain/rules", "brain/identity"}
    assert [room for room in (*SETTINGS["include"], *SETTINGS["strict"]) if not (TOP / room).is_dir()] == []


def test_no_line_of_the_strict_rooms_opens_a_hole_for_a_whole_file():
    files = [file for room in SETTINGS["strict"] for file in (TOP / room).rglob("*.py")]
    assert [f.name for f in files if "# pyright: basic" in (text := f.read_text(encoding="utf-8")) or "=false" in text] == []


def test_the_hooks_need_no_other_repository():
    hooks = yaml.safe_load((TOP / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [r["repo"] for r in hooks] == ["local"]
    assert {h["id"]: h["language"] for h in hooks[0]["hooks"]} == dict.fromkeys(("ruff", "pyright", "eslint"), "system")


def test_the_linter_of_javascript_is_pinned_and_its_lock_names_no_host():
    wanted = json.loads((TOP / "scripts/eslint/package.json").read_text(encoding="utf-8"))["devDependencies"]
    text = (TOP / "scripts/eslint/package-lock.json").read_text(encoding="utf-8")
    locked = json.loads(text)["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert "://" not in text
    assert all("integrity" in package for path, package in locked.items() if path)
