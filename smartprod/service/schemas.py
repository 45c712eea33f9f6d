"""What clients send and get, as the OpenAPI schema tells it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Base64 = Annotated[str, Field(json_schema_extra={"format": "byte", "contentEncoding": "base64"})]
AttributeValue = str | int | Annotated[float, Field(allow_inf_nan=False)] | bool | list[str] | None


class Product(BaseModel):
    """A product. All that is known may be left out; of what is there the model takes what it can read."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str | None, Field(description="Comes back with the answer.")] = None
    title: str | None = None
    description: Annotated[str | None, Field(description="Plain text or HTML.")] = None
    attributes: dict[str, AttributeValue] | None = None
    extra: Annotated[
        dict[str, str],
        Field(description="Further texts by the name of their column in the training table; see /v1/model."),
    ] = {}
    images: Annotated[
        list[Base64],
        Field(description="Image files in base64, the main one first. Never a path or an address."),
    ] = []


class ClassifyRequest(BaseModel):
    """Products to answer for."""

    model_config = ConfigDict(extra="forbid")

    products: Annotated[list[Product], Field(min_length=1)]


class Candidate(BaseModel):
    """A category and its calibrated probability."""

    category: str
    confidence: float


class Answer(BaseModel):
    """The answer for a product."""

    id: str | None
    category: Annotated[
        str | None,
        Field(description="Null for `other` and where nothing could be read; an ancestor where backed off."),
    ]
    confidence: float | None
    decision: Annotated[str, Field(description="accepted, backed_off, other or review.")]
    head: Annotated[str | None, Field(description="What answered: image, text, fused or words.")]
    reason: Annotated[
        str | None, Field(description="Why it is not accepted, and what is wrong with the product.")
    ]
    status: Annotated[str, Field(description="ok, or what is wrong, such as images:corrupt;text:missing.")]
    top: Annotated[list[Candidate], Field(description="The most probable categories, the best first.")]
    set: Annotated[list[str] | None, Field(description="The prediction set, where the model gives one.")]
    categories: Annotated[
        list[Candidate] | None, Field(description="All labels given, by a model of several labels.")
    ] = None


class ClassifyResponse(BaseModel):
    """Answers, one for each product, in their order."""

    model: Annotated[str, Field(description="Identity of the model that answered.")]
    answers: list[Answer]


class ModelResponse(BaseModel):
    """What the service answers with."""

    model: str
    smartprod: str
    mode: str
    classes: list[str]
    encoders: list[str]
    extra: Annotated[list[str], Field(description="Names that `extra` of a product may have.")]


class StateResponse(BaseModel):
    """Whether the service lives, or is ready."""

    status: str


class Problem(BaseModel):
    """What happened, where, and what to do."""

    code: str
    what: str
    where: str | None
    fix: str | None


class ErrorResponse(BaseModel):
    """A request that was not answered."""

    error: Problem


def to_answer(row: dict[str, Any]) -> Answer:
    """Make an answer of a row of scored output (`smartprod.model.answered_schema`)."""
    several = row.get("categories")
    return Answer(
        id=row["id"],
        category=row["category"],
        confidence=row["confidence"],
        decision=row["decision"],
        head=row["head"],
        reason=row["reason"],
        status=row["status"],
        top=_candidates(row["top_categories"], row["top_confidences"]),
        set=row["categories_set"],
        categories=None if several is None else _candidates(several, row["category_confidences"]),
    )


def _candidates(categories: list[str], confidences: list[float]) -> list[Candidate]:
    return [
        Candidate(category=name, confidence=value)
        for name, value in zip(categories, confidences, strict=True)
    ]
