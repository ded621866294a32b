"""Session tokens: the cookie holds the token, the database only its digest."""

from __future__ import annotations

import hashlib


def digest(token: str) -> bytes:
    """SHA-256 of a token: what table `session` knows it by."""
    return hashlib.sha256(token.encode()).digest()
