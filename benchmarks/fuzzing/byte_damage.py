"""Damage to bytes that knows nothing of what they mean."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_TELLING_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)


def flip_bits(chance: random.Random, data: bytes) -> bytes:
    """Turn some bits over."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 3, 10, 100)) if data else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """Drop the end, or the beginning."""
    place = chance.randrange(len(data) + 1)
    return data[:place] if chance.random() < 0.8 else data[place:]


def insert_bytes(chance: random.Random, data: bytes) -> bytes:
    """Put random bytes in somewhere."""
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.randbytes(chance.choice((1, 2, 16, 300))) + data[place:]


def zero_range(chance: random.Random, data: bytes) -> bytes:
    """Overwrite a range with zeros or ones, as a bad disk block does."""
    start = chance.randrange(len(data) + 1)
    length = min(chance.choice((1, 8, 64, 512, 4096)), len(data) - start)
    return data[:start] + chance.choice((b"\0", b"\xff")) * length + data[start + length :]


def append_garbage(chance: random.Random, data: bytes) -> bytes:
    """Add what does not belong there at the end."""
    return data + chance.choice((chance.randbytes(200), b"\0" * 1000, b"<html>502</html>", data))


def repeat_range(chance: random.Random, data: bytes) -> bytes:
    """Double, drop or move a range."""
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    part = data[start:end]
    place = chance.randrange(len(data) + 1)
    return chance.choice(
        (data[:end] + part + data[end:], data[:start] + data[end:], data[:place] + part + data[place:])
    )


def overwrite_number(chance: random.Random, data: bytes) -> bytes:
    """Write a number that lengths and offsets break on over two or four bytes."""
    size, kind = chance.choice(((2, "H"), (4, "I")))
    if len(data) < size:
        return data
    place = chance.randrange(min(len(data) - size + 1, chance.choice((64, 1024, 1 << 30))))
    number = chance.choice(_TELLING_NUMBERS) & (2 ** (8 * size) - 1)
    return data[:place] + struct.pack(chance.choice("<>") + kind, number) + data[place + size :]


BYTE_DAMAGE = (flip_bits, cut, insert_bytes, zero_range, append_garbage, repeat_range, overwrite_number)
