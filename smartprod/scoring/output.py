"""Where the answers go: one file, a folder of Parquet files that is one data set, or a file at an address."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from smartprod.errors import UsageError
from smartprod.remote import is_address

OutputFormat = Literal["parquet", "csv", "parquet-folder"]
_BY_ENDING: dict[str, OutputFormat] = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
SUCCESS_FILE = "_SUCCESS"
_OWN_FILES = ("part-*.parquet", ".part-*.tmp", "_plan.json", "._plan.json.*.tmp", ".lock", SUCCESS_FILE)


@dataclass(frozen=True, slots=True)
class Output:
    """Where the answers of a job go, and where its parts lie until they are whole.

    Attributes:
        given: As the user gave it.
        format: `parquet` or `csv` for a file; `parquet-folder` for a folder whose files are the parts themselves.
    """

    given: str
    format: OutputFormat

    @classmethod
    def of(cls, given: str, *, output_format: str | None, table: str) -> Output:
        """Check where the answers are to go.

        What ends with a slash or is a folder already becomes a folder of Parquet files.

        Args:
            given: A path or an address.
            output_format: One of the formats; None: by the name.
            table: The table that is scored, which must not be written over.

        Raises:
            UsageError: The name does not tell the format (SP804), there is no such format (SP805), `given` is the table
                or a file's name is a folder's (SP806), the folder holds something else (SP815), or a folder at an address
                is asked for (SP816).
        """
        output = cls(given, _format(given, output_format))
        if is_address(given):
            if output.format == "parquet-folder":
                raise UsageError(
                    "SP816",
                    "answers go to an address as one file, not as a folder",
                    where="--out",
                    fix="name a .parquet or .csv file, or write a folder to disk and copy it",
                )
            return output
        path = Path(given)
        taken = "the table" if path.absolute() == Path(table).absolute() else None
        if output.format == "parquet-folder":
            taken = taken or ("a file" if path.is_file() else None)
            _check_folder(path)
        elif path.is_dir():
            taken = "a folder"
        if taken:
            raise UsageError(
                "SP806",
                f"the answers cannot go to `{given}`: that is {taken}",
                where="--out",
                fix="name a new file, such as scored.parquet",
            )
        return output

    @property
    def is_address(self) -> bool:
        """Whether it is not on this machine."""
        return is_address(self.given)

    @property
    def path(self) -> Path:
        """The local file or folder; of an address, a file of its name in the current folder."""
        return Path(self.given.rsplit("/", 1)[-1]) if self.is_address else Path(self.given)

    @property
    def parts(self) -> Path:
        """Where the parts lie: in the folder itself, or beside the file until it is whole."""
        return (
            self.path if self.format == "parquet-folder" else self.path.with_name(f"{self.path.name}.parts")
        )

    @property
    def success(self) -> Path:
        """What says that a folder is whole."""
        return self.path / SUCCESS_FILE


def _format(given: str, named: str | None) -> OutputFormat:
    if named is not None:
        found = next((each for each in get_args(OutputFormat) if each == named), None)
        if found is None:
            raise UsageError(
                "SP805",
                f"answers cannot be written as `{named}`",
                where="--format",
                fix=f"choose one of {', '.join(get_args(OutputFormat))}",
            )
        return found
    if given.endswith(("/", os.sep)) or (not is_address(given) and Path(given).is_dir()):
        return "parquet-folder"
    by_ending = _BY_ENDING.get(Path(given).suffix.lower())
    if by_ending is None:
        raise UsageError(
            "SP804",
            f"the name `{Path(given).name}` does not tell the format of the answers",
            where="--out",
            fix="let it end in .parquet, .csv, or / for a folder of Parquet files; or add --format",
        )
    return by_ending


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything that no scoring job writes."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() or not any(path.match(pattern) for pattern in _OWN_FILES):
            raise UsageError(
                "SP815",
                f"the folder for the answers holds something else: `{path.name}`",
                where=str(folder),
                fix="name a new folder, or an empty one",
            )
