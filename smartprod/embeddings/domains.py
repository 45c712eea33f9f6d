"""Which rows are of the domain that will be asked about, which of another one, and whose photos may be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smartprod.config.schema import DomainsConfig

_LEARNED = ("train", "val")


@dataclass(frozen=True, slots=True, eq=False)
class DomainRows:
    """The domains of a table of N rows.

    Attributes:
        target: The domains that will be asked about.
        source: The train and val rows of all other domains, bool `[N]`.
        seen: The rows of the target domains whose photos may be looked at; labels are no matter here, bool `[N]`.
        with_test: How many of those are test rows.
    """

    target: tuple[str, ...]
    source: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    with_test: int

    def line(self) -> str:
        """Tell what is what."""
        test = f", {self.with_test:,} of them test rows (photos only)" if self.with_test else ""
        return (
            f"{self.source.sum():,} labelled rows of other domains; "
            f"{self.seen.sum():,} rows of {', '.join(self.target)} are looked at{test}"
        )


def find_domain_rows(
    domains: Sequence[str | None], parts: Sequence[str], config: DomainsConfig
) -> DomainRows:
    """Tell the rows of the target domains from the others.

    Without a named target, the target domains are those that no train row is of.

    Args:
        domains: The domain of each of N rows; None where it is not known.
        parts: The part of each row.
        config: Which domains are the target, and whether photos of test rows may be seen.

    Raises:
        UsageError: No target domain can be told (SP477), or none of its photos may be seen (SP478).
    """
    given, part = np.asarray([each or "" for each in domains]), np.asarray(parts)
    found = set(given.tolist()) - {""}
    target = sorted(set(config.target) if config.target else found - set(given[part == "train"].tolist()))
    is_target = np.isin(given, target)
    if not is_target.any():
        raise UsageError(
            "SP477",
            f"No row is of a target domain; the domains of the table are: {', '.join(sorted(found)) or 'none'}.",
            where="catalog.domains.target, catalog.columns.domain",
            fix="Name the domain that the model will be asked about, or set fuse.align.method and finetune.image.domain.method to none.",
        )
    learned, test = np.isin(part, _LEARNED), part == "test"
    seen = is_target & (~test | config.test_images)
    if not seen.any():
        raise UsageError(
            "SP478",
            f"All rows of {', '.join(target)} are test rows: none of their photos may be seen.",
            where="catalog.domains.test_images",
            fix="Add unlabelled rows of that domain, or set test_images: true and say so where you give the scores.",
        )
    return DomainRows(tuple(target), learned & ~is_target, seen, int((seen & test).sum()))
