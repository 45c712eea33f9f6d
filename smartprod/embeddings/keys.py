"""Content keys: what an embedding is stored under is a hash of what it was computed from."""

from __future__ import annotations

from hashlib import blake2b

KEY_BYTES = 16


def image_key(data: bytes) -> str:
    """Key the bytes of an image file: BLAKE2b, 16 bytes, in hexadecimal."""
    return blake2b(data, digest_size=KEY_BYTES).hexdigest()


def text_key(text: str) -> str:
    """Key a clean text, likewise over its UTF-8 bytes."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).hexdigest()
