"""Open a table in another system's format, as the configuration says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog.importers.native import joined_folder
from smartprod.errors import UsageError
from smartprod.remote import is_address

if TYPE_CHECKING:
    from smartprod.catalog.importers.native import NativeSource
    from smartprod.catalog.readers.location import TableLocation
    from smartprod.config.schema import CatalogConfig

_IMAGE_FOLDERS = {"kazan": "images", "abo": "images/small", "fashion": "images", "labels": ""}


def open_native(config: CatalogConfig, location: TableLocation) -> NativeSource:
    """Open the table with the reader of `config.format`.

    Args:
        config: Names the format and says how to read it.
        location: Where the table is.

    Raises:
        UsageError: SP260 to SP264 where it is not in that format, SP265 where it is a folder elsewhere.
    """
    system = config.format
    images = joined_folder(config.native.image_folder, _IMAGE_FOLDERS[system])
    if location.remote is not None and location.is_folder:
        raise UsageError(
            "SP265",
            f"A folder of the format {system} is read from disk only.",
            where=f"catalog.path = {location.place}",
            fix="Copy it to disk first.",
        )
    separator, limit = config.category_separator, config.max_field_characters
    match system:
        case "abo":
            from smartprod.catalog.importers.abo import open_abo

            return open_abo(
                location.on_disk, languages=config.native.languages, separator=separator, image_folder=images,
                field_limit=limit,
            )  # fmt: skip
        case "fashion":
            from smartprod.catalog.importers.fashion import open_fashion

            return open_fashion(
                location.on_disk,
                encoding=config.encoding,
                separator=separator,
                image_folder=images,
                field_limit=limit,
            )
        case "kazan":
            from smartprod.catalog.importers.kazan import open_kazan
            from smartprod.catalog.readers.formats import open_source

            base = open_source(config.model_copy(update={"format": "auto"}))
            root = image_root(config, location)
            return open_kazan(base, separator=separator, image_folder=images, image_root=root)
        case _:
            from smartprod.catalog.importers.labels import open_labels
            from smartprod.catalog.readers.formats import open_source

            base = open_source(config.model_copy(update={"format": "auto"}))
            return open_labels(base, config.native, separator=separator, image_folder=images)


def image_root(config: CatalogConfig, location: TableLocation) -> str | None:
    """Name the folder of this disk that image paths start from; None where that is elsewhere."""
    root = config.image_root if config.image_root is not None else location.image_folder
    if isinstance(root, str) and is_address(root):
        return None
    return str(Path(root).expanduser().absolute())


def native_files(config: CatalogConfig, location: TableLocation) -> list[Path]:
    """Name the files of a folder that are the table itself; the images are not among them."""
    source = open_native(config, location)
    return sorted(Path(file) for file in source.files())
