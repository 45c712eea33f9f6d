"""Run as `python -m smartprod`."""

from __future__ import annotations

from smartprod.cli.main import main

main()
