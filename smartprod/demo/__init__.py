"""The rendered demo catalogue: data that can ship, drawn by our own code."""

from __future__ import annotations

from smartprod.demo.account import DemoAccount
from smartprod.demo.catalogue import render_catalogue

__all__ = ["DemoAccount", "render_catalogue"]
