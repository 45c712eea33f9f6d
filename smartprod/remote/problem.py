"""Why something remote cannot be had."""

from __future__ import annotations

from typing import Literal

ProblemStatus = Literal["missing", "corrupt", "too_large", "forbidden", "unreadable"]


class RemoteProblem(Exception):  # noqa: N818  (a finding about one address that becomes a row's status)
    """Why an address gives nothing; it becomes the status of a row.

    Attributes:
        status: A value of `smartprod.catalog.Status`, which this room stands below.
        reason: In a few words, without user, password or query of the address.
        passing: Whether another try may succeed.
        wait: Seconds that the server asked to wait before one (`Retry-After`); None where it did not.
    """

    def __init__(
        self, status: ProblemStatus, reason: str, *, passing: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.passing = passing
        self.wait = wait
