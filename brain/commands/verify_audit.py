"""`brain verify-audit`: walk both chains and say the first thing that is wrong; write them out for an auditor.

An export is a folder: `audit.jsonl` and `event.jsonl` (a link a line), `checkpoints.jsonl`, and `keys.json`, the derived
keys of the chains. Whoever has those keys can check and could also forge: hand them over like a password.
`scripts/verify_audit.py` reads the folder without us.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from brain.flow.events import history
from brain.identity import chain, checkpoints, sealing
from brain.identity.chain import Link, Ring
from brain.settings import Settings
from brain.store import db


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--export", metavar="目录", help="同时把两条链导出到这个目录，供 scripts/verify_audit.py 脱库核对")
    parser.add_argument(
        "--old-key", action="append", default=[], metavar="文件", help="以前用过的 BRAIN_SECRET_KEY，一个文件一把，可写多次"
    )


def run(settings: Settings, args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """0 when nothing is wrong, 1 with the first wrong thing of each chain."""
    rings = {keys.id: keys for keys in (chain.ring(), *(chain.derive(_read(path)) for path in args.old_key))}
    kept = checkpoints.file_of(settings.home)
    marks, odd = checkpoints.read(kept, rings)
    if odd:
        say(f"检查点文件 {kept} 第 {odd} 行不是本系统写的，或被改动")
    with db.connect(settings.database_url, name="brain verify-audit") as conn:
        bad = [bool(odd), *(_one(conn, name, rings, marks.get(name, {}), say) for name in chain.CHAINS)]
        if broken := history.verify_log(conn):
            say(f"案卷流水被改动，第一处：{broken}")
        if args.export:
            export(conn, Path(args.export), rings, say)
            if kept.exists():
                shutil.copyfile(kept, Path(args.export) / kept.name)
    return 1 if broken or any(bad) else 0


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip()


def _one(conn, name: str, rings: dict[str, Ring], marks: dict[int, bytes], say: Callable[[str], None]) -> bool:
    began = time.perf_counter()
    found = sealing.verify(conn, name, rings, marks)
    took = max(time.perf_counter() - began, 1e-6)
    words = chain.CHAINS[name]
    if found.broken:
        say(f"{words}不可信，第一处：{found.broken}")
        return True
    rate = f"每秒 {(found.links + found.waiting) / took:,.0f} 行"
    say(f"{words}完整：入链 {found.links} 行，待入链 {found.waiting} 行，与库外 {len(marks)} 个检查点相符（{rate}）")
    return False


def export(conn, folder: Path, rings: dict[str, Ring], say: Callable[[str], None]) -> None:
    """Write both chains and the keys. Existing files of an earlier export are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in chain.CHAINS:
        with conn.transaction(), open(folder / f"{name}.jsonl", "w", encoding="utf-8") as out:
            for one in sealing.links(conn, name):
                out.write(json.dumps(_line(one), ensure_ascii=False) + "\n")
    path = folder / "keys.json"
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump({ident: _keys(keys) for ident, keys in rings.items()}, out)
    say(f"已导出到 {folder}；核对：python scripts/verify_audit.py {folder}（keys.json 像口令一样保管）")


def _line(one: Link) -> dict[str, object]:
    def text(raw: bytes | None) -> str | None:
        return None if raw is None else raw.hex()

    return {
        "seq": one.seq, "ref": one.ref, "key": one.key, "digest": text(one.digest), "mac": text(one.mac), "body": one.body,
    }  # fmt: skip


def _keys(keys: Ring) -> dict[str, str]:
    links = {f"link {name}": key.hex() for name, key in keys.links.items()}
    return {"row": keys.row.hex(), "checkpoint": keys.checkpoint.hex()} | links
