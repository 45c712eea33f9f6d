"""`smartprod export`: a trained model for other tools."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from smartprod.cli.options import DebugOption, ModelOption


class ExportForm(StrEnum):
    """What a model can be exported to."""

    ONNX = "onnx"
    HUB = "hub"


class Reference(StrEnum):
    """What goes along of the training products."""

    FULL = "full"
    EMBEDDINGS = "embeddings"
    NONE = "none"


def export(  # noqa: PLR0913  (one parameter for each option)
    *,
    model: ModelOption,
    to: Annotated[
        ExportForm,
        typer.Option("--to", help="onnx: ONNX files. hub: a folder for a Hugging Face repository."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="A folder that does not exist yet.")
    ],
    push: Annotated[
        str | None,
        typer.Option("--push", metavar="USER/NAME", help="Upload the repository folder to the hub as well."),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="A repository that --push creates is private.")
    ] = False,
    licence: Annotated[
        str | None,
        typer.Option("--licence", "--license", metavar="NAME", help="Of the model, such as apache-2.0."),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option("--dataset", metavar="USER/NAME", help="Training data on the hub; once for each."),
    ] = None,
    reference: Annotated[
        Reference,
        typer.Option(
            "--reference",
            help="hub: what goes along of the training products that the model keeps: embeddings (enough to change "
            "classes), full (titles and small photos too), none.",
        ),
    ] = Reference.EMBEDDINGS,
    sample: Annotated[
        str | None,
        typer.Option(
            "--sample", metavar="TABLE", help="Products to hold the ONNX files against the model with."
        ),
    ] = None,
    image_root: Annotated[
        str | None,
        typer.Option(
            "--image-root", metavar="FOLDER", help="Folder that the sample's image paths start from."
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out what has no ONNX form, instead of refusing.")
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Write a model as ONNX files, or as a Hugging Face repository folder that `--model` reads again."""
    from smartprod.pipeline import limit_threads

    limit_threads(None)  # before numpy is loaded
    from smartprod.interchange import HubCard, SampleTable, export_hub, export_onnx, locate_model, push_to_hub
    from smartprod.model import told_products

    if to is ExportForm.HUB:
        card = HubCard(licence, tuple(dataset or ()))
        folder = export_hub(locate_model(model), out, card=card, reference=reference.value)
        typer.echo(f"{folder} is a repository folder; load it with smartprod.load({str(folder)!r})")
        typer.echo(f"training products in it: {told_products(folder / 'model')}")
        if push is not None:
            typer.echo(
                f"uploaded; load it with smartprod.load({push_to_hub(folder, push, private=private)!r})"
            )
        return
    table = None if sample is None else SampleTable(sample, image_root)
    for line in export_onnx(locate_model(model), out, sample=table, partial=partial).lines():
        typer.echo(line)
