"""Engines: a job cut into fixed parts, done here or on many machines, that goes on where a killed one ended.

A job is a plan (`PartPlan`), a folder that holds the files of its parts, and workers that write them. The files are the
checkpoint: going on is skipping the parts that are there.
"""

from __future__ import annotations

from smartprod.engines.folder import hold_folder
from smartprod.engines.interrupt import StopRequest
from smartprod.engines.parts import Part, PartPlan
from smartprod.engines.running import Advance, PartJob, PartWorker, run_parts

__all__ = [
    "Advance",
    "Part",
    "PartJob",
    "PartPlan",
    "PartWorker",
    "StopRequest",
    "hold_folder",
    "run_parts",
]
