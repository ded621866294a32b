"""Hours and days that are over are closed, late ones computed anew. By steps: it fences off writers between transactions of
its own."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import readings

NAME = "roll_up"
EVERY = timedelta(seconds=60)
BY_STEPS = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return readings.roll_up(conn, now)
