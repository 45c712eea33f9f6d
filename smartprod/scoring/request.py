"""What a user asks to be scored, checked before anything is computed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.config import Config, override_config
from smartprod.errors import UsageError
from smartprod.scoring.output import Output

if TYPE_CHECKING:
    from smartprod.model import SavedModel

# Settings that leave the answers of a model alone: how the new table is read, and how fast.
CHANGEABLE = (
    "catalog", "score", "run.threads", "run.offline", "extract.runtime", "extract.compile",
    "extract.image_batch_size",
    "extract.text_batch_size", "extract.decode_threads", "extract.max_image_megapixels",
    "extract.max_image_megabytes", "engine",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """The arguments of `smartprod score`.

    Attributes:
        table: The product table or its address, or the folder of a run whose extraction is done.
        model: The model folder.
        out: Where the answers go: a path or an address.
        mode: Another mode than the model's own.
        output_format: `parquet`, `csv` or `parquet-folder`; None: by the name of `out`.
        image_root: Folder or address that image paths start from; None: the table's.
        store: Embedding store to look embeddings up in and keep them; None keeps none.
        overrides: `key=value` settings, such as the table's column names.
    """

    table: str
    model: Path
    out: str
    mode: str | None = None
    output_format: str | None = None
    image_root: str | None = None
    store: Path | None = None
    overrides: tuple[str, ...] = ()

    def command_line(self) -> str:
        """The command that goes on with the job, ready to paste into a shell."""
        options = {
            "--model": self.model,
            "--out": self.out,
            "--mode": self.mode,
            "--format": self.output_format,
            "--image-root": self.image_root,
            "--store": self.store,
        }
        words = ["smartprod", "score", self.table, *self.overrides]
        for name, value in options.items():
            words += [] if value is None else [name, str(value)]
        return shlex.join(words)

    def output(self) -> Output:
        """Check where the answers go; see `Output.of`."""
        return Output.of(self.out, output_format=self.output_format, table=self.table)

    def config(self, model: SavedModel) -> Config:
        """The model's configuration, reading this table.

        Raises:
            UsageError: A setting is wrong, or would change the model's answers (SP807).
        """
        for text in self.overrides:
            key = text.partition("=")[0].strip()
            if "=" in text and not any(key == name or key.startswith(f"{name}.") for name in CHANGEABLE):
                raise UsageError(
                    "SP807",
                    f"`{key}` cannot be changed for a trained model",
                    where=f"command line: {text}",
                    fix=f"train again with it; here there are {', '.join(CHANGEABLE)}",
                )
        changed = override_config(model.config, self.overrides)
        place: dict[str, str] = {"path": self.table}
        if self.image_root is not None:
            place["image_root"] = self.image_root
        return changed.model_copy(update={"catalog": changed.catalog.model_copy(update=place)})
