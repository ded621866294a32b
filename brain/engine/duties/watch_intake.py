"""Workers of the intake that stand still and feeds that have stopped raise alerts. By steps: one alert that is refused keeps
no other back."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.engine import watching

NAME = "watch_intake"
EVERY = timedelta(seconds=5)
BY_STEPS = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return watching.watch(conn, catalog, now)
