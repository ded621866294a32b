"""What was stored before a maintenance or a calibration was known is brought in line with it. By steps: one transaction an
entry."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import instruments

NAME = "settle"
EVERY = timedelta(seconds=15)
BY_STEPS = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return instruments.settle(conn, now)
