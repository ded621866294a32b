"""Databases of the tests: where their server's files lie, clones of a template, and their end. `superuser` is a connection to
`postgres`."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import psutil
import psycopg

IN_MEMORY = 3 * 2**30  # bytes that must be free for a server's files in memory, and once more left over for everything else
_names = itertools.count(1)


def quick_room() -> str | None:
    """A folder in memory, where this machine can spare that much; None: the usual one."""
    shm = Path("/dev/shm")
    try:
        roomy = min(shutil.disk_usage(shm).free, psutil.virtual_memory().available - IN_MEMORY) >= IN_MEMORY
    except OSError:
        return None
    return str(shm) if roomy and os.access(shm, os.W_OK) else None


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
