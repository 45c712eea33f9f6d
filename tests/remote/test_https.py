from __future__ import annotations

import ssl

import pytest
import trustme

from smartprod.remote import RemoteProblem
from tests.remote.conftest import PUBLIC, fake_internet, jpeg, serve


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """Trust an authority of this test's own."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def tls_server(authority: trustme.CA, *names: str):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return serve(context)


def test_https_certificate_is_verified_against_the_name_not_the_address(authority, images):
    policy, dial = fake_internet({"shop.example": [PUBLIC], "other.example": [PUBLIC]})
    for server in tls_server(authority, "shop.example"):
        server.answer("/a.jpg", jpeg())
        opened = images(policy=policy, dial=dial)
        assert opened.read(server.url("/a.jpg", host="shop.example", scheme="https")) == jpeg()
        with pytest.raises(RemoteProblem, match="no trusted connection") as caught:
            opened.read(server.url("/a.jpg", host="other.example", scheme="https"))
        assert caught.value.status == "unreadable"
        assert "other.example" in caught.value.reason
        assert server.asked["/a.jpg"] == 1


def test_https_stranger_authority_is_refused_without_another_try(authority, images):
    policy, dial = fake_internet({"shop.example": [PUBLIC]})
    for server in tls_server(trustme.CA(), "shop.example"):
        server.answer("/a.jpg", jpeg())
        with pytest.raises(RemoteProblem, match="no trusted connection"):
            images(policy=policy, dial=dial).read(server.url("/a.jpg", host="shop.example", scheme="https"))
        assert not server.asked


def test_https_never_falls_back_to_http(authority, images):
    policy, dial = fake_internet({"shop.example": [PUBLIC]})
    for server in tls_server(authority, "shop.example"):
        server.answer("/a.jpg", b"", 302, Location="http://shop.example/a.jpg")
        only_https = type(policy)(allow=True, schemes=("https",), resolver=policy.resolver)
        with pytest.raises(RemoteProblem, match=r"redirected: http address; allowed are https") as caught:
            images(policy=only_https, dial=dial).read(
                server.url("/a.jpg", host="shop.example", scheme="https")
            )
        assert caught.value.status == "forbidden"


def test_https_dripping_server_is_left_in_time(authority, images):
    policy, dial = fake_internet({"shop.example": [PUBLIC]})
    for server in tls_server(authority, "shop.example"):

        def drip(handler, server=server):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not server.stopping.wait(0.05):
                handler.wfile.write(b"x")

        server.answers["/a.jpg"] = drip
        with pytest.raises(RemoteProblem, match="took too long"):
            images(policy=policy, dial=dial, total_seconds=0.5).read(
                server.url("/a.jpg", host="shop.example", scheme="https")
            )
