#!/usr/bin/env python3
"""Verify exported chains of 城市大脑 lite without its database and without its code: the Python standard library only.

    python verify_audit.py FOLDER [--keys FILE] [--checkpoints FILE]

FOLDER is what `brain verify-audit --export FOLDER` wrote:

  audit.jsonl, event.jsonl   one link a line: {"seq", "ref", "key", "digest", "mac", "body"}
  keys.json                  {key id: {"row": hex, "checkpoint": hex, "link audit": hex, "link event": hex}}
  checkpoints.jsonl          {"chain", "count", "last", "digest", "at", "key", "mac"}; better taken from where they were kept

What must hold, for every line of a chain in order:

  seq     1, 2, 3 … without a gap; null: the row was committed but not yet linked (the engine links within seconds)
  digest  HMAC-SHA-256(key "link <chain>", digest before (32 zero bytes at first) + seq as 8 bytes, big-endian
          + mac (32 zero bytes where there is none) + body in UTF-8)
  mac     in audit.jsonl: HMAC-SHA-256(key "row", body); null only in rows that stand before all rows that have one
  body    the row as a JSON array; null: the row is gone
          audit: id, time in µs since 1970, actor id, actor, action, object, address, let, detail
          event: event id, line, time in µs, verb, from state, to state, actor id, actor, role, organisation, reason, note, detail

and for every checkpoint: mac = HMAC-SHA-256(key "checkpoint", "chain count last digest at"), and the chain has the link
`count` with that digest.

Exit status: 0 nothing wrong, 1 something is wrong (the first thing of each chain is named), 2 could not read.
"""

from __future__ import annotations

import argparse
import hmac
import json
import sys
import time
from pathlib import Path

NOTHING = bytes(32)


def digest_of(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


def link_of(key: bytes, before: bytes, seq: int, one: dict) -> bytes:
    return digest_of(key, before, seq.to_bytes(8, "big"), one["mac"] or NOTHING, (one["body"] or "").encode())


def lines(path: Path):
    """The links of a file, their digests as bytes."""
    with open(path, encoding="utf-8") as file:
        for text in file:
            one = json.loads(text)
            for name in ("digest", "mac"):
                one[name] = bytes.fromhex(one[name]) if one[name] is not None else None
            yield one


def checkpoints(path: Path, keys: dict) -> tuple[dict, str | None]:
    """{chain: {count: digest}} and what is wrong with the file itself, if anything."""
    found: dict[str, dict[int, bytes]] = {}
    if not path.exists():
        return found, None
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            one = json.loads(text)
            said = " ".join(str(one[name]) for name in ("chain", "count", "last", "digest", "at"))
            known = keys.get(one["key"])
            good = known is not None and digest_of(known["checkpoint"], said.encode()).hex() == one["mac"]
        except (ValueError, KeyError, TypeError):
            good = False
        if not good:
            return found, f"line {number} of {path} is not what was written"
        found.setdefault(one["chain"], {})[one["count"]] = bytes.fromhex(one["digest"])
    return found, None


def walk(path: Path, chain: str, keys: dict, marks: dict[int, bytes]) -> tuple[int, int, str | None]:
    """(links, rows that wait, the first thing that is wrong)."""
    before, at, waiting, keyed, left = NOTHING, 0, 0, False, dict(marks)
    for one in lines(path):
        seq, body, mac = one["seq"], one["body"], one["mac"]
        where = f"{one['ref']} (link {seq})" if seq is not None else f"{one['ref']} (not linked yet)"
        if seq is None:
            waiting += 1
            if body is None:
                return at, waiting, f"{where} was removed"
        elif seq != at + 1:
            return at, waiting, f"link {at + 1} was {'removed' if seq > at else 'reordered'}, before {where}"
        elif one["key"] not in keys:
            return at, waiting, f"{where} is under a key that is not in the key file"
        elif body is None:
            return at, waiting, f"{where} was removed"
        else:
            key = keys[one["key"]][f"link {chain}"]
            if link_of(key, before, seq, one) != one["digest"]:
                moved = any(
                    row["body"] is not None and link_of(key, before, seq, row) == one["digest"] for row in lines(path)
                )
                return at, waiting, f"{where} was {'reordered' if moved else 'altered'}"
        if chain == "audit" and mac is None and keyed:
            return at, waiting, f"{where} was inserted behind the back of the system"
        if chain == "audit" and mac is not None:
            if not any(digest_of(known["row"], body.encode()) == mac for known in keys.values()):
                return at, waiting, f"{where} was altered"
            keyed = True
        if seq is not None:
            before, at = one["digest"], seq
            if left.pop(at, before) != before:
                return at, waiting, f"{where} is not what the checkpoint says"
    if left:
        return at, waiting, f"everything after link {at} was cut off: checkpoints know {max(left)} links"
    return at, waiting, None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keys", type=Path, help="keys.json; default: the one in the folder")
    parser.add_argument("--checkpoints", type=Path, help="checkpoints.jsonl; default: the one in the folder")
    args = parser.parse_args()
    try:
        raw = json.loads((args.keys or args.folder / "keys.json").read_text(encoding="utf-8"))
        keys = {ident: {name: bytes.fromhex(key) for name, key in one.items()} for ident, one in raw.items()}
        marks, wrong = checkpoints(args.checkpoints or args.folder / "checkpoints.jsonl", keys)
        status = 0
        if wrong:
            print(f"checkpoints: {wrong}")
            status = 1
        for chain in ("audit", "event"):
            began = time.perf_counter()
            links, waiting, wrong = walk(args.folder / f"{chain}.jsonl", chain, keys, marks.get(chain, {}))
            rate = (links + waiting) / max(time.perf_counter() - began, 1e-6)
            if wrong:
                print(f"{chain}: {wrong}")
                status = 1
            else:
                known = len(marks.get(chain, {}))
                print(f"{chain}: whole, {links} links, {waiting} rows wait, {known} checkpoints agree ({rate:,.0f} rows/s)")
        return status
    except (OSError, ValueError, KeyError) as err:
        print(f"cannot read: {err}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
