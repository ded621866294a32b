"""Databases of the tests: where their server's files lie, clones of a template, and their end. `superuser` is a connection to
`postgres`."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

IN_MEMORY = 3 * 2**29  # bytes that must be free for a server's files in memory, and once more left over for everything else
PREFIX = "brain-test-"
OLD_S = 300
_names = itertools.count(1)


def quick_room() -> str | None:
    """A folder in memory, where this machine can spare that much; None: the usual one."""
    shm = Path("/dev/shm")
    try:
        roomy = min(shutil.disk_usage(shm).free, psutil.virtual_memory().available - IN_MEMORY) >= IN_MEMORY
    except OSError:
        return None
    if not roomy or not os.access(shm, os.W_OK):
        return None
    for left in shm.glob(f"{PREFIX}*/pg/data/postmaster.pid"):  # of a run that was killed: memory that nobody gives back
        with suppress(OSError, ValueError, IndexError):  # it is just being written, or taken away
            # a young one may be of an initdb, which starts servers of a moment
            old = time.time() - left.parents[2].stat().st_mtime > OLD_S
            if old and not psutil.pid_exists(int(left.read_text().split()[0])):
                shutil.rmtree(left.parents[2], ignore_errors=True)
    return str(shm)


def clone(superuser: psycopg.Connection, template: str) -> str:
    """Name of a fresh copy of the template database."""
    name = f"t{next(_names)}"
    superuser.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return name


def drop(superuser: psycopg.Connection, name: str) -> None:
    superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def seal(superuser: psycopg.Connection, name: str) -> None:
    """A template must have no connections: nobody may open one any more (TimescaleDB's scheduler would), those open end."""
    superuser.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    superuser.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
