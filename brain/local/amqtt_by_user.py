"""amqtt, knowing a client by its user instead of by the id it gives: `python -m brain.local.amqtt_by_user CONFIG [PASSWORDS]`.

Why around amqtt and not in a plugin of it: it lets go of a session that somebody calls his before it asks for his password. So the
password is looked at when the first packet has been read; who does not have it gets an id that is nobody's, and is then turned away
as ever.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.scripts import broker_script
from amqtt.utils import gen_client_id
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError


def known_by_user(passwords: dict[str, str]) -> None:
    """From now on the client id of every connection is its user's name."""
    begun = BrokerProtocolHandler.init_from_connect

    async def by_user(*given: Any, **more: Any) -> Any:
        handler, session = await begun(*given, **more)
        user = session.username or ""
        session.client_id = user if fits(passwords, user, session.password or "") else gen_client_id()
        return handler, session

    BrokerProtocolHandler.init_from_connect = staticmethod(by_user)  # type: ignore[method-assign]


def fits(passwords: dict[str, str], user: str, word: str) -> bool:
    """Whether that is the password of a user there is."""
    try:
        return user in passwords and PasswordHasher().verify(passwords[user], word)
    except (Argon2Error, InvalidHashError):
        return False


def main(config: str, users: str = "") -> None:
    if users:
        lines = Path(users).read_text(encoding="utf-8").splitlines()
        known_by_user(dict(line.split(":", 1) for line in lines if ":" in line))
    sys.argv = ["amqtt", "-c", config]
    broker_script.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
