"""First start: one-time passwords of the demo accounts, and the simulated history.

No default password exists anywhere: each first start draws its own, prints them once, stores argon2id hashes, and the
first log-in must change them (GB/T 22239-2019 8.1.4.1, 8.1.4.2 b).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from brain.cities.meijiang import history
from brain.identity import accounts

DEMO = {
    "operator1": "值班席（大屏与坐席）",
    "acceptor1": "受理员",
    "dispatcher1": "派遣员",
    "chief1": "值班长（立案、裁定、结案）",
    "leader1": "领导（月报、督办）",
    "admin1": "系统管理员",
    "cgj1": "区城管局（处置部门）",
    "swj1": "区水务局（处置部门）",
    "sthj1": "市生态环境局梅江分局（处置部门）",
    "jiangnan1": "江南街道指挥室",
    "wg001": "网格员（手机端 /m）",
    "wg002": "网格员（手机端 /m）",
}
LETTERS = "abcdefghjkmnpqrstuvwxyz"
CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "23456789"


def one_time_password() -> str:
    """Twelve signs in three groups, without look-alikes, with a capital, a small letter, a digit and a sign."""
    groups = ["".join(secrets.choice(pool) for _ in range(4)) for pool in (CAPITALS, LETTERS, DIGITS)]
    return "-".join(groups)


def first_passwords(conn: psycopg.Connection) -> list[tuple[str, str, str]]:
    """(login, password, words) of the demo accounts, drawn now; empty when that was done before."""
    made = []
    with conn.transaction():
        done = conn.execute(
            "INSERT INTO fact (key, value) VALUES ('first_start', 'true') ON CONFLICT DO NOTHING RETURNING key"
        ).fetchone()
        if not done:
            return []
        for login, words in DEMO.items():
            if conn.execute("SELECT 1 FROM person WHERE login = %s", [login]).fetchone() is None:
                continue
            password = one_time_password()
            accounts.set_password(conn, login, password, must_change=True)
            made.append((login, password, words))
    return made


def load_history(conn: psycopg.Connection, catalog, say: Callable[[str], None]) -> None:
    """The simulated past of the demo district, once."""
    history.load(conn, catalog, datetime.now(UTC), say)
