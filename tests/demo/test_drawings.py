from __future__ import annotations

from random import Random

import numpy as np
import pytest

from smartprod.demo.canvas import Canvas, Pose
from smartprod.demo.categories import CATEGORIES, UNSEEN
from smartprod.demo.drawings import DRAWINGS
from smartprod.demo.palette import pick_style
from smartprod.demo.scene import render_view


def test_drawings_serve_every_category_and_no_other():
    assert {c.drawing for c in (*CATEGORIES, UNSEEN)} == set(DRAWINGS)


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_drawing_fills_its_square_and_has_light_and_shade(name: str):
    rng = Random(name)
    canvas = Canvas(128, Pose(scale=0.8))
    DRAWINGS[name](canvas, pick_style(rng), rng)
    mask = np.asarray(canvas.mask, dtype=bool)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    assert max(np.ptp(columns), np.ptp(rows)) > 0.6 * 128 * 0.8
    assert min(columns.min(), rows.min()) > 0
    assert max(columns.max(), rows.max()) < 127
    brightness = np.asarray(canvas.colours.convert("L"))[mask]
    assert brightness.std() > 4
    assert not np.asarray(canvas.colours)[~mask].any()


def test_canvas_pose_moves_and_mirrors_the_product():
    def middle(pose: Pose) -> float:
        canvas = Canvas(128, pose)
        DRAWINGS["mug"](canvas, pick_style(Random(1)), Random(1))
        return float(np.flatnonzero(np.asarray(canvas.mask).any(axis=0)).mean())

    upright = middle(Pose(scale=0.6))
    assert middle(Pose(scale=0.6, offset=(0.1, 0.0))) == pytest.approx(upright + 12.8, abs=1.0)
    assert middle(Pose(scale=0.6, mirror=True)) == pytest.approx(127 - upright, abs=1.5)


def test_scene_studio_is_bright_and_plain_at_the_top_and_photo_is_not():
    def top_edge(domain: str, number: int) -> np.ndarray:
        style = pick_style(Random(number))
        view = render_view("mug", style, "design", domain=domain, size=128, rng=Random(number))
        pixels = np.asarray(view.picture, dtype=float)
        return pixels[:4].reshape(-1, 3)

    studio = [top_edge("studio", number) for number in range(8)]
    photo = [top_edge("photo", number) for number in range(8)]
    assert min(pixels.mean() for pixels in studio) > 200
    assert np.median([pixels.std(axis=0).mean() for pixels in studio]) < 4
    assert np.mean([pixels.mean() for pixels in photo]) < 200
    assert np.median([pixels.std(axis=0).mean() for pixels in photo]) > 10


def test_scene_views_of_one_seed_are_identical_and_of_two_seeds_differ():
    def pixels(seed: int) -> bytes:
        style = pick_style(Random(0))
        return render_view("boot", style, "d", domain="photo", size=96, rng=Random(seed)).picture.tobytes()

    assert pixels(1) == pixels(1)
    assert pixels(1) != pixels(2)
