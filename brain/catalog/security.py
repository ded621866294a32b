"""security.toml: how fast one may guess, what a good password is, when an account is idle, what work apart may cost, which telemetry
stations are let in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Brake:
    """From the `free`th failure in a row on the next attempt waits `first_s` seconds, twice as long each time, at most
    `longest_s`; `forget_h` hours after the last wait the count starts anew."""

    free: int
    first_s: float
    longest_s: float
    forget_h: float

    @property
    def forget(self) -> timedelta:
        return timedelta(hours=self.forget_h)


@dataclass(frozen=True, slots=True)
class Brakes:
    """The three counts of an attempt to log in, and how many bits of an address count as one address."""

    account: Brake
    address: Brake
    device: Brake
    ipv4_bits: int
    ipv6_bits: int


@dataclass(frozen=True, slots=True)
class Devices:
    """How long a browser is remembered, and for how many accounts."""

    days: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Passwords:
    """What a password must be (8.1.4.1 a). `least_guesses`: by zxcvbn's estimate; `personal_least`: signs in a row of a name,
    login or telephone number that may not stand in it; `words`: what is guessed first
    here."""

    length: int
    admin_length: int
    classes: int  # of: upper case, lower case, digits, signs
    keep_past: int  # former passwords that may not come back, the present one included
    max_age_days: int
    one_time_hours: int
    least_guesses: float
    personal_least: int
    words: tuple[str, ...]
    digits: tuple[str, ...]  # numbers that people choose, beside rows, repetitions, years and dates


@dataclass(frozen=True, slots=True)
class Apart:
    """What work on strangers' files may cost: processes at once, seconds of waiting for one, and per job its seconds of wall
    time and MiB of memory (beyond what the process has before it begins)."""

    at_once: int
    wait_s: float
    sheet_s: float
    sheet_mib: int
    picture_s: float
    picture_mib: int


@dataclass(frozen=True, slots=True)
class Tcp:
    """Telemetry stations over TCP. `refuses` those that are not registered (`unregistered = "refuse"`); `common`: passwords that
    makers deliver and everybody knows."""

    refuses: bool
    common: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chains:
    """How many rows the engine links in one transaction, and how many transactions of one chain in a row before it judges again."""

    batch: int
    batches: int


@dataclass(frozen=True, slots=True)
class Hashes:
    """How many passwords are hashed at once (64 MiB each), by strangers and for browsers that are known; how many requests may
    wait for that in each of the two queues, and for how many seconds."""

    at_once: int
    known_at_once: int
    waiting: int
    wait_s: float


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many refused requests of strangers are written down one by one: the first of each address in a `window`, of `most`
    addresses; the others are counted."""

    window: timedelta
    most: int


@dataclass(frozen=True, slots=True)
class Security:
    """What security.toml says."""

    brakes: Brakes
    devices: Devices
    passwords: Passwords
    idle_days: int
    close_idle: bool
    apart: Apart
    tcp: Tcp
    chains: Chains
    hashes: Hashes
    refusals: Refusals
