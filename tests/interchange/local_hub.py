"""A model hub on this machine: what huggingface_hub asks of one to upload small files and to download them again."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class LocalHub(ThreadingHTTPServer):
    """Repositories by name, each with one commit: the last upload."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, dict[str, bytes]] = {}
        self.commits: dict[str, str] = {}
        self.downloads = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, repository: str, lines: list[dict]) -> str:
        files = self.files[repository]
        for line in lines:
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        digest = hashlib.sha1(json.dumps(sorted(files)).encode()).hexdigest()
        self.commits[repository] = digest
        return digest


class _Handler(BaseHTTPRequestHandler):
    server: LocalHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.server.files.setdefault(name, {})
            self._json({"url": f"{self.server.url}/{name}"})
        elif self.path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/api/models/(.+)/preupload/main", self.path):
            files = json.loads(body)["files"]
            self._json(
                {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
                    ]
                }
            )
        elif found := re.fullmatch(r"/api/models/(.+)/commit/main", self.path):
            digest = self.server.commit(found[1], [json.loads(line) for line in body.splitlines()])
            self._json({"commitOid": digest, "commitUrl": f"{self.server.url}/{found[1]}/commit/{digest}"})
        else:
            self._json({"error": f"no such thing: {self.path}"}, status=404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(\w+)", path):
            if self._known(found[1], found[2]):
                siblings = [{"rfilename": name} for name in sorted(self.server.files[found[1]])]
                self._json({"id": found[1], "sha": self.server.commits[found[1]], "siblings": siblings})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/(\w+)", path):
            if self._known(found[1], found[2]):
                files = self.server.files[found[1]].items()
                self._json([
                    {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                    for name, content in sorted(files)
                ])  # fmt: skip
        elif (found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/(\w+)/(.+)", path)) and self._known(
            found[1], found[2]
        ):
            content = self.server.files[found[1]][found[3]]
            self.server.downloads += self.command == "GET"
            etag = hashlib.sha1(content).hexdigest()
            self._send(content, {"ETag": f'"{etag}"', "X-Repo-Commit": self.server.commits[found[1]]})
        elif not found:
            self._json({"error": f"no such thing: {self.path}"}, status=404)

    def _known(self, repository: str, revision: str) -> bool:
        known = revision in ("main", self.server.commits.get(repository))
        if repository not in self.server.commits or not known:
            code = "RepoNotFound" if repository not in self.server.commits else "RevisionNotFound"
            self._send(b"{}", {"X-Error-Code": code}, status=404)
            return False
        return True

    def _json(self, value: object, *, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), {"Content-Type": "application/json"}, status=status)

    def _send(self, content: bytes, headers: dict[str, str], *, status: int = 200) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def local_hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        thread = Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
