"""Reads security.toml; what its numbers mean stands in `security.py`."""

from __future__ import annotations

from datetime import timedelta

from brain.catalog._toml import Entry
from brain.catalog.security import Apart, Brake, Brakes, Chains, Devices, Hashes, Passwords, Refusals, Security, Tcp


def security(top: Entry) -> Security:
    brake, address, device = top.table("brake"), top.table("address"), top.table("device")
    brakes = Brakes(
        _brake(brake.table("account")), _brake(brake.table("address")), _brake(brake.table("device")),
        _within(address, "ipv4_bits", 8, 32), _within(address, "ipv6_bits", 16, 128),
    )  # fmt: skip
    devices = Devices(_within(device, "days", 1, 3650), _within(device, "accounts", 1, 20))
    said = top.table("password")
    passwords = Passwords(
        _within(said, "length", 8, 64), _within(said, "admin_length", 8, 64), _within(said, "classes", 1, 4),
        _within(said, "keep_past", 1, 50), _within(said, "max_age_days", 1, 3650), _within(said, "one_time_hours", 1, 8760),
        said.take("least_guesses", float), _within(said, "personal_least", 3, 64), said.texts("words"), said.texts("digits"),
    )  # fmt: skip
    account = top.table("account")
    idle, close = _within(account, "idle_days", 1, 3650), account.take("close_idle", bool)
    cost = top.table("apart")
    apart = Apart(
        _within(cost, "at_once", 1, 64), cost.take("wait_s", float), cost.take("sheet_s", float),
        _within(cost, "sheet_mib", 64, 65536), cost.take("picture_s", float), _within(cost, "picture_mib", 64, 65536),
    )  # fmt: skip
    line = top.table("tcp")
    tcp = Tcp(line.one_of("unregistered", ("ask", "refuse")) == "refuse", line.texts("common"))
    size = top.table("chains")
    chains = Chains(_within(size, "batch", 1, 20_000), _within(size, "batches", 1, 1000))
    hashing, refused = top.table("hash"), top.table("refused")
    hashes = Hashes(
        _within(hashing, "at_once", 1, 64), _within(hashing, "known_at_once", 1, 64), _within(hashing, "waiting", 1, 10_000),
        hashing.take("wait_s", float),
    )  # fmt: skip
    refusals = Refusals(timedelta(seconds=_within(refused, "window_s", 1, 3600)), _within(refused, "most", 1, 10_000))
    for one in (brake, address, device, said, account, cost, line, size, hashing, refused, top):
        one.done()
    return Security(brakes, devices, passwords, idle, close, apart, tcp, chains, hashes, refusals)


def _brake(entry: Entry) -> Brake:
    made = Brake(
        _within(entry, "free", 1, 10_000), entry.take("first_s", float), entry.take("longest_s", float),
        entry.take("forget_h", float),
    )  # fmt: skip
    if not 0 < made.first_s <= made.longest_s <= made.forget_h * 3600:
        raise entry.wrong("first_s", "应是 0 < first_s ≤ longest_s ≤ forget_h 小时，否则等待还没完就重新计数")
    entry.done()
    return made


def _within(entry: Entry, name: str, low: int, high: int) -> int:
    value = entry.take(name, int)
    if not low <= value <= high:
        raise entry.wrong(name, f"应在 {low}–{high} 之间，现在是 {value}")
    return value
