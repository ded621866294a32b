"""Failed log-ins of long ago are forgotten: what counts for nobody any more is not kept."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.identity import brakes

NAME = "forget_brakes"
EVERY = timedelta(hours=1)


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return brakes.forget(conn, catalog.security.brakes, now)
