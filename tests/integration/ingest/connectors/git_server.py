"""Git's own HTTP server (`git http-backend`), which serves the repositories of a folder."""

import functools
import os
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ALONE = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.test",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.test",
}


@dataclass
class GitServer:
    """Serves `root`; with a `password`, to nobody without it. `asked` are the requests' bodies."""

    root: Path
    url: str = ""
    password: str | None = None
    asked: list[bytes] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, server: GitServer, *arguments: Any) -> None:
        self.git = server
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        self.git.asked.append(body)
        given = b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if self.git.password not in {None, given.partition(":")[2]}:
            self.send_error(401)
            return
        path, _, query = self.path.partition("?")
        ended = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                **os.environ,
                **ALONE,
                "GIT_PROJECT_ROOT": str(self.git.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
            },
        )
        self._send(ended.stdout)

    def _send(self, answer: bytes) -> None:
        head, _, content = answer.partition(b"\r\n\r\n")
        fields = dict(one.split(": ", 1) for one in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(root: Path) -> Iterator[GitServer]:
    git = GitServer(root)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, git)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        git.url = f"http://127.0.0.1:{server.server_port}"
        yield git
        server.shutdown()


def git(folder: Path, *command: str) -> str:
    """Run a command of Git in a folder, without anybody's own settings."""
    environment = {**os.environ, **ALONE}
    return subprocess.check_output(["git", *command], cwd=folder, env=environment, text=True)
