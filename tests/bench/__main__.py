"""`make bench`: measure, print one table with ratios, write `bench/results.json` and `bench/results.md`.

`python -m tests.bench bench_grid` measures one part anew and keeps the others as they were written.

Every speed stands beside a reference measured in the same run, because machines differ and are noisy.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
TOP = HERE.parents[1]
PARTS = ["bench_grid", "bench_intake", "bench_backfill", "bench_demo"]


def load(name: str):
    """A bench module by path: tests are no packages."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> int:
    wanted = sys.argv[1:] or PARTS
    console = Console(highlight=False)
    out = TOP / "bench"
    kept = json.loads((out / "results.json").read_text())["rows"] if (out / "results.json").exists() else []
    by_part = {part: [r for r in kept if r["part"] == part] for part in PARTS}
    for part in wanted:
        console.print(f"measuring {part} …")
        by_part[part] = [row | {"part": part} for row in load(part).rows()]
    rows = [row for part in PARTS for row in by_part[part]]
    table = Table(title="bench")
    for column in ("what", "figure", "unit", "reference", "ratio", "goal"):
        table.add_column(column)
    for row in rows:
        table.add_row(*(_text(row.get(c)) for c in ("what", "figure", "unit", "reference", "ratio", "goal")))
    console.print(table)
    out.mkdir(exist_ok=True)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    about = {
        "when": when,
        "machine": f"{platform.machine()}, {__import__('os').cpu_count()} cores",
        "python": platform.python_version(),
    }
    (out / "results.json").write_text(json.dumps({"about": about, "rows": rows}, ensure_ascii=False, indent=1) + "\n")
    lines = [
        "# Measured by `make bench`", "",
        f"{about['machine']}, Python {about['python']}, {when}. Machines are noisy: read the ratios first.", "",
        "| what | figure | unit | reference in the same run | ratio | goal |", "|---|---|---|---|---|---|",
        *("| " + " | ".join(_text(r.get(c)) for c in ("what", "figure", "unit", "reference", "ratio", "goal")) + " |" for r in rows),
    ]  # fmt: skip
    (out / "results.md").write_text("\n".join(lines) + "\n")
    return 0


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
