"""Others' places in the hands of a test: a web server, and what is declared of it and of a table."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
FIRMS = "latitude,longitude,bright_ti4,acq_date,acq_time,satellite,confidence,frp\n"


SQL = (
    'feed = "rain"\nfrom = "sql"\ndsn_file = "dsn"\ncursor = "id"\ncursor_as = "number"\ncursor_start = 0\npage = 10\n'
    'query = "SELECT id, code, tm, mm FROM theirs WHERE id >= %(cursor)s ORDER BY id LIMIT 10"\n'
    '[source.a.columns]\nstcd = "code"\ntm = "tm"\np1 = "mm"\n'
)


class Site:
    """A web server in the hands of a test: what it answers at a path, and what it was asked."""

    def __init__(self):
        self.answers: dict[str, bytes | tuple[int, bytes] | object] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.asked.append((self.path, dict(self.headers), body))
                found = site.answers[urlsplit(self.path).path]
                if callable(found):
                    found = found(parse_qs(urlsplit(self.path).query))
                if isinstance(found, float):  # one byte each time, for ever
                    self.send_response(200)
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        while not threading.Event().wait(found):
                            self.wfile.write(b" ")
                    return
                status, said = found if isinstance(found, tuple) else (200, found)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = answer

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def told(conn) -> dict:
    return conn.execute("SELECT * FROM poll_cursor").fetchone()


def rain(n: int, value: float = 1.0, station: str = "RG-01") -> dict:
    return {"stcd": station, "tm": (NOW - timedelta(seconds=n)).isoformat(), "p1": value}


RAIN = 'feed = "rain"\nfrom = "json"\nurl = "SITE/rain"\n'


def answer(site: Site, rows: list[dict], path: str = "/rain") -> None:
    site.answers[path] = json.dumps(rows).encode()
