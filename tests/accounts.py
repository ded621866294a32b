"""The accounts of the test databases: the server of the tests asks for no password, but every role has only its own rights."""

from brain.local.postgres import SUPERUSER
from brain.store.roles import APP, INTAKE, OWNER, REPORT

__all__ = ["APP", "INTAKE", "OWNER", "REPORT", "as_role"]


def as_role(url: str, role: str) -> str:
    """The same database for another account."""
    return url.replace(f"//{SUPERUSER}@", f"//{role}@", 1)
