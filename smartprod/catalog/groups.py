"""Groups of rows that belong together, so that a split never puts one of them on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def group_rows(columns: Sequence[Sequence[str | None]]) -> NDArray[np.int64]:
    """Put rows that share a key in any column into one group, and so on along chains of shared keys.

    Args:
        columns: Keys of the N rows, column by column, such as group ids, image hashes and text hashes; None and the
            empty string tie a row to no other. Equal keys in different columns mean different things.

    Returns:
        The group of each row `[N]`, numbered from 0 in order of appearance.

    Raises:
        ValueError: No columns, or columns of different lengths.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        raise ValueError(f"the columns have {sorted(lengths)} rows")
    count = lengths.pop()
    # A graph of rows and keys in which a row is tied to each of its keys: its components are the groups.
    rows: list[NDArray[np.int64]] = []
    keys: list[NDArray[np.int64]] = []
    nodes = count
    for column in columns:
        codes = key_codes(column)
        tied = np.flatnonzero(codes >= 0)
        rows.append(tied)
        keys.append(codes[tied] + nodes)
        nodes += int(codes.max(initial=-1)) + 1
    ends = np.concatenate(rows), np.concatenate(keys)
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(nodes, nodes))
    _, components = connected_components(graph, directed=False)
    return number_by_appearance(components[:count])


def key_codes(keys: Sequence[str | None]) -> NDArray[np.int64]:
    """Number the distinct keys from 0 in order of appearance; -1 where there is no key.

    Args:
        keys: Keys of N rows; None and the empty string are none.

    Returns:
        Codes `[N]`.
    """
    column = pa.array(keys, pa.large_string())
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    indices = column.dictionary_encode().indices
    return np.asarray(pc.fill_null(indices, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def number_by_appearance(values: NDArray[np.int_]) -> NDArray[np.int64]:
    """Number equal values from 0 in the order in which they first appear `[N]`."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def content_keys(
    clean_text: pa.Table, embedding_index: pa.Table, *, long_from: int
) -> dict[str, list[str | None]]:
    """Keys of the main image and of the texts that are so long that sharing one is no accident.

    Args:
        clean_text: Of N rows.
        embedding_index: Of the same rows.
        long_from: Characters from which a text counts.

    Returns:
        `image` and `text`: the key of each row, None where there is none.
    """
    long = pc.fill_null(pc.greater_equal(pc.utf8_length(clean_text["text"]), long_from), False)
    text_keys = zip(embedding_index["text_key"].to_pylist(), long.to_pylist(), strict=True)
    return {
        "image": embedding_index["image_key"].to_pylist(),
        "text": [key if is_long else None for key, is_long in text_keys],
    }


def group_products(
    products: pa.Table, keys: Mapping[str, Sequence[str | None]], *, by: Sequence[str]
) -> NDArray[np.int64]:
    """Group the rows of a product table by its `group` column and by content keys, as `split.group_by` says.

    Args:
        products: N rows.
        keys: See `content_keys`.
        by: Any of `group`, `image`, `text`; none leaves every row alone.

    Returns:
        The group of each row `[N]`, numbered from 0.
    """
    columns = {"group": products["group"].to_pylist(), **keys}
    chosen = [columns[name] for name in by]
    return group_rows(chosen or [[None] * products.num_rows])
