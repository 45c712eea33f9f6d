"""`smartprod model`: show and verify a saved model, and change its classes without training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartprod.cli.options import DebugOption
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from smartprod.model import ClassChange

app = typer.Typer(help="Show, verify or change a saved model.", no_args_is_help=True)

ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model folder, runs/NAME/model; or hf:user/name@revision.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where the changed model goes.")
]
InPlaceOption = Annotated[bool, typer.Option("--in-place", help="Change the model folder itself.")]


@app.command("show")
def show(model: ModelArgument, *, debug: DebugOption = False) -> None:
    """Tell what a model is: encoders, heads, scores, size and classes."""
    _prepare()
    from smartprod.interchange import locate_model
    from smartprod.model import describe_model

    for line in describe_model(locate_model(model)):
        typer.echo(line)


@app.command("verify")
def verify(model: ModelArgument, *, debug: DebugOption = False) -> None:
    """Check that a model folder holds exactly the files that were saved, byte for byte."""
    from smartprod.interchange import locate_model
    from smartprod.model import verify_model

    typer.echo(f"{model} is whole; its identity is {verify_model(locate_model(model))}")


@app.command("add-class")
def add_class_(
    model: ModelArgument,
    *,
    name: Annotated[str, typer.Option("--class", metavar="PATH", help='The new class, such as "A > B".')],
    examples: Annotated[
        str,
        typer.Option("--examples", metavar="TABLE", help="Some products of it, columns as in training."),
    ],
    out: OutOption = None,
    in_place: InPlaceOption = False,
    image_root: Annotated[
        str | None,
        typer.Option("--image-root", metavar="FOLDER", help="Folder that image paths start from."),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Add a class from 1 to 20 example products, without training; the old classes keep their answers where they can."""
    target = _target(model, out, in_place=in_place)
    _prepare()
    from smartprod.interchange import locate_model
    from smartprod.model import add_class, embed_examples, load_model

    folder = locate_model(model)
    embedded = embed_examples(load_model(folder), examples, image_root=image_root)
    _tell(add_class(folder, name, embedded, out=target))


@app.command("merge-classes")
def merge_classes_(
    model: ModelArgument,
    *,
    classes: Annotated[
        list[str], typer.Option("--classes", metavar="PATH", help="A class to merge; give it once for each.")
    ],
    into: Annotated[str, typer.Option("--into", metavar="PATH", help="The class that they become.")],
    out: OutOption = None,
    in_place: InPlaceOption = False,
    debug: DebugOption = False,
) -> None:
    """Merge classes into one; its probability is the sum of theirs."""
    target = _target(model, out, in_place=in_place)
    _prepare()
    from smartprod.interchange import locate_model
    from smartprod.model import merge_classes

    _tell(merge_classes(locate_model(model), classes, into, out=target))


def _target(model: Path, out: Path | None, *, in_place: bool) -> Path | None:
    if (out is None) != in_place:
        raise UsageError(
            "SP117",
            "say where the changed model goes",
            where="--out",
            fix="give either --out FOLDER or --in-place",
        )
    if in_place and str(model).startswith("hf:"):
        raise UsageError(
            "SP127",
            "a model of the hub cannot be changed in place",
            where="--in-place",
            fix="give --out FOLDER",
        )
    return out


def _prepare() -> None:
    from smartprod.pipeline import limit_threads

    limit_threads(None)  # before numpy is loaded


def _tell(change: ClassChange) -> None:
    for line in change.lines():
        typer.echo(line)
