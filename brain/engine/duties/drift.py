"""Instruments whose days are over are held against their neighbours. By steps: marking what a drifting one has said since
holds up whoever closes hours, so each quantity is a transaction of its own."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.engine import upkeep

NAME = "drift"
EVERY = timedelta(hours=6)
BY_STEPS = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return upkeep.watch_drift(conn, catalog, upkeep.stations(conn, now), now)
