"""A day that is over is tallied: how long each camera was online."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import online

NAME = "online"
EVERY = timedelta(minutes=10)


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return online.keep(conn, catalog, now)
