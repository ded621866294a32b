"""Every setting, each with its sentence; read once by each entry point and passed down.

Order: environment, then the file named by BRAIN_SETTINGS (lines `NAME=value`), then the default. A setting whose name
ends in `_FILE` gives the path of a file that holds the value of the setting without `_FILE` (container secrets).
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class BadSetting(ValueError):
    """A setting has a value that cannot be used; the sentence names it and says what it may be."""


def _setting(default: T, sentence: str, words: str, *, secret: bool = False) -> T:
    """Declared as the type of its default, as `dataclasses.field` is."""
    return field(default=default, metadata={"says": sentence, "words": words, "secret": secret})


BROKER_HOME, BROKER_USERS = "mqtt", "users.json"
"""Where the embedded broker lives below the data folder, and its file of users and passwords there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Frozen and typed. `docs/settings.md` is held against it by `tests/house`."""

    home: Path = _setting(
        Path("var"),
        "data folder: embedded database, files, spill, keys; kept between runs",
        "数据目录：内嵌数据库、附件、溢出文件、密钥；两次运行之间保留",
    )
    http_host: str = _setting(
        "127.0.0.1",
        "address the web server listens on",
        "网页服务监听的地址",
    )
    http_port: int = _setting(
        8050,
        "port the web server listens on",
        "网页服务监听的端口",
    )
    public_url: str = _setting(
        "",
        "address users type, for links and the WebSocket origin; default http://host:port",
        "用户在浏览器里输入的地址（链接与 WebSocket 来源校验用），默认 http://host:port",
    )
    allowed_hosts: str = _setting(
        "",
        "host names under which the web server answers besides loopback and the host of the public URL, by commas",
        "网页服务除本机与 BRAIN_PUBLIC_URL 的主机名外还应答哪些主机名，逗号分隔；其余一律拒绝",
    )
    trusted_proxy: str = _setting(
        "",
        "addresses of the reverse proxies (CIDR, by commas) whose X-Forwarded-For is believed; empty: nobody's",
        "反向代理的地址（CIDR，逗号分隔），只信它们的 X-Forwarded-For；留空则谁的都不信",
    )
    database_url: str = _setting(
        "",
        "an outer PostgreSQL or TimescaleDB instead of the embedded one",
        "外部 PostgreSQL / TimescaleDB，代替内嵌数据库",
        secret=True,
    )
    database_owner_url: str = _setting(
        "",
        "the same database as its owner, for brain migrate only; default BRAIN_DATABASE_URL",
        "同一数据库的属主账号地址，只给 brain migrate 用；默认同 BRAIN_DATABASE_URL",
        secret=True,
    )
    database_report_url: str = _setting(
        "",
        "the same database with the reading account, for brain report; default BRAIN_DATABASE_URL",
        "同一数据库的只读账号地址，给 brain report 用；默认同 BRAIN_DATABASE_URL",
        secret=True,
    )
    storage: str = _setting(
        "auto",
        "body of a new database: auto, plain or timescale",
        "新库的存储形态：auto、plain 或 timescale",
    )
    postgres_home: str = _setting(
        "",
        "folder of a PostgreSQL 18 installation to embed instead of the wheel's",
        "内嵌数据库改用这个 PostgreSQL 18 安装目录",
    )
    mqtt_url: str = _setting(
        "",
        "an outer broker, mqtt://user:password@host:1883, instead of the embedded one",
        "外部 MQTT 服务 mqtt://用户:密码@主机:1883，代替内嵌服务",
        secret=True,
    )
    mqtt_port: int = _setting(
        1883,
        "port of the embedded broker, on 127.0.0.1",
        "内嵌 MQTT 服务的端口（只在 127.0.0.1）",
    )
    mqtt_broker: str = _setting(
        "auto",
        "embedded broker: auto, mosquitto or amqtt",
        "内嵌 MQTT 服务：auto、mosquitto 或 amqtt",
    )
    mqtt_share: str = _setting(
        "",
        "shared subscription group of several workers; empty for none (mosquitto forgets shared ones when it restarts)",
        "多个接入进程共享订阅的组名；留空则不共享（mosquitto 重启会忘掉共享订阅，期间的报文会丢，应留空）",
    )
    worker: str = _setting(
        "w1",
        "name of this intake worker: its MQTT client id and its spill folder",
        "本接入进程的名字：MQTT 客户端号与溢出目录",
    )
    mqtt_ca: str = _setting(
        "",
        "file of the authority that signed the broker's certificate (mqtts); empty for the system's",
        "签发消息服务证书的 CA 文件（mqtts 用）；留空用系统自带的",
    )
    mqtt_cert: str = _setting(
        "",
        "file of this client's certificate, where the broker asks for one",
        "本客户端的证书文件（消息服务要求双向认证时）",
    )
    mqtt_key: str = _setting(
        "",
        "file of the key to that certificate",
        "该证书的私钥文件",
    )
    door_host: str = _setting(
        "127.0.0.1",
        "address the doors beside MQTT listen on",
        "消息服务以外的各个接入口监听的地址",
    )
    hj212_port: int = _setting(
        0,
        "port of the HJ 212 door; 0 closes it",
        "HJ 212 接入口的端口；0 为不开",
    )
    sl651_port: int = _setting(
        0,
        "port of the SL 651 door; 0 closes it",
        "SL 651 接入口的端口；0 为不开",
    )
    gb26875_port: int = _setting(
        0,
        "port of the GB 26875.3 door (fire alarm user-information devices); 0 closes it",
        "GB 26875.3 接入口（消防用户信息传输装置）的端口；0 为不开",
    )
    push_port: int = _setting(
        0,
        "port of the HTTP door (push of feeds, /metrics of this worker); 0 closes it",
        "HTTP 接入口（推送数据、本进程的 /metrics）的端口；0 为不开",
    )
    metrics_token: str = _setting(
        "",
        "bearer token that every /metrics asks for; empty: the web server's is open to this machine only",
        "取 /metrics 要带的令牌（Authorization: Bearer）；留空时网页服务的 /metrics 只对本机直连开放",
        secret=True,
    )
    station_keys: str = _setting(
        "",
        "TOML file with the SM4 keys of stations that encrypt (HJ 212-2025)",
        "加密上报的测站（HJ 212-2025）的 SM4 密钥文件（TOML）",
    )
    catalog: str = _setting(
        "",
        "folder of the city's own catalog (TOML files override the shipped ones)",
        "本地目录文件夹，其中的 TOML 覆盖自带的同名条目",
    )
    layers: str = _setting(
        "",
        "folder of the city's own map layers (Python files like those of layers/)",
        "本地图层文件夹，其中每个 Python 文件是一个图层（写法同 layers/）",
    )
    replay: bool = _setting(
        True,
        "play the demo data through the broker (brain up)",
        "brain up 是否经消息服务回放示范数据",
    )
    replay_speed: float = _setting(
        360.0,
        "speed factor of the replayed real series, 1 to 3600",
        "实测序列的回放倍速，1–3600",
    )
    secret_key: str = _setting(
        "",
        "key that signs what the server hands out; made at the first start of the demo",
        "签名密钥；演示首次启动时自动生成",
        secret=True,
    )
    syslog: str = _setting(
        "",
        "where checkpoints of the audit chains also go: /dev/log, or host:port (UDP); empty for the file only",
        "审计链的检查点同时发往哪里：/dev/log 或 主机:端口（UDP）；留空只写 BRAIN_HOME/audit 下的文件",
    )
    session_idle_min: int = _setting(
        30,
        "minutes without a request after which a session ends",
        "无操作多少分钟后会话结束",
    )
    session_idle_admin_min: int = _setting(
        15,
        "the same for administrators, where it is shorter",
        "系统管理员无操作多少分钟后会话结束（取两者中较短的）",
    )
    session_max_h: int = _setting(
        12,
        "hours after which a session ends in any case",
        "会话最长多少小时",
    )
    log_level: str = _setting(
        "INFO",
        "DEBUG, INFO, WARNING or ERROR",
        "日志级别：DEBUG、INFO、WARNING、ERROR",
    )

    @property
    def origin(self) -> str:
        """What a browser shows in the address bar, without path."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `trusted_proxy`. Raises BadSetting."""
        found = []
        for said in filter(None, (part.strip() for part in self.trusted_proxy.split(","))):
            try:
                found.append(ip_network(said, strict=False))
            except ValueError:
                raise BadSetting(
                    f"设置 BRAIN_TRUSTED_PROXY={self.trusted_proxy!r} 中的“{said}”不是地址或网段，如 172.20.0.0/16，请改正"
                ) from None
        return tuple(found)

    @property
    def hosts(self) -> frozenset[str]:
        """Host names, lower case and without port, under which the web server answers."""
        own = {urlsplit(self.origin).hostname or "", self.http_host}
        more = {part.strip().lower() for part in self.allowed_hosts.split(",")}
        return frozenset({"localhost", "127.0.0.1", "::1"} | own | more) - {""}

    @property
    def database_note(self) -> Path:
        """Where `brain up` writes down the address of its database, for commands that are started beside it."""
        return self.home / "database.url"

    @property
    def database(self) -> str:
        """The database's address: the setting, else the note of a running `brain up`; empty when there is neither."""
        if self.database_url or not self.database_note.exists():
            return self.database_url
        return self.database_note.read_text(encoding="utf-8").strip()

    def broker(self, user: str) -> str:
        """The address of the embedded broker with the password of one of its users (the worker, a department), as `brain up` has
        drawn it; without one where no embedded broker has ever run. Raises BadSetting where it has no such user."""
        path = self.home / BROKER_HOME / BROKER_USERS
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        if known is not None and user not in known:
            raise BadSetting(
                f"内嵌消息服务没有账号 {user}：接入只有 brain up 起的那一个，单位须在 departments.toml 里有 sends；"
                "改过之后请重启 brain up，或用 BRAIN_MQTT_URL 接外部消息服务"
            )
        who = "" if known is None else f"{user}:{known[user]}@"
        return f"mqtt://{who}127.0.0.1:{self.mqtt_port}"

    @property
    def secret(self) -> str:
        """The secret of this installation: the setting, else the one that `brain up` drew; empty when there is neither."""
        path = self.home / "secret.key"
        if self.secret_key or not path.exists():
            return self.secret_key
        return path.read_text(encoding="utf-8").strip()

    @property
    def drop(self) -> Path:
        """Where files to take in are laid down, one folder a feed."""
        return self.home / "drop"

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
    "hj212_port": (0, 65535),
    "sl651_port": (0, 65535),
    "gb26875_port": (0, 65535),
    "push_port": (0, 65535),
    "replay_speed": (1, 3600),
    "session_idle_min": (1, 24 * 60),
    "session_idle_admin_min": (1, 24 * 60),
    "session_max_h": (1, 24 * 7),
}


def bears(said: str, token: str) -> bool:
    """Whether an Authorization header carries this bearer token; asked of every /metrics where a token is set."""
    kind, _, given = said.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


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
        raise BadSetting(
            f"设置 {where}={text!r} 不是{'数字' if kind in ('int', 'float') else '开关（true/false）'}，请改正"
        ) from None
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
    settings = Settings(**values)  # type: ignore[arg-type]
    _ = settings.proxies  # a network that cannot be read is told now, not at the first request
    return settings
