"""The mark of a browser on which somebody has logged in before (see `brain.identity.brakes`): signed, and worth nothing else.

It names accounts by a keyed digest, opens no session, and is believed for the account it was given for only. Who steals one gets
a few more guesses at that account, counted apart.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta

from brain.catalog.security import Devices

COOKIE = "brain_device"
_MARK = re.compile(r"([0-9a-f]{24})\.([0-9a-f]{16})\.(\d{1,12})\.([0-9a-f]{32})")


def _sign(secret: str, said: str) -> str:
    return hmac.new(secret.encode(), b"brain device 1|" + said.encode(), hashlib.sha256).hexdigest()[:32]


def _whose(secret: str, login: str) -> str:
    said = b"brain device login 1|" + login.strip().lower().encode("utf-8", "replace")
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()[:24]


def _marks(cookie: str | None, secret: str, rules: Devices, now: datetime) -> dict[str, str]:
    """The marks of a cookie that are ours and not too old, by account."""
    oldest, found = (now - timedelta(days=rules.days)).timestamp(), {}
    for part in (cookie or "")[:2000].split("~"):
        if match := _MARK.fullmatch(part):
            whose, _, at, signed = match.groups()
            good = hmac.compare_digest(signed, _sign(secret, part.rpartition(".")[0]))
            if good and oldest <= int(at) <= now.timestamp() + 300:
                found[whose] = part
    return found


def known(cookie: str | None, login: str, secret: str, rules: Devices, now: datetime) -> str | None:
    """The device's id where this account has logged in from it before; None for a stranger."""
    mark = _marks(cookie, secret, rules, now).get(_whose(secret, login))
    return mark.split(".")[1] if mark else None


def marked(cookie: str | None, login: str, secret: str, rules: Devices, now: datetime | None = None) -> str:
    """The cookie after this account has logged in; of many accounts the newest stay."""
    now = now or datetime.now(UTC)
    marks, whose = _marks(cookie, secret, rules, now), _whose(secret, login)
    ident = marks.pop(whose).split(".")[1] if whose in marks else secrets.token_hex(8)
    said = f"{whose}.{ident}.{int(now.timestamp())}"
    return "~".join([*marks.values(), f"{said}.{_sign(secret, said)}"][-rules.accounts :])
