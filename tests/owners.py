"""Whose the stations of a test are: as in the demo city, by theme. A sender may speak for its own stations only."""

from __future__ import annotations

import psycopg

ORG_OF = {"rain": "qxj", "water": "swj", "drainage": "cgj", "fire": "lyj", "air": "sthj", "cameras": "gaj"}


def own_stations(conn: psycopg.Connection) -> None:
    """Give every station that has no owner the department of its theme; makes the departments where they are not there."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO org (code, name, short, kind) VALUES (%s, %s, %s, 'department') ON CONFLICT DO NOTHING",
            [(org, org, org) for org in ORG_OF.values()],
        )
        cursor.executemany(
            "UPDATE station SET org = %s WHERE theme = %s AND org IS NULL", [(org, theme) for theme, org in ORG_OF.items()]
        )
