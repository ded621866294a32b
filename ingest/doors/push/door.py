"""Opens the HTTP door where it is wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from brain import catalog as catalogs
from brain.identity import push_keys
from brain.settings import BadSetting, Settings
from brain.store import db
from ingest.practice import Practice
from ingest.write.batch import Writer

if TYPE_CHECKING:
    from ingest.doors.push.serving import Door


def door(settings: Settings, practice: Practice, writer: Writer) -> Door | None:
    """The HTTP door; None where `push_port` is 0. Raises BadSetting without a key that can unseal the departments'."""
    if not settings.push_port:
        return None
    if len(settings.secret_key) < push_keys.SECRET_KEY_LEAST:
        raise BadSetting(
            f"推送口要用签名密钥核对各部门的密钥，现在没有或不足 {push_keys.SECRET_KEY_LEAST} 位；"
            "请设置 BRAIN_SECRET_KEY_FILE，或由 brain up 启动"
        )
    connect = partial(
        db.connect, settings.database_url, name=f"brain push {settings.worker}", connect_timeout=3, keepalives_idle=5,
        keepalives_interval=2, keepalives_count=3, tcp_user_timeout=10_000,
    )  # fmt: skip
    # Only now: a worker without this door starts a second sooner and 30 MB smaller.
    from ingest.doors.push.pusher import Pusher
    from ingest.doors.push.serving import Door

    pusher = Pusher(connect, settings.secret_key, practice.push, writer, catalog=catalogs.load(settings.catalog or None))
    return Door(settings.door_host, settings.push_port, pusher, writer, token=settings.metrics_token)
