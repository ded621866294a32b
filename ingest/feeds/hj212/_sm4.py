"""SM4 on the data area CP (HJ 212-2025 §6.4.2 and annex A.2): ECB, no padding.

The annex: length and CRC are those of the plain frame; then each whole group of 16 bytes between `CP=&&` and `&&CRC` is
encrypted, and what is left over at the end (fewer than 16) stays plain. So an encrypted frame is as long as its plain one,
and its CRC holds only after decryption, which tells a wrong key from a right one.

Why spellings beside the raw bytes: the annex prints the ciphertext as `{0xE4,0x3E,…}` followed by the plain rest, and
gateways that cannot carry bytes write hex or base64. Those are recognised, too, when the frame's length counts what is really
sent; their CRC may be of the plain or of the sent text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
_PRINTED = re.compile(rb"\{((?:0[xX][0-9A-Fa-f]{2}(?:,(?=0)|(?=\})))*)\}(.{0,15})", re.S)
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{32})+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{22,}={0,2}")


def encrypted(plain: bytes, key: bytes) -> bytes:
    """The data area as it goes onto the line."""
    return _turned(plain, Cipher(algorithms.SM4(key), modes.ECB()).encryptor())


def decrypted(cipher: bytes, key: bytes) -> bytes:
    """The data area as it was."""
    return _turned(cipher, Cipher(algorithms.SM4(key), modes.ECB()).decryptor())


def _turned(data: bytes, turn) -> bytes:
    whole = len(data) - len(data) % BLOCK
    return turn.update(data[:whole]) + turn.finalize() + data[whole:]


def spelled(area: bytes) -> bytes | None:
    """The ciphertext of a data area that spells it in text; None for plain text. Plain text is never taken for it: it has a
    `=` after each name, base64 at its end only."""
    if match := _PRINTED.fullmatch(area):
        return bytes(int(two, 16) for two in match[1].split(b",") if two) + match[2]
    if _HEX.fullmatch(area):
        return bytes.fromhex(area.decode())
    if _BASE64.fullmatch(area):
        try:
            found = base64.b64decode(area, validate=True)
        except binascii.Error:
            return None
        return found if len(found) % BLOCK == 0 else None
    return None


def unpadded(plain: bytes) -> Iterator[bytes]:
    """The plain text as it is, and without the padding that some libraries add all the same (zeros, blanks, PKCS#7)."""
    yield plain
    yield plain.rstrip(b"\0 ")
    if plain and 1 <= plain[-1] <= BLOCK and plain.endswith(bytes([plain[-1]]) * plain[-1]):
        yield plain[: -plain[-1]]
