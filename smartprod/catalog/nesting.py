"""How deep plain data nests, found out without recursion."""

from __future__ import annotations

_CONTAINERS = (dict, list, tuple, set, frozenset)


def is_nested_deeper(value: object, levels: int) -> bool:
    """Say whether lists and dictionaries stand in each other over more than `levels` levels."""
    level = [value]
    for _ in range(levels + 1):
        level = [
            item
            for container in level
            if isinstance(container, _CONTAINERS)
            for item in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return True
