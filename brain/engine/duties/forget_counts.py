"""Quality counts that nobody asks for any more are dropped."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import mending

NAME = "forget_counts"
EVERY = timedelta(hours=6)


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> None:
    mending.forget(conn, now)
