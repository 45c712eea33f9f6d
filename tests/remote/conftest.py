from __future__ import annotations

import io
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from smartprod.config.schema import RemoteConfig
from smartprod.remote import RemoteImages, RemotePolicy, RemoteProblem
from smartprod.remote.connection import dial
from smartprod.remote.policy import Endpoint

PUBLIC = "93.184.215.14"
"""An address of the open internet; the tests judge it, and connect to this machine in its place."""


def jpeg(colour: str = "teal", side: int = 16) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(stream, "JPEG")
    return stream.getvalue()


@dataclass
class ShopServer:
    """A web server on this machine whose every path can misbehave in its own way.

    Attributes:
        answers: What each path does with the request's handler.
        asked: How often each path was asked for.
        headers: Of the latest request for each path.
        busy: Requests being answered now, and the most there ever were at a time.
    """

    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    busy: int = 0
    busiest: int = 0
    port: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str, *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def answer(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> None:
        def send(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content_Length": str(len(body)), **headers}.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = send

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.asked[handler.path] += 1
            self.headers[handler.path] = dict(handler.headers)
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        try:
            found = self.answers.get(handler.path)
            if found is None:
                handler.send_error(404)
            else:
                found(handler)
        except OSError:
            handler.close_connection = True  # the client hung up, which is what many of these tests are about
        finally:
            with self._lock:
                self.busy -= 1


def serve(tls=None) -> Iterator[ShopServer]:
    shop = ShopServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shop.handle(self)

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that hangs up is no error here

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    shop.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield shop
    finally:
        shop.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shop_server():
    """A web server on this machine."""
    yield from serve()


@pytest.fixture
def remote_config(tmp_path):
    """Make the configuration of impatient downloads from this machine."""

    def make(**changes: object) -> RemoteConfig:
        settings = {
            "allow": True, "schemes": ("https", "http"), "allow_private": True, "cache": str(tmp_path / "downloads"),
            "read_seconds": 1.0, "connect_seconds": 1.0, "total_seconds": 3.0, "retries": 2, "max_wait_seconds": 0.05,
        }  # fmt: skip
        return RemoteConfig(**{**settings, **changes})

    return make


@pytest.fixture
def images(remote_config):
    """Open downloads with changed settings; closed when the test ends."""
    opened = []

    def open_images(megabytes: float = 1.0, policy=None, dial=dial, **changes: object) -> RemoteImages:
        made = RemoteImages(remote_config(**changes), megabytes=megabytes, policy=policy, dial=dial)
        opened.append(made)
        return made

    yield open_images
    for each in opened:
        each.close()


def problem_of(images: RemoteImages, address: str) -> tuple[str, str]:
    """Status and reason of an image that cannot be read."""
    with pytest.raises(RemoteProblem) as caught:
        images.read(address)
    return caught.value.status, caught.value.reason


def fake_internet(
    names: dict[str, list[str]],
) -> tuple[RemotePolicy, Callable[[Endpoint, float], socket.socket]]:
    """Make a policy whose resolver knows `names`, and a dialler that leads public addresses to this machine.

    What is judged is the address that the name resolves to, so the policy is the real one.
    """

    def resolver(host: str, port: int) -> list[Endpoint]:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [
            Endpoint(socket.AF_INET6 if ":" in number else socket.AF_INET, (number, port))
            for number in names[host]
        ]

    def dial_here(endpoint: Endpoint, seconds: float) -> socket.socket:
        assert endpoint.address[0] == PUBLIC, f"{endpoint} is connected to"
        return dial(Endpoint(socket.AF_INET, ("127.0.0.1", endpoint.address[1])), seconds)

    return RemotePolicy(allow=True, schemes=("https", "http"), resolver=resolver), dial_here


def closed_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
