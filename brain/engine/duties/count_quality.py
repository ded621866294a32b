"""The quality counts of the intake are brought up to the log, a bite at a time."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import mending

NAME = "count_quality"
EVERY = timedelta(seconds=5)


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return mending.count(conn)
