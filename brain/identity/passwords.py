"""Passwords: what a good one is, and how it is kept (GB/T 22239-2019 level 3, 8.1.4.1). No database.

The standard names the controls and almost no numbers; the numbers are assessors' practice and stand in security.toml.

Why zxcvbn beside the classes of signs: `P@ssw0rd1` and `Qwer1234!` have all four classes and are the first that anybody tries.
It carries its lists of common passwords, names and words with it and asks nobody.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from functools import cache
from itertools import islice

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from brain import catalog
from brain.catalog.security import Passwords
from brain.identity import pinyin
from brain.model import Refused, Role

HASHER = PasswordHasher()  # argon2id with the library's RFC 9106 profile
JUDGED = 72  # signs that are looked at: what zxcvbn takes, and more than anybody guesses


def shipped() -> Passwords:
    """The rules where no city's own are given."""
    return catalog.load().security.passwords


def check_password(
    password: str, role: Role, login: str = "", policy: Passwords | None = None, *, name: str = "", phone: str = ""
) -> None:
    """Raise Refused('password') unless the password keeps the rules: length, classes of signs, nothing that is guessed first,
    nothing of the person himself (login, name and its pinyin, telephone number)."""
    policy = policy or shipped()
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
    if found := next(_personal(password, login, name, phone, policy.personal_least), None):
        raise Refused(f"口令里不能含有{found}，请换一个", "password")
    if pinyin.names_whole(password, name, policy.personal_least):
        raise Refused("口令里不能含有本人的姓名拼音，请换一个", "password")
    if pinyin.names_shortly(password, name, policy.digits):
        raise Refused("口令不能只是本人的姓名拼音（或首字母）加简单数字，请换一个", "password")
    whole = ("".join(way) for way in islice(pinyin.spellings(name), 8))  # with @ for a and 0 for o, too
    if guesses(password, (login, name, *whole, *policy.words)) < policy.least_guesses:
        raise Refused("口令太常见，几次就能猜中（常用词、键盘顺序、年份或它们的变形），请换一个", "password")


def _personal(password: str, login: str, name: str, phone: str, least: int) -> Iterator[str]:
    """What of the person stands in the password. Names in Chinese count whole; the rest by `least` signs in a row."""
    said = password.lower()
    if name.strip() and name.strip().lower() in said:
        yield "本人的姓名"
    for words, whole in (("登录名", login.lower()), ("姓名", name.lower()), ("电话号码", re.sub(r"\D", "", phone))):
        parts = [p for p in re.split(r"[\s._\-0-9]+", whole)] if words != "电话号码" else [whole]
        for part in parts:
            for n in range(len(part) - least + 1):
                if part[n : n + least] in said:
                    yield f"本人{words}里的“{part[n : n + least]}”"


def guesses(password: str, first: tuple[str, ...] = ()) -> float:
    """After about how many tries somebody who knows what people choose has this password; `first`: what he tries first."""
    from zxcvbn import zxcvbn  # its lists take a moment to read

    return float(zxcvbn(password[:JUDGED], user_inputs=[word for word in first if word])["guesses"])


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
        return HASHER.verify(hashed, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
