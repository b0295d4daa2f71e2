"""A repository on a server: which commit a branch is at, trees and files (gitprotocol-v2)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from ingest.connectors.errors import (
    AddressRefused,
    BranchMissing,
    ItemUnreadable,
    RepositoryMissing,
    SourceRefused,
    SourceTooLarge,
    SourceUnreachable,
)
from ingest.connectors.git.errors import GitError, NotGit, PackTooLarge
from ingest.connectors.git.pack import Objects, read_pack
from ingest.connectors.git.pkt_line import DELIMITER, FLUSH, line, lines
from ingest.errors import FileTooLarge
from security.errors import OutboundFailed, OutboundRefused, OutboundTooLarge
from security.outbound import OutboundClient

_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""Servers call a repository that one may not read absent."""
_DATA, _FAILURE = 1, 3
"""Bands of an answer with a pack."""
_HASHES: Final = frozenset({"sha1", "sha256"})


@dataclass(frozen=True, slots=True)
class RemoteLimits:
    """How many bytes all trees, and one file, may unpack to."""

    trees_bytes_max: int
    file_bytes_max: int


class Remote:
    """Asks one server through the guard; close it after use."""

    def __init__(
        self,
        url: str,
        auth: tuple[str, str] | None,
        http: OutboundClient,
        limits: RemoteLimits,
    ) -> None:
        self._url = url.rstrip("/")
        self._auth = auth
        self._http = http
        self._limits = limits
        self._can: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def tip(self, branch: str) -> bytes:
        """Return the commit that a branch is at; without a name, the branch that the server shows.

        Raises:
            SourceUnreachable, SourceRefused: the repository cannot be read.
        """
        name = f"refs/heads/{branch}" if branch else "HEAD"
        with _translated():
            self._greet()
            answer = self._command("ls-refs", [f"ref-prefix {name}"])
            for found in lines(answer):
                key, _, ref = (found or b"").decode("utf-8", "replace").strip().partition(" ")
                if ref == name:
                    return _object_id(key)
        raise BranchMissing

    def snapshot(self, commit: bytes) -> Objects:
        """Fetch the trees of a commit, with the files where the server cannot leave them out.

        Raises:
            SourceUnreachable: see `tip`.
            SourceTooLarge: more than may be unpacked.
        """
        orders = ["deepen 1"]
        if "filter" in self._can.get("fetch", "").split():
            orders.append("filter blob:none")
        with _translated():
            return self._fetched(commit, orders, self._limits.trees_bytes_max)

    def file(self, blob: bytes) -> bytes:
        """Fetch one file.

        Raises:
            FileTooLarge: see there.
            ItemUnreadable: the server failed.
        """
        try:
            return self._fetched(blob, [], self._limits.file_bytes_max)[blob]
        except (PackTooLarge, OutboundTooLarge) as error:
            raise FileTooLarge from error
        except (GitError, OutboundFailed, KeyError, SourceUnreachable) as error:
            raise ItemUnreadable from error

    def _greet(self) -> None:
        answer = self._sent("GET", "info/refs?service=git-upload-pack")
        said = [found.decode("utf-8", "replace").strip() for found in lines(answer) if found]
        if "version 2" not in said:
            raise NotGit
        self._can = {name: value for name, _, value in (one.partition("=") for one in said)}
        if self._hash_name not in _HASHES:
            raise NotGit

    @property
    def _hash_name(self) -> str:
        return self._can.get("object-format", "sha1")

    def _fetched(self, wanted: bytes, orders: Sequence[str], bytes_max: int) -> Objects:
        arguments = ["no-progress", "ofs-delta", *orders, f"want {wanted.hex()}", "done"]
        pack = b"".join(_pack_in(self._command("fetch", arguments)))
        return read_pack(pack, self._hash_name, bytes_max)

    def _command(self, name: str, arguments: Sequence[str]) -> bytes:
        head = [f"command={name}", "agent=sourcebook"]
        if "object-format" in self._can:
            head.append(f"object-format={self._hash_name}")
        body = b"".join([*map(line, head), DELIMITER, *map(line, arguments), FLUSH])
        return self._sent("POST", "git-upload-pack", body)

    def _sent(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Git-Protocol": "version=2"}
        if body is not None:
            headers["Content-Type"] = "application/x-git-upload-pack-request"
        answer = self._http.request(
            method, f"{self._url}/{path}", content=body, headers=headers, auth=self._auth
        )
        if answer.status_code in _REFUSALS:
            raise SourceRefused
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise SourceUnreachable
        if answer.status_code != HTTPStatus.OK:
            raise NotGit
        return answer.content


def _pack_in(answer: bytes) -> Iterator[bytes]:
    """Yield the pieces of the pack in an answer, whose other sections end before it."""
    parts = lines(answer)
    for part in parts:
        if part is not None and part.rstrip() == b"packfile":
            break
    for part in parts:
        if part and part[0] == _DATA:
            yield part[1:]
        elif part and part[0] == _FAILURE:
            raise NotGit


def _object_id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise NotGit from error


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the server's answers and the guard raise into what is wrong with a source."""
    try:
        yield
    except OutboundRefused as error:
        raise AddressRefused from error
    except (OutboundTooLarge, PackTooLarge) as error:
        raise SourceTooLarge from error
    except OutboundFailed as error:
        raise SourceUnreachable from error
    except GitError as error:
        raise RepositoryMissing from error
