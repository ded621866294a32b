"""`brain verify-audit`: walk both chains and say the first thing that is wrong; write them out for an auditor.

An export is a folder that only its owner enters: `audit.jsonl` and `event.jsonl` (a link a line), `checkpoints.jsonl`,
`sealed-audit.json` and `sealed-event.json` (what the engine remembers of its last links), and `keys.json`, the derived keys of the
chains. Whoever has those keys can check and could also forge: hand them over like a password. `scripts/verify_audit.py` reads the
folder without us.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from brain.flow.events import history
from brain.identity import chain, checkpoints, memory, sealing, verifying
from brain.identity.chain import Link, Outside, Ring
from brain.identity.doing import act_audited, at_the_console
from brain.settings import Settings
from brain.store import db
from brain.store.private import open_private, private_folder


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--export", metavar="目录", help="同时把两条链导出到这个目录，供 scripts/verify_audit.py 脱库核对")
    parser.add_argument(
        "--old-key", action="append", default=[], metavar="文件", help="以前用过的 BRAIN_SECRET_KEY，一个文件一把，可写多次"
    )
    parser.add_argument(
        "--accept", metavar="原因", help="查明链与库外所记不符的缘由后（如恢复过备份、换过密钥），从库里现在的链尾接着签；原因永久留存"
    )


def run(settings: Settings, args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """0 when nothing is wrong, 1 with the first wrong thing of each chain."""
    rings = {keys.id: keys for keys in (chain.ring(), *(chain.derive(_read(path)) for path in args.old_key))}
    kept = checkpoints.file_of(settings.home)
    with db.connect(settings.database_url, name="brain verify-audit") as conn:
        if args.accept is not None:
            return _accept(conn, settings, args.accept.strip(), rings, say)
        written = checkpoints.read(kept, rings)  # before the chains: the engine may be at work
        if args.export:
            _carry(kept, Path(args.export))
        bad = [_written(written, kept, say)]
        for name in chain.CHAINS:
            try:
                bad.append(_one(conn, name, rings, verifying.known_outside(kept.parent, name, rings, written), say))
            except memory.Unreadable as err:
                say(f"{chain.CHAINS[name]}核对不了：{err}；密钥换过的，请用 --old-key 给出以前的密钥")
                bad.append(True)
        if broken := history.verify_log(conn):
            say(f"案卷流水被改动，第一处：{broken}")
        if args.export:
            export(conn, Path(args.export), rings, say)
    return 1 if broken or any(bad) else 0


def _accept(conn, settings: Settings, reason: str, rings: dict[str, Ring], say: Callable[[str], None]) -> int:
    """Go on from the chains as they stand; who looks at the trail, and who checks the chains later, is told so."""
    if not reason:
        say("请写明原因：brain verify-audit --accept 原因")
        return 1
    checkpoints.use(checkpoints.Place(checkpoints.file_of(settings.home), settings.syslog))
    now, names = datetime.now(UTC), sealing.disagreeing(conn)
    if not names:
        say("两条链都与库外所记相符，不用接着签")
        return 0
    act_audited(
        conn, at_the_console(), "audit.accept", "audit", now, lambda: sealing.accept(conn, names, reason, now, rings),
        chains=names, reason=reason,
    )  # fmt: skip
    for name in names:
        say(f"{chain.CHAINS[name]}：从库里现在的链尾接着签，原因已记入检查点文件：{reason}")
    return 0


def _written(written: checkpoints.Written, kept: Path, say: Callable[[str], None]) -> bool:
    for one in written.accepted:
        say(f"{chain.CHAINS.get(one['chain'], one['chain'])}曾在第 {one['count']} 环后由人决定接着签（{one['at']}）：{one['accepted']}")
    if written.odd:
        say(f"检查点文件 {kept} 第 {written.odd} 行不是本系统写的，或被改动")
    return bool(written.odd)


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip()


def _one(conn, name: str, rings: dict[str, Ring], outside: Outside, say: Callable[[str], None]) -> bool:
    began = time.perf_counter()
    found = verifying.verify(conn, name, rings, outside)
    took = max(time.perf_counter() - began, 1e-6)
    words = chain.CHAINS[name]
    if found.broken:
        say(f"{words}不可信，第一处：{found.broken}")
        return True
    rate = f"每秒 {(found.links + found.waiting) / took:,.0f} 行"
    say(f"{words}完整：入链 {found.links} 行，待入链 {found.waiting} 行，与库外所记的 {len(outside.marks)} 处相符（{rate}）")
    if outside.old:
        say(f"　　其中前 {outside.old} 环是早于逐行签名的记录，自入链起受保护")
    return False


def _carry(kept: Path, folder: Path) -> None:
    """What is known outside the database, into the export; before the chains are read, so that it never knows more than they."""
    private_folder(folder)
    for path in (kept, *(memory.file_of(kept.parent, name) for name in chain.CHAINS)):
        (folder / path.name).unlink(missing_ok=True)
        if path.exists():
            with open_private(folder / path.name) as out, open(path, encoding="utf-8", errors="replace") as lines:
                shutil.copyfileobj(lines, out)


def export(conn, folder: Path, rings: dict[str, Ring], say: Callable[[str], None]) -> None:
    """Write both chains and the keys, for their owner only. Existing files of an earlier export are replaced."""
    private_folder(folder)
    for name in chain.CHAINS:
        with conn.transaction(), closing(verifying.links(conn, name)) as links, open_private(folder / f"{name}.jsonl") as out:
            for one in links:
                out.write(json.dumps(_line(one), ensure_ascii=False) + "\n")
    with open_private(folder / "keys.json") as out:
        json.dump({ident: _keys(keys) for ident, keys in rings.items()}, out)
    say(f"已导出到 {folder}；核对：python scripts/verify_audit.py {folder}（keys.json 像口令一样保管）")


def _line(one: Link) -> dict[str, object]:
    def text(raw: bytes | None) -> str | None:
        return None if raw is None else raw.hex()

    body = None if one.body is None else one.body.decode()
    return {
        "seq": one.seq, "ref": one.ref, "key": one.key, "digest": text(one.digest), "mac": text(one.mac), "body": body,
    }  # fmt: skip


def _keys(keys: Ring) -> dict[str, str]:
    links = {f"link {name}": key.hex() for name, key in keys.links.items()}
    return {"row": keys.rows["audit"].hex(), "row event": keys.rows["event"].hex(), "checkpoint": keys.checkpoint.hex()} | links
