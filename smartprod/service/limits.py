"""What the service takes at most, and how it gathers requests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """Limits of the service.

    Attributes:
        body_megabytes: Largest body of a request.
        body_seconds: Longest time that a client may take to send it.
        products: Most products of a request.
        images: Most photos of a product.
        image_megabytes: Largest photo, decoded from base64.
        image_megapixels: Largest photo that is opened; a larger one has the status `too_large`.
        waiting: Most products that wait for the model; further requests are refused.
        answer_seconds: Longest time that a request waits for its answer.
        batch: Products that the model is asked about together, where so many wait.
        window_milliseconds: How long the first of them waits for others.
        stop_seconds: Longest time that requests in flight have when the service is told to stop.
    """

    body_megabytes: float = 32.0
    body_seconds: float = 30.0
    products: int = 64
    images: int = 8
    image_megabytes: float = 10.0
    image_megapixels: float = 40.0
    waiting: int = 512
    answer_seconds: float = 60.0
    batch: int = 64
    window_milliseconds: float = 5.0
    stop_seconds: float = 30.0
