"""Every setting, each with its sentence; read once by each entry point and passed down.

Order: environment, then the file named by BRAIN_SETTINGS (lines `NAME=value`), then the default. A setting whose name
ends in `_FILE` gives the path of a file that holds the value of the setting without `_FILE` (container secrets).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path


class BadSetting(ValueError):
    """A setting has a value that cannot be used; the sentence names it and says what it may be."""


def _setting(default: object, sentence: str, *, secret: bool = False):
    return field(default=default, metadata={"says": sentence, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """Frozen and typed. `docs/settings.md` is held against it by `tests/house`."""

    home: Path = _setting(Path("var"), "data folder: embedded database, files, spill, keys; kept between runs")
    http_host: str = _setting("127.0.0.1", "address the web server listens on")
    http_port: int = _setting(8050, "port the web server listens on")
    public_url: str = _setting("", "address users type, for links and the WebSocket origin; default http://host:port")
    database_url: str = _setting("", "an outer PostgreSQL or TimescaleDB instead of the embedded one", secret=True)
    storage: str = _setting("auto", "body of a new database: auto, plain or timescale")
    postgres_home: str = _setting("", "folder of a PostgreSQL 18 installation to embed instead of the wheel's")
    mqtt_url: str = _setting("", "an outer broker, mqtt://user:password@host:1883, instead of the embedded one", secret=True)
    mqtt_port: int = _setting(1883, "port of the embedded broker, on 127.0.0.1")
    mqtt_broker: str = _setting("auto", "embedded broker: auto, mosquitto or amqtt")
    mqtt_share: str = _setting("brain", "name of the shared subscription group of the intake workers; empty for none")
    worker: str = _setting("w1", "name of this intake worker: its MQTT client id and its spill folder")
    catalog: str = _setting("", "folder of the city's own catalog (TOML files override the shipped ones)")
    replay: bool = _setting(True, "play the demo data through the broker (brain up)")
    replay_speed: float = _setting(360.0, "speed factor of the replayed real series, 1 to 3600")
    secret_key: str = _setting("", "key that signs what the server hands out; made at the first start of the demo", secret=True)
    session_idle_min: int = _setting(30, "minutes without a request after which a session ends")
    session_max_h: int = _setting(12, "hours after which a session ends in any case")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")

    @property
    def origin(self) -> str:
        """What a browser shows in the address bar, without path."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")

    @property
    def files(self) -> Path:
        """Where photos and documents lie."""
        return self.home / "files"


CHOICES = {
    "storage": {"auto", "plain", "timescale"},
    "mqtt_broker": {"auto", "mosquitto", "amqtt"},
    "log_level": {"DEBUG", "INFO", "WARNING", "ERROR"},
}
RANGES = {
    "http_port": (1, 65535),
    "mqtt_port": (1, 65535),
    "replay_speed": (1, 3600),
    "session_idle_min": (1, 24 * 60),
    "session_max_h": (1, 24 * 7),
}


def env_name(name: str) -> str:
    """Environment variable of a setting: `http_port` is BRAIN_HTTP_PORT."""
    return f"BRAIN_{name.upper()}"


def _typed(name: str, kind: str, text: str) -> object:
    where = env_name(name)
    try:
        value: object = text
        if kind == "int":
            value = int(text)
        elif kind == "float":
            value = float(text)
        elif kind == "bool":
            if text.lower() not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
                raise ValueError
            value = text.lower() in {"1", "true", "yes", "on"}
        elif kind == "Path":
            value = Path(text).expanduser()
    except ValueError:
        raise BadSetting(f"设置 {where}={text!r} 不是{'数字' if kind in ('int', 'float') else '开关（true/false）'}，请改正") from None
    if name in CHOICES and value not in CHOICES[name]:
        raise BadSetting(f"设置 {where}={text!r} 只能取 {'、'.join(sorted(CHOICES[name]))}")
    if name in RANGES:
        low, high = RANGES[name]
        if not low <= value <= high:  # type: ignore[operator]
            raise BadSetting(f"设置 {where}={text} 超出范围 {low}–{high}")
    return value


def _read_file(path: Path, why: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as err:
        raise BadSetting(f"{why} 指向的文件 {path} 读不了：{err.strerror}") from None


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises BadSetting, naming the variable; an unknown BRAIN_* name is also refused,
    because a misspelt setting that is silently ignored is the dearest kind."""
    given = dict(os.environ if environ is None else environ)
    if path := given.get("BRAIN_SETTINGS"):
        for number, line in enumerate(_read_file(Path(path), "BRAIN_SETTINGS").splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if "=" not in line:
                raise BadSetting(f"{path} 第 {number} 行不是“名称=值”：{line}")
            key, value = line.split("=", 1)
            given.setdefault(key.strip(), value.strip())
    kinds = {f.name: str(f.type) for f in fields(Settings)}
    known = {env_name(n) for n in kinds} | {env_name(n) + "_FILE" for n in kinds} | {"BRAIN_SETTINGS"}
    odd = sorted(k for k in given if k.startswith("BRAIN_") and k not in known and not k.startswith("BRAIN_TEST_"))
    if odd:
        raise BadSetting(f"不认识的设置 {'、'.join(odd)}；可用的见 docs/settings.md")
    values = {}
    for name, kind in kinds.items():
        text = given.get(env_name(name))
        if text is None and (path := given.get(env_name(name) + "_FILE")):
            text = _read_file(Path(path), env_name(name) + "_FILE").strip()
        if text is not None and text != "":
            values[name] = _typed(name, kind, text)
    return Settings(**values)  # type: ignore[arg-type]
