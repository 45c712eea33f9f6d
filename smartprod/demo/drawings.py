"""The registry from a drawing's name to the function that draws it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from smartprod.demo import shapes_accessories, shapes_home, shapes_kitchen, shapes_shoes, shapes_toys_tools
from smartprod.demo.canvas import Canvas
from smartprod.demo.palette import Style

Drawing = Callable[[Canvas, Style, Random], None]

DRAWINGS: dict[str, Drawing] = {
    drawing.__name__: drawing
    for drawing in (
        shapes_kitchen.mug,
        shapes_kitchen.bowl,
        shapes_kitchen.plate,
        shapes_kitchen.glass,
        shapes_kitchen.teapot,
        shapes_kitchen.pan,
        shapes_kitchen.knife,
        shapes_home.table_lamp,
        shapes_home.candle,
        shapes_home.cushion,
        shapes_home.wall_clock,
        shapes_home.tea_box,
        shapes_home.care_bottle,
        shapes_shoes.sneaker,
        shapes_shoes.boot,
        shapes_shoes.sandal,
        shapes_accessories.watch,
        shapes_accessories.handbag,
        shapes_accessories.backpack,
        shapes_accessories.cap,
        shapes_accessories.sunglasses,
        shapes_toys_tools.toy_car,
        shapes_toys_tools.ball,
        shapes_toys_tools.hammer,
        shapes_toys_tools.screwdriver,
        shapes_toys_tools.guitar,
    )
}
