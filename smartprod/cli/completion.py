"""What a shell offers when Tab is pressed (`smartprod --install-completion`); nothing heavy is imported for it."""

from __future__ import annotations


def complete_pipeline(incomplete: str) -> list[tuple[str, str]]:
    """Shipped pipelines with their descriptions."""
    from smartprod.pipeline import list_pipelines

    return [
        (pipeline.name, pipeline.description)
        for pipeline in list_pipelines()
        if pipeline.name.startswith(incomplete)
    ]


def complete_config(incomplete: str) -> list[str]:
    """Shipped configurations, and the YAML files of this folder."""
    from pathlib import Path

    from smartprod.config import shipped_folder

    shipped = [path.stem for path in sorted(shipped_folder("configs").glob("*.yaml"))]
    here = [path.name for path in sorted(Path().glob("*.yaml"))]
    return [name for name in (*here, *shipped) if name.startswith(incomplete)]


def complete_mode(incomplete: str) -> list[str]:
    """Ways in which heads are asked."""
    return [mode for mode in ("fused", "image-then-text", "cheapest-first") if mode.startswith(incomplete)]
