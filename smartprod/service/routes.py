"""The addresses of the service."""

from __future__ import annotations

import asyncio
import base64
import binascii
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from smartprod._version import __version__
from smartprod.model import ProductInput
from smartprod.service.metrics import CONTENT_TYPE
from smartprod.service.problems import RequestError
from smartprod.service.schemas import (
    Answer,
    ClassifyRequest,
    ClassifyResponse,
    ErrorResponse,
    ModelResponse,
    Product,
    StateResponse,
    to_answer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.model import SavedModel
    from smartprod.service.batching import MicroBatcher
    from smartprod.service.limits import ServiceLimits
    from smartprod.service.metrics import ServiceMetrics

_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse} for status in (400, 408, 413, 422, 429, 500, 503)
}
router = APIRouter()


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """What the addresses work with.

    Attributes:
        model: The saved model.
        mode: The mode in force.
        batcher: Asks the model.
        metrics: Counts.
        limits: What is taken at most.
    """

    model: SavedModel
    mode: str
    batcher: MicroBatcher
    metrics: ServiceMetrics
    limits: ServiceLimits

    async def answer(self, products: Sequence[ProductInput]) -> ClassifyResponse:
        """Answer for the products of a request."""
        asked = self.batcher.submit(products)
        try:
            rows = await asyncio.wait_for(asyncio.wrap_future(asked), self.limits.answer_seconds)
        except (TimeoutError, CancelledError) as error:
            raise RequestError(
                503,
                "SP867",
                f"no answer within {self.limits.answer_seconds:g} seconds",
                fix="try again later",
            ) from error
        answers: list[Answer] = [to_answer(row) for row in rows]
        self.metrics.note_answers(answers)
        return ClassifyResponse(model=self.model.identity, answers=answers)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


@router.post("/v1/classify", responses=_REFUSALS)
async def classify(request: Request, asked: ClassifyRequest) -> ClassifyResponse:
    """Answer for products: one answer for each, in their order, whatever is broken in it."""
    service = _service(request)
    if len(asked.products) > service.limits.products:
        raise RequestError(
            422, "SP868", f"{len(asked.products):,} products; a request may have {service.limits.products:,}",
            where="products", fix="send several requests",
        )  # fmt: skip
    return await service.answer(
        [_product(product, service.limits, number) for number, product in enumerate(asked.products)]
    )


@router.post("/v1/classify-form", responses=_REFUSALS)
async def classify_form(
    request: Request,
    *,
    title: Annotated[str | None, Form()] = None,
    description: Annotated[str | None, Form(description="Plain text or HTML.")] = None,
    image: Annotated[UploadFile | None, File(description="An image file.")] = None,
) -> ClassifyResponse:
    """Answer for one product that a form sends (`multipart/form-data`)."""
    service = _service(request)
    content = None if image is None else _checked(await image.read(), service.limits, "image")
    return await service.answer(
        [ProductInput(title=title, description=description, images=() if content is None else (content,))]
    )


@router.get("/v1/model")
async def model(request: Request) -> ModelResponse:
    """Tell what the service answers with."""
    service = _service(request)
    record = service.model.record
    return ModelResponse(
        model=service.model.identity,
        smartprod=__version__,
        mode=service.mode,
        classes=list(service.model.classes),
        encoders=[encoder.name for encoder in record.encoders],
        extra=list(record.config.catalog.columns.extra),
    )


@router.get("/health")
async def health() -> StateResponse:
    """Tell that the process lives."""
    return StateResponse(status="ok")


@router.get("/ready", responses={503: {"model": ErrorResponse}})
async def ready(request: Request) -> StateResponse:
    """Tell whether requests are taken; 503 while the model is opened, and when the service stops."""
    if not _service(request).batcher.is_ready:
        raise RequestError(503, "SP869", "the service is not ready", fix="ask again in a few seconds")
    return StateResponse(status="ready")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Tell figures in the text format of Prometheus."""
    return Response(_service(request).metrics.text(), media_type=CONTENT_TYPE)


def _product(product: Product, limits: ServiceLimits, number: int) -> ProductInput:
    where = f"products.{number}.images"
    if len(product.images) > limits.images:
        raise RequestError(
            422, "SP870", f"{len(product.images):,} images; a product may have {limits.images}", where=where
        )
    return ProductInput(
        id=product.id,
        title=product.title,
        description=product.description,
        attributes=product.attributes,
        extra=product.extra,
        images=tuple(
            _checked(_decoded(text, f"{where}.{place}"), limits, f"{where}.{place}")
            for place, text in enumerate(product.images)
        ),
    )


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(
            422, "SP871", "an image is not base64", where=where,
            fix="send the content of the image file in base64; paths and addresses are not followed",
        ) from error  # fmt: skip


def _checked(content: bytes, limits: ServiceLimits, where: str) -> bytes:
    if len(content) > limits.image_megabytes * 1e6:
        raise RequestError(
            413, "SP872", f"an image is larger than {limits.image_megabytes:g} MB", where=where,
            fix="send a smaller one: the model sees a few hundred pixels",
        )  # fmt: skip
    return content
