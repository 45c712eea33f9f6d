"""The status of a field of a product row, and the names of the columns that carry it."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What became of one field of one row."""

    OK = "ok"
    MISSING = "missing"  # nothing was given, or nothing is at the place that was given
    CORRUPT = "corrupt"  # there is something, but it is not what it claims to be
    TOO_LARGE = "too_large"  # beyond a configured limit
    FORBIDDEN = "forbidden"  # a URL, or a path outside the image root
    UNREADABLE = "unreadable"  # the line, encoding or file could not be read


STATUS_FIELDS = ("row", "title", "description", "attributes", "images", "category")
"""Fields of the product table that carry `status.<field>` and `reason.<field>` columns."""


def status_column(field: str) -> str:
    """Name the column that holds the status of `field`."""
    return f"status.{field}"


def reason_column(field: str) -> str:
    """Name the column that holds the reason of the status of `field`."""
    return f"reason.{field}"
