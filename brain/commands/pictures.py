"""`brain pictures`: the three readers, photographed from the running demo by a real browser.

It opens sessions straight in the database (whoever runs it owns the database anyway) and ends them afterwards.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from brain.city import ZONE
from brain.commands.check import database_url
from brain.identity import people, sessions
from brain.model import Refused
from brain.settings import Settings
from brain.store import db

FLAGS = [
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
]  # fmt: skip
SHOTS = [
    # name, login, path, width, height, scale, full page, wait for
    ("wall", "operator1", "/", 1920, 1080, 1, False, "#wall-map canvas"),
    ("wall-wide", "operator1", "/", 3840, 1080, 1, False, "#wall-map canvas"),
    ("seat", "operator1", "/", 1366, 768, 1, False, "#wall-map canvas"),
    ("phone", "wg001", "/m", 390, 844, 2, False, "body"),
    ("report", "leader1", "/report", 1200, 1500, 1, False, "#report"),
    ("about", "operator1", "/about", 1440, 900, 1, False, "body"),
    ("intake", "admin1", "/intake", 1440, 900, 1, False, "body"),
]


@contextmanager
def session_of(conn, settings: Settings, login: str) -> Iterator[str]:
    """The token of a session for that login, ended on leaving."""
    person = people.by_login(conn, login)
    if person is None:
        raise Refused(f"没有账号 {login}；请先用 brain up 装入示范城区")
    # The door sends whoever must change his password to that page; for the length of a picture it looks away.
    conn.execute("UPDATE person SET must_change = false WHERE id = %s", [person.id])
    token = sessions.open_session(conn, person, datetime.now(UTC), settings, ip="127.0.0.1", agent="brain pictures")
    try:
        yield token
    finally:
        sessions.close_session(conn, token)
        conn.execute("UPDATE person SET must_change = %s WHERE id = %s", [person.must_change, person.id])


def run(settings: Settings, folder: Path, args: Namespace, say: Callable[[str], None]) -> int:
    """Write the pictures; 1 when a browser is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        say("缺少浏览器驱动：请先运行 make pictures（它会安装 playwright 与 chromium）")
        return 1
    if not Path(args.chromium).exists():
        say(f"没有浏览器 {args.chromium}；请安装 Debian 软件包 chromium，或用 --chromium 指定")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    host = urlsplit(settings.origin).hostname
    with db.connect(database_url(settings), name="brain pictures") as conn, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=args.chromium, args=FLAGS)
        for name, login, path, width, height, scale, whole, ready in SHOTS:
            with session_of(conn, settings, login) as token:
                page = browser.new_context(
                    viewport={"width": width, "height": height}, device_scale_factor=scale, locale="zh-CN",
                    timezone_id=ZONE.key, geolocation={"longitude": 116.1222, "latitude": 24.2884},
                    permissions=["geolocation"],
                ).new_page()  # fmt: skip
                page.context.add_cookies([{"name": "brain_session", "value": token, "domain": host, "path": "/"}])
                page.goto(settings.origin + path, wait_until="load")
                page.wait_for_selector(ready, timeout=60_000)
                page.wait_for_timeout(8000 if "canvas" in ready else 3000)
                target = folder / f"{name}.png"
                page.screenshot(path=str(target), full_page=whole)
                say(f"{target}  {width}×{height}")
                page.context.close()
        browser.close()
    return 0
