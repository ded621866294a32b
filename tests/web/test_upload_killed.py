"""A process that is killed while it sends a file leaves the file and its act, or neither: at each step of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from brain.catalog import load
from brain.identity import chain, people
from brain.identity.doing import Doer, Via
from brain.store import db
from brain.web.pages.upload import page, sending
from brain.web.pages.upload.recent import MAP

STEPS = ("halfway", "laid", "committed", "mapped", "published")
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from brain import catalog
from brain.identity import chain, people
from brain.identity.doing import Doer, Via
from brain.store import db
from brain.web.pages.upload import page, sending
url, home, token, step = sys.argv[1:]
home, die = Path(home), lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
chain.use(Path(home / "secret").read_text())
if step == "halfway":
    sending.lay = lambda path, here: (here.write_bytes(path.read_bytes()[:3]), die())
lay, act, publish = sending.lay, page.act_audited, sending.publish
if step == "laid":
    page.act_audited = die
if step == "committed":
    sending.publish = die
if step == "mapped":
    rename = Path.rename
    Path.rename = lambda self, to: rename(self, to) if str(to).endswith(".map.json") else die()
if step == "published":
    Path.unlink = die
state = SimpleNamespace(settings=SimpleNamespace(home=home, drop=home / "drop"), catalog=catalog.load())
with db.connect(url, name="sender") as conn:
    person = people.by_login(conn, "swj1")
    taker = page.takers_of(person, state.catalog)["water"]
    held = {"token": token, "name": "水位.csv"}
    page._checked = lambda *a: {"a": "station"}
    page._send(conn, state, Doer(person, "1.2.3.4", Via.PAGE), taker, "water", held, [], datetime.now(UTC))
"""


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_sending(city_url, tmp_path, step):
    secret = "s" * 48
    (tmp_path / "secret").write_text(secret)
    with db.connect(city_url, name="tests") as conn:
        person = people.by_login(conn, "swj1")
        now = datetime.now(UTC)
        token = page.stage(tmp_path, person, "水位.csv", b"a,b\n1,2\n", now)
        kept = page.held_path(tmp_path, person, token)
        env = os.environ | {"PYTHONPATH": str(Path(page.__file__).parents[4])}
        ran = subprocess.run([sys.executable, "-c", KILLED, city_url, str(tmp_path), token, step], env=env, capture_output=True)
        assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()[-2000:]

        drop = tmp_path / "drop"
        assert sending.sweep(conn, drop, now) == (0, 0), "what is under way was touched"
        finished, undone = sending.sweep(conn, drop, now + 2 * sending.UNDER_WAY)
        lines = conn.execute("SELECT * FROM audit WHERE action = 'file_send' AND at >= %s", [now]).fetchall()
        files = [f for f in (drop / "water").iterdir()]
        assert not [f for f in files if f.name.startswith(".")]
        if step in ("halfway", "laid"):
            assert (finished, undone) == (0, 1) and not lines and not files and kept.exists()
        else:
            assert (finished, undone) == ((0, 0) if step == "published" else (1, 0))
            (line,) = lines
            data = next(f for f in files if not f.name.endswith(MAP))
            assert line["ok"] and line["object"] == f"file:water/{data.name}" and data.read_bytes() == b"a,b\n1,2\n"
            assert data.with_name(data.name + MAP).exists() and len(files) == 2
        assert sending.sweep(conn, drop, now + 3 * sending.UNDER_WAY) == (0, 0)


def test_hidden_files_of_others_are_left_alone(city_url, tmp_path):
    folder = tmp_path / "water"
    folder.mkdir()
    for name in (".a.csv.Xy12", ".nfs0001", ".20260903-100000-zzz-a.csv"):
        (folder / name).write_bytes(b"x")
    with db.connect(city_url, name="tests") as conn:
        assert sending.sweep(conn, tmp_path, datetime.now(UTC) + timedelta(days=1)) == (0, 0)
    assert len(list(folder.iterdir())) == 3


def test_an_act_that_cannot_be_written_leaves_no_file(city_url, tmp_path, monkeypatch):
    """Without a key no line can be written; then nothing lies in the drop folder, and the sender still has his file."""
    from types import SimpleNamespace

    state = SimpleNamespace(settings=SimpleNamespace(home=tmp_path, drop=tmp_path / "drop"), catalog=load())
    with db.connect(city_url, name="tests") as conn:
        person = people.by_login(conn, "swj1")
        token = page.stage(tmp_path, person, "水位.csv", b"a,b\n1,2\n", datetime.now(UTC))
        monkeypatch.setattr(page, "_checked", lambda *a: {"a": "station"})
        monkeypatch.setattr(chain, "ring", lambda: (_ for _ in ()).throw(chain.NoKey()))
        taker = page.takers_of(person, state.catalog)["water"]
        held = {"token": token, "name": "水位.csv"}
        with pytest.raises(chain.NoKey):
            page._send(conn, state, Doer(person, "1.2.3.4", Via.PAGE), taker, "water", held, [], datetime.now(UTC))
        drop = tmp_path / "drop"
        assert all(f.name.startswith(".") for f in (drop / "water").iterdir())
        assert sending.sweep(conn, drop, datetime.now(UTC) + 2 * sending.UNDER_WAY) == (0, 1)
    assert not list((drop / "water").iterdir()) and page.held_path(tmp_path, person, token)
