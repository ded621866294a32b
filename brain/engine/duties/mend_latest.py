"""What stands as newest though it is ahead of the server gives way: it was stored while the server's own clock was wrong, and
would otherwise be shown as fresh until its time has come."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import readings

NAME = "mend_latest"
EVERY = timedelta(minutes=1)


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return readings.mend_latest(conn, now, catalog.bounds.ahead)
