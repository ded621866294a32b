"""Who may import whom: geo <- layers <- brain <- ingest, and inside brain. Read from the source, not from memory."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
OURS = ("geo", "layers", "brain", "ingest")
LOW = {"brain.city", "brain.model", "brain.rowwise", "brain.settings", "brain.catalog", "brain.rules", "brain.store"}
MIDDLE = LOW | {"geo", "brain.sheets", "brain.identity", "brain.notify", "brain.flow"}
MAY = {
    "geo": {"geo"},
    "layers": {"geo", "layers"},
    "brain.city": set(),
    "brain.model": {"brain.city"},
    "brain.rowwise": {"brain.model"},
    "brain.settings": set(),
    "brain.catalog": {"brain.city", "brain.model", "brain.rules", "brain.catalog"},
    "brain.rules": {"brain.city", "brain.model", "brain.rules"},
    "brain.store": {"brain.model", "brain.store"},
    "brain.sheets": {"geo", "brain.city", "brain.model", "brain.catalog", "brain.rules", "brain.sheets"},
    "brain.identity": LOW | {"brain.identity"},
    "brain.notify": LOW | {"brain.identity", "brain.notify"},
    "brain.flow": MIDDLE,
    "brain.engine": MIDDLE | {"brain.engine"},
    "brain.report": MIDDLE | {"layers", "brain.report"},
    "brain.web": MIDDLE | {"layers", "brain.report", "brain.web", "brain.cities"},
    "brain.cities": {"geo", "brain"},
    "brain.commands": {"geo", "brain"},
    "brain.local": {"geo", "brain"},
    "brain.__main__": {"brain"},
    "ingest": MIDDLE | {"ingest"},
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in OURS:
        for file in sorted((TOP / package).rglob("*.py")):
            parts = list(file.relative_to(TOP).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            found.append((".".join(parts), file))
    return found


def imports(name: str, file: Path) -> set[str]:
    """Dotted names of ours that a file imports; `from brain import catalog` is brain.catalog."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, *([base] if base else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                is_module = (TOP / whole.replace(".", "/")).is_dir() or (
                    TOP / (whole.replace(".", "/") + ".py")
                ).exists()
                found.add(whole if is_module else base)
    return {f for f in found if f.split(".")[0] in OURS}


def room_of(name: str) -> str:
    return max((room for room in MAY if name == room or name.startswith(room + ".")), key=len, default="")


def test_every_import_goes_the_allowed_way():
    wrong = []
    for name, file in modules():
        room = room_of(name)
        if name in OURS and name != room:
            continue
        allowed = MAY.get(room)
        if allowed is None:
            continue
        for target in sorted(imports(name, file)):
            if target in ("brain", "brain.__version__"):
                continue  # the version
            if not any(target == a or target.startswith(a + ".") for a in allowed):
                wrong.append(f"{name} imports {target}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ["ingest", "geo", "layers", "brain.rules.lifecycle", "brain.flow.events.acting"])
def test_importing_a_lower_room_does_not_import_dash(package):
    code = f"import sys, {package}; sys.exit('dash' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=TOP).returncode == 0


def test_no_two_files_import_each_other_in_a_circle():
    """Inside a room, too, and for the type checker's eyes only as well: what two files need stands in a third.

    A package's `__init__.py` stands for its files only where it holds names of theirs.
    """
    names = dict(modules())
    graph = {name: {t for t in imports(name, file) if t in names and t != name} for name, file in names.items()}
    circles, state = [], dict.fromkeys(graph, 0)

    def walk(name: str, path: list[str]) -> None:
        state[name] = 1
        for target in sorted(graph[name]):
            if state[target] == 1:
                circles.append(" → ".join([*path[path.index(target) :], target]))
            elif state[target] == 0:
                walk(target, [*path, target])
        state[name] = 2

    for name in sorted(graph):
        if state[name] == 0:
            walk(name, [name])
    assert not circles, "\n".join(circles)


def test_rules_see_no_clock_no_file_and_no_database():
    forbidden = re.compile(r"datetime\.now\(|time\.time\(|utcnow|psycopg|(?<![\w.])open\(")
    wrong = []
    for name, file in modules():
        if name.startswith("brain.rules"):
            wrong += [f"{name}: {bad}" for bad in forbidden.findall(file.read_text(encoding="utf-8"))]
    assert not wrong, "\n".join(wrong)


def test_every_package_says_its_duty():
    lost = [
        name for name, file in modules() if not (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "")
    ]
    assert not lost, f"no module docstring: {lost}"


def test_no_folder_of_tests_is_a_package():
    assert not list((TOP / "tests").rglob("__init__.py"))
