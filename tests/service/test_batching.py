from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import pytest

from smartprod.model import ProductInput
from smartprod.service.batching import MicroBatcher
from smartprod.service.limits import ServiceLimits
from smartprod.service.problems import RequestError
from smartprod.service.routes import Service


class Echo:
    """Answers with titles; waits at a gate, and fails for the title `bad`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.busy = threading.Event()
        self.batches: list[list[str]] = []

    def answer(self, products):
        self.busy.set()
        assert self.gate.wait(10)
        self.batches.append([product.title for product in products])
        if "bad" in self.batches[-1]:
            raise ValueError("bad")
        return [{"title": product.title} for product in products]


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def open_batcher(echo):
    opened = []

    @contextmanager
    def open_model():
        yield echo

    def open_(**limits) -> MicroBatcher:
        batcher = MicroBatcher(open_model, ServiceLimits(**limits))
        opened.append(batcher)
        wait_for_state(batcher)
        return batcher

    yield open_
    echo.gate.set()
    for batcher in opened:
        batcher.close()


def wait_for_state(batcher: MicroBatcher) -> None:
    for _ in range(1_000):
        if batcher.is_ready or batcher.failure:
            return
        threading.Event().wait(0.005)
    raise AssertionError("the batcher never opened")


def products(*titles: str) -> list[ProductInput]:
    return [ProductInput(title=title) for title in titles]


def titles(future) -> list[str]:
    return [answer["title"] for answer in future.result(10)]


def occupy(batcher: MicroBatcher, echo: Echo):
    """Keep the model busy with a first request."""
    first = batcher.submit(products("first"))
    assert echo.busy.wait(10)
    return first


def test_batching_gathers_what_arrives_while_the_model_works(open_batcher, echo):
    batcher = open_batcher(window_milliseconds=0)
    first = occupy(batcher, echo)
    asked = [batcher.submit(products(f"{name}1", f"{name}2")) for name in "abc"]
    echo.gate.set()
    assert [titles(each) for each in (first, *asked)] == [["first"], ["a1", "a2"], ["b1", "b2"], ["c1", "c2"]]
    assert echo.batches == [["first"], ["a1", "a2", "b1", "b2", "c1", "c2"]]


def test_batching_never_tears_a_request_apart(open_batcher, echo):
    batcher = open_batcher(batch=3, window_milliseconds=0)
    occupy(batcher, echo)
    asked = [
        batcher.submit(products(*"ab")),
        batcher.submit(products(*"cd")),
        batcher.submit(products(*"efgh")),
    ]
    echo.gate.set()
    assert [titles(each) for each in asked] == [list("ab"), list("cd"), list("efgh")]
    assert echo.batches[1:] == [list("ab"), list("cd"), list("efgh")]


def test_batching_a_request_that_fails_fails_alone(open_batcher, echo):
    batcher = open_batcher(window_milliseconds=0)
    occupy(batcher, echo)
    good, bad, other = (batcher.submit(products(title)) for title in ("good", "bad", "other"))
    echo.gate.set()
    assert (titles(good), titles(other)) == (["good"], ["other"])
    with pytest.raises(ValueError, match="bad"):
        bad.result(10)


def test_batching_refuses_more_than_may_wait(open_batcher, echo):
    batcher = open_batcher(waiting=3, window_milliseconds=0)
    occupy(batcher, echo)
    batcher.submit(products("a", "b", "c"))
    with pytest.raises(RequestError, match="SP866") as refused:
        batcher.submit(products("d"))
    assert refused.value.status == 429


def test_batching_leaves_out_what_nobody_waits_for(open_batcher, echo):
    batcher = open_batcher(window_milliseconds=0)
    occupy(batcher, echo)
    given_up, kept = batcher.submit(products("gone")), batcher.submit(products("kept"))
    given_up.cancel()
    echo.gate.set()
    assert titles(kept) == ["kept"]
    assert echo.batches[1:] == [["kept"]]


def test_batching_answers_what_waits_before_it_closes(open_batcher, echo):
    batcher = open_batcher(window_milliseconds=60_000)
    first = batcher.submit(products("first"))
    echo.gate.set()
    batcher.close()
    assert titles(first) == ["first"]
    with pytest.raises(RequestError, match="SP865"):
        batcher.submit(products("late"))


def test_batching_an_answer_that_takes_too_long_is_refused(open_batcher):
    limits = ServiceLimits(answer_seconds=0.01)
    service = Service(model=None, mode="fused", batcher=open_batcher(), metrics=None, limits=limits)
    with pytest.raises(RequestError, match="SP867"):
        asyncio.run(service.answer(products("mug")))


def test_batching_tells_why_the_model_cannot_be_opened():
    @contextmanager
    def open_model():
        raise OSError("no weights")
        yield

    batcher = MicroBatcher(open_model, ServiceLimits())
    wait_for_state(batcher)
    assert str(batcher.failure) == "no weights"
    assert not batcher.is_ready
    batcher.close()
