"""Stations that never sent anything are expected to from now on. Before the batches: a first reading ends a watch that has
begun."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.engine import upkeep

NAME = "watch_silent"
EVERY = timedelta(seconds=30)
FIRST = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return upkeep.watch_silent(conn, catalog, now)
