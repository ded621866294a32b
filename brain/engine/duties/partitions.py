"""Partitions are made ahead of time, what need not be kept is dropped. By steps: it closes the hours first, in transactions
of their own."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import readings

NAME = "partitions"
EVERY = timedelta(hours=6)
BY_STEPS = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> None:
    readings.make_partitions(conn, now)
