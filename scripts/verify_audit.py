#!/usr/bin/env python3
"""Verify exported chains of 城市大脑 lite without its database and without its code: the Python standard library only.

    python verify_audit.py FOLDER [--keys FILE] [--checkpoints FILE]

FOLDER is what `brain verify-audit --export FOLDER` wrote:

  audit.jsonl, event.jsonl   one link a line: {"seq", "ref", "key", "digest", "mac", "body"}
  keys.json                  {key id: {"row": hex, "row event": hex, "checkpoint": hex, "link audit": hex, "link event": hex}}
  checkpoints.jsonl          {"chain", "count", "last", "digest", "at", "key", "old", "mac"}; better taken from where they were kept
  sealed-<chain>.json        the engine's memory: {"chain", "key", "old", "after", "before", "count", "digest", "refs", "mac"}

What must hold, for every line of a chain in order:

  seq     1, 2, 3 … without a gap; null: the row was committed but not yet linked (the engine links within seconds)
  digest  HMAC-SHA-256(key "link <chain>", digest before (32 zero bytes at first) + seq as 8 bytes, big-endian
          + mac (32 zero bytes where there is none) + body in UTF-8)
  mac     HMAC-SHA-256(key "row", in event.jsonl "row event", body); null only in rows that stand before all rows that have one, and
          not after link "old" of the memory, or else of the newest checkpoint
  body    the row as a JSON array; null: the row is gone
          audit: id, time in µs since 1970, actor id, actor, action, object, address, let, detail
          event: event id, line, time in µs, verb, from state, to state, actor id, actor, role, organisation, reason, note, detail

and outside the database:

  checkpoint   mac = HMAC-SHA-256(key "checkpoint", the line without "mac" as JSON with sorted keys; in old lines, without "old": "chain
               count last digest at"), and the chain has the link `count` with that digest. A line with "accepted" voids the
               earlier ones of its chain with a greater count: a person went on from there, and says why
  memory       the same mac; the chain has the links `after` (digest `before`) and `count` (`digest`). Or the engine was stopped before it
               could commit the links from after + 1 to count: then the chain ends with `after`, the rows `refs` all wait, and linked in
               that order they come to `digest`

Exit status: 0 nothing wrong, 1 something is wrong (the first thing of each chain is named), 2 could not read.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import cache
from hashlib import sha256
from pathlib import Path

NOTHING = bytes(32)
LEGACY = ("chain", "count", "last", "digest", "at")


@cache
def keyed(key: bytes):
    """HMAC-SHA-256 under one key (RFC 2104), the key's two blocks digested once."""
    inner, outer = (sha256(bytes(b ^ pad for b in key.ljust(64, b"\0"))) for pad in (0x36, 0x5C))

    def digest(text: bytes) -> bytes:
        of_text, of_that = inner.copy(), outer.copy()
        of_text.update(text)
        of_that.update(of_text.digest())
        return of_that.digest()

    return digest


def link_of(digest, before: bytes, seq: int, mac, body) -> bytes:
    return digest(b"".join((before, seq.to_bytes(8, "big"), mac or NOTHING, body or b"")))


def lines(path: Path):
    """(seq, ref, key, digest, mac, body) of a file, the last three as bytes."""
    unhex = bytes.fromhex
    with open(path, encoding="utf-8") as file:
        for text in file:
            one = json.loads(text)
            digest, mac, body = one["digest"], one["mac"], one["body"]
            yield (one["seq"], one["ref"], one["key"], digest and unhex(digest), mac and unhex(mac),
                   None if body is None else body.encode())  # fmt: skip


def ours(one: dict, keys: dict) -> dict:
    """A checkpoint or a memory, if we wrote it. Raises ValueError, KeyError or TypeError."""
    said = {name: value for name, value in one.items() if name != "mac"}
    text = json.dumps(said, sort_keys=True) if "old" in one else " ".join(str(one[name]) for name in LEGACY)
    if keyed(keys[one["key"]]["checkpoint"])(text.encode()).hex() != one["mac"]:
        raise ValueError("not what was written")
    return one


def outside(folder: Path, path: Path, keys: dict) -> tuple[dict, list[str]]:
    """{chain: (marks {count: digest}, old, memory)} and what is wrong with the files themselves."""
    marks, old, memory, wrong = {}, {}, {}, []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else (), 1):
        try:
            one = ours(json.loads(text), keys)
            known = marks.setdefault(one["chain"], {})
            if "accepted" in one:
                print(f"{one['chain']}: gone on after link {one['count']} at {one['at']} by decision: {one['accepted']}")
                known = marks[one["chain"]] = {n: d for n, d in known.items() if n <= one["count"]}
            known[one["count"]] = bytes.fromhex(one["digest"])
            old[one["chain"]] = one.get("old")
        except (ValueError, KeyError, TypeError):
            wrong.append(f"line {number} of {path} is not what was written")
            break
    for chain in ("audit", "event"):
        kept = folder / f"sealed-{chain}.json"
        try:
            one = memory[chain] = ours(json.loads(kept.read_text(encoding="utf-8")), keys)
            ends = {one["after"]: one["before"], one["count"]: one["digest"]}
            marks.setdefault(chain, {}).update((n, bytes.fromhex(d)) for n, d in ends.items())
            old[chain] = one["old"]
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError):
            wrong.append(f"{kept} is not what was written")
    return {chain: (marks.get(chain, {}), old.get(chain), memory.get(chain)) for chain in ("audit", "event")}, wrong


def walk(path: Path, chain: str, keys: dict, marks: dict, old: int | None, memory: dict | None) -> tuple[int, int, str | None]:
    """(links, rows that wait, the first thing that is wrong)."""
    row_key = "row" if chain == "audit" else "row event"
    rings = {ident: (keyed(one[f"link {chain}"]), keyed(one[row_key])) for ident, one in keys.items()}
    before, at, waiting, digested = NOTHING, 0, 0, False
    left, found = {n: d for n, d in marks.items() if n}, {}
    for one in lines(path):
        seq, ref, ident, digest, mac, body = one
        where = f"{ref} (link {seq})" if seq is not None else f"{ref} (not linked yet)"
        if seq is None:
            waiting += 1
            found[ref] = one
        elif seq != at + 1:
            return at, waiting, f"link {at + 1} was {'removed' if seq > at else 'reordered'}, before {where}"
        elif ident not in rings:
            return at, waiting, f"{where} is under a key that is not in the key file"
        if body is None:
            return at, waiting, f"{where} was removed"
        if seq is not None and link_of(rings[ident][0], before, seq, mac, body) != digest:
            rest = (row[4:] for row in lines(path) if row[5] is not None)
            moved = any(link_of(rings[ident][0], before, seq, *row) == digest for row in rest)
            return at, waiting, f"{where} was {'reordered' if moved else 'altered'}"
        if mac is None and (digested or (old is not None and (seq or at + waiting) > old)):
            return at, waiting, f"{where} was inserted behind the back of the system"
        if mac is not None:
            if not any(row(body) == mac for _, row in rings.values()):
                return at, waiting, f"{where} was altered"
            digested = True
        if seq is not None:
            before, at = digest, seq
            if left and left.pop(at, before) != before:
                return at, waiting, f"{where} is not what the checkpoint says"
    return at, waiting, cut(chain, at, before, left, memory, found, keys) if left else None


def cut(chain: str, at: int, before: bytes, left: dict, memory: dict | None, found: dict, keys: dict) -> str | None:
    """What is missing at the end; None where the engine was stopped before it could commit the last links."""
    if not memory or set(left) != {memory["count"]} or (memory["after"], memory["before"]) != (at, before.hex()):
        row = memory["refs"][at - memory["after"]] if memory and memory["after"] <= at < memory["count"] else "unknown"
        return f"everything after link {at} was cut off, the first row {row}: checkpoints know {max(left)} links"
    for seq, ref in enumerate(memory["refs"], at + 1):
        row = found.get(ref)
        if row is None:
            return f"{ref} (link {seq}) was removed"
        before = link_of(keyed(keys[memory["key"]][f"link {chain}"]), before, seq, *row[4:])
    return None if before.hex() == memory["digest"] else f"link {at + 1} or one after it is not what the memory says"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keys", type=Path, help="keys.json; default: the one in the folder")
    parser.add_argument("--checkpoints", type=Path, help="checkpoints.jsonl; default: the one in the folder")
    args = parser.parse_args()
    try:
        raw = json.loads((args.keys or args.folder / "keys.json").read_text(encoding="utf-8"))
        keys = {ident: {name: bytes.fromhex(key) for name, key in one.items()} for ident, one in raw.items()}
        known, odd = outside(args.folder, args.checkpoints or args.folder / "checkpoints.jsonl", keys)
        status = 1 if odd else 0
        for wrong in odd:
            print(f"checkpoints: {wrong}")
        for chain in ("audit", "event"):
            began = time.perf_counter()
            links, waiting, wrong = walk(args.folder / f"{chain}.jsonl", chain, keys, *known[chain])
            rate = (links + waiting) / max(time.perf_counter() - began, 1e-6)
            if wrong:
                print(f"{chain}: {wrong}")
                status = 1
            else:
                marks = sum(1 for n in known[chain][0] if n)
                print(f"{chain}: whole, {links} links, {waiting} rows wait, {marks} checkpoints agree ({rate:,.0f} rows/s)")
        return status
    except (OSError, ValueError, KeyError) as err:
        print(f"cannot read: {err}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
