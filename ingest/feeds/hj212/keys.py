"""The SM4 keys of stations that encrypt their data (HJ 212-2025), read once when a process starts.

Why not with each message: a frame is read again from the spill, from the dead letter and from a file, long after it came;
`parse` then has only its bytes. The file is TOML, so that it can stand beside other secrets with its own access rights:

    [hj212]
    44140200A0000000000001F1 = "0123456789abcdeffedcba9876543210"
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from brain.settings import BadSetting, Settings

SIZE = 16
_keys: dict[str, bytes] = {}


def use(settings: Settings) -> None:
    """Take the keys of the file named by BRAIN_STATION_KEYS; none when it is not set. Raises BadSetting, naming file and
    station, never a key."""
    found = read(Path(settings.station_keys)) if settings.station_keys else {}
    _keys.clear()
    _keys.update(found)


def of(mn: str) -> bytes | None:
    """The key of a station."""
    return _keys.get(mn)


def read(file: Path) -> dict[str, bytes]:
    """The keys of a file by MN."""
    where = f"设置 BRAIN_STATION_KEYS 指向的 {file}"
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as err:
        raise BadSetting(f"{where} 读不了：{err.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise BadSetting(f'{where} 不是合法的 TOML；请写成 [hj212] 一组，下面每行 MN = "32 位十六进制"') from None
    group = said.get("hj212", {})
    if not isinstance(group, dict):
        raise BadSetting(f'{where}：hj212 应写成 [hj212] 一组，下面每行 MN = "32 位十六进制"')
    return {mn: _key(f"{where}：hj212.{mn}", given) for mn, given in group.items()}


def _key(where: str, given: object) -> bytes:
    try:
        key = bytes.fromhex(given) if isinstance(given, str) else b""
    except ValueError:
        key = b""
    if len(key) != SIZE:
        raise BadSetting(f"{where} 应是 32 位十六进制（16 字节的 SM4 密钥），请改正")
    return key
