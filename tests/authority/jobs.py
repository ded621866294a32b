"""What is worked out apart in the tests of `run_apart`: at the top of a module that loads fast."""

from __future__ import annotations

import os
import time

from brain.model import Refused


def sleep_on(seconds: float) -> None:
    time.sleep(seconds)


def spin(_: int) -> None:
    while True:
        pass


def take(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def die(_: int) -> None:
    os._exit(3)


def refuse(_: int) -> None:
    raise Refused("不收", "why")
