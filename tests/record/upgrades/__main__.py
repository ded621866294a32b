"""Dump this release for the upgrade test: `python -m tests.record.upgrades 0.2.0`. See README.md here."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from brain import catalog
from brain.local import postgres
from brain.store import db
from tests.record.upgrades import answers, dump, life

HERE = Path(__file__).parent
MOST = 400_000  # bytes of a dump: it stays in the repository for ever


def make(release: str, home: str = "") -> None:
    """Write `<release>/dump.sql` and `<release>/answers.json` from the code as it stands, on the plain body."""
    goal = HERE / release
    if goal.exists():
        raise SystemExit(f"{goal} is there already: a release is dumped once, from the code that was released")
    install, folder = postgres.installation(home), Path(tempfile.mkdtemp(prefix="brain-dump-"))
    server = postgres.Server(folder / "pg", install, durable=False, preload=False)
    server.start()
    try:
        url = server.url("postgres")
        db.migrate(url, body="plain")
        loaded = catalog.load()
        with db.connect(url, name="dump") as conn:
            life.live(conn, loaded)
            if empty := dump.empty_tables(conn):
                raise SystemExit(f"no rows in {', '.join(empty)}: let tests/record/upgrades/life.py write some")
            goal.mkdir()
            dump.write(install, url, goal / "dump.sql")
            said = answers.ask(conn, loaded)
        text = json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True)
        (goal / "answers.json").write_text(text + "\n", encoding="utf-8")
        for file in sorted(goal.iterdir()):
            if file.stat().st_size > MOST:
                raise SystemExit(f"{file.name} has {file.stat().st_size} bytes, more than {MOST}: let less happen in life.py")
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    make(sys.argv[1])
