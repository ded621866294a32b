"""Passwords: what a good one is, and how it is kept (GB/T 22239-2019 level 3, 8.1.4.1). No database.

The standard names the controls and almost no numbers; the numbers in `Policy` are assessors' practice, given by the caller
where a city wants others.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from brain.model import Refused, Role

HASHER = PasswordHasher()  # argon2id with the library's RFC 9106 profile


@dataclass(frozen=True, slots=True)
class Policy:
    """Numbers of the password and lock rules (8.1.4.1 a, b; practice of assessors)."""

    tries: int = 5
    lock_min: int = 30
    length: int = 8
    admin_length: int = 12
    classes: int = 3  # of: upper case, lower case, digits, signs
    keep_past: int = 5  # former passwords that may not come back, the present one included
    max_age_days: int = 90


POLICY = Policy()


def check_password(password: str, role: Role, login: str = "", policy: Policy = POLICY) -> None:
    """Raise Refused('password') unless the password keeps the rules: length, classes of signs, not the login itself."""
    need = policy.admin_length if role is Role.ADMIN else policy.length
    if len(password) < need:
        raise Refused(f"口令至少 {need} 位，现在只有 {len(password)} 位", "password")
    if len(password) > 256:
        raise Refused("口令最长 256 位，请缩短", "password")
    kinds = sum(bool(re.search(c, password)) for c in (r"[A-Z]", r"[a-z]", r"[0-9]", r"[^A-Za-z0-9]"))
    if kinds < policy.classes:
        raise Refused(f"口令要含大写字母、小写字母、数字、符号中的至少 {policy.classes} 类", "password")
    if login and login.lower() in password.lower():
        raise Refused("口令里不能含有登录名，请换一个", "password")


def hash_password(password: str) -> str:
    """argon2id hash, ready for `person.password_hash`."""
    return HASHER.hash(password)


@cache
def nobody() -> str:
    """A hash that no password fits: checked for unknown logins, so that their answer takes as long as any other."""
    return HASHER.hash(secrets.token_hex(16))


def fits(hashed: str, password: str) -> bool:
    """Whether a password is the one behind a hash."""
    try:
        return HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
