from __future__ import annotations

import base64
import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")


@dataclass(frozen=True, slots=True)
class RunningService:
    """A `smartprod serve` of its own process."""

    url: str
    process: subprocess.Popen[str]

    def get(self, path: str) -> tuple[int, str]:
        return _open(urllib.request.Request(self.url + path))

    def post(self, path: str, document: object, **headers: str) -> tuple[int, dict]:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        given = {"content-type": "application/json"} | headers
        status, text = _open(urllib.request.Request(self.url + path, data=body, headers=given))
        return status, json.loads(text)

    def classify(self, *products: dict) -> tuple[int, dict]:
        return self.post("/v1/classify", {"products": list(products)})


def _open(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _start(command: list[str]) -> RunningService:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, line + process.communicate(timeout=30)[0]
    service = RunningService(found[0], process)
    for _ in range(600):
        if service.get("/ready")[0] == 200:
            return service
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    process.kill()
    raise AssertionError(f"the service never became ready: {process.communicate()[0]}")


@pytest.fixture(scope="session")
def start_service(demo_run):
    """Start `smartprod serve` with the demo model; give it when it is ready."""
    import sys

    started: list[RunningService] = []

    def start(*options: str) -> RunningService:
        command = [sys.executable, "-m", "smartprod", "serve", "--model", str(demo_run.model), "--port", "0"]
        started.append(_start([*command, "--threads", "1", *options]))
        return started[-1]

    yield start
    for service in started:
        service.process.terminate()
        service.process.communicate(timeout=60)


@pytest.fixture(scope="session")
def service(start_service) -> Iterator[RunningService]:
    """A service with the default limits; tests share it."""
    return start_service()


@pytest.fixture(scope="session")
def photo(demo_catalogue) -> bytes:
    """The bytes of a product photo."""
    return sorted(Path(demo_catalogue / "images").iterdir())[0].read_bytes()


@pytest.fixture(scope="session")
def photo_text(photo) -> str:
    """The photo in base64."""
    return base64.b64encode(photo).decode()
