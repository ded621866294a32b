"""What the engine remembers of each chain outside the database: which links it made last.

The database is not asked where the chain ends. Whoever owns it could cut links off, put their rows back into the queue as he would
like them, and have us link those. So the engine goes on only from the link that it remembers, and says so where the
database shows another.

One file a chain, written on disk before the links are committed: after which link they come, of which rows, and the digest that
the last one gets. A process can be killed at any moment; what it finds when it starts again is one of three:

  the database ends with the last of these links       they were committed, whether or not anybody lived to see it
  it ends with the link before them                    they were not committed, or somebody took them out again. Either way the
                                                       same rows are linked once more, in the same order, and must come to the
                                                       same digest: nothing is lost, and a row that is missing or altered shows
  anything else                                        no kill leaves that behind: somebody laid hands on the chain

That is why nothing need be written after the commit, and why the file names the rows: without the names a cut of exactly the last
batch could not be told from a kill. The file is replaced as a whole (a new one, synced, renamed, the folder synced), so a kill while it
is written leaves the one before, whose links are committed.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain.identity import chain
from brain.identity.chain import Batch, Ring
from brain.store.private import replace_private


class Unreadable(RuntimeError):
    """The file is not what this system wrote: it was changed, or the secret is another now."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The last batch of links of a chain, and how many links at its beginning stand for rows older than the digests of rows."""

    batch: Batch
    old: int

    @property
    def marks(self) -> dict[int, bytes]:
        """The digests that a chain must have, by number."""
        both = {self.batch.after: self.batch.before, self.batch.count: self.batch.digest}
        return {number: digest for number, digest in both.items() if number}


def file_of(folder: Path, name: str) -> Path:
    return folder / f"sealed-{name}.json"


def write(folder: Path, name: str, kept: Memory) -> None:
    """Replace what is remembered of a chain; on disk when it returns. Raises OSError."""
    batch = kept.batch
    said: dict[str, Any] = {
        "chain": name, "key": batch.key, "old": kept.old, "after": batch.after, "before": batch.before.hex(),
        "count": batch.count, "digest": batch.digest.hex(), "refs": list(batch.refs),
    }  # fmt: skip
    replace_private(file_of(folder, name), json.dumps(said | {"mac": _mac(chain.ring(), said)}))


def read(folder: Path, name: str, rings: Mapping[str, Ring]) -> Memory | None:
    """What is remembered of a chain; None where nothing was ever written. Raises Unreadable, OSError."""
    path = file_of(folder, name)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        said = json.loads(text)
        keys, mac = rings.get(said["key"]), said.pop("mac")
        if keys is None or said["chain"] != name or not hmac.compare_digest(_mac(keys, said), mac):
            raise ValueError
        before, digest = bytes.fromhex(said["before"]), bytes.fromhex(said["digest"])
        return Memory(Batch(said["after"], before, tuple(said["refs"]), digest, said["key"]), said["old"])
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise Unreadable(f"{path} 不是本系统写的，或被改动，或密钥换过") from err


def _mac(keys: Ring, said: Mapping[str, Any]) -> str:
    return hmac.digest(keys.checkpoint, json.dumps(said, sort_keys=True).encode(), "sha256").hex()


