"""The log as lines of text: to be verified (`log`), or for other systems (`ocsf`, `cef`)."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

from security.audit.canonical import Json, canonical
from security.audit.verification import Leaf

Format = Literal["log", "ocsf", "cef"]
_CEF_HEADER: Final = str.maketrans({"\\": "\\\\", "|": "\\|", "\n": " ", "\r": " "})
_CEF_VALUE: Final = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"})
_CEF_SEVERITY: Final = {"success": 1, "failure": 5, "denied": 6}

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "log": "application/jsonl",
    "ocsf": "application/jsonl",
    "cef": "text/plain; charset=utf-8",
}


def log_line(leaf: Leaf) -> bytes:
    """Write a leaf with its number and hash, as `verify` wants it back: canonical JSON."""
    line: dict[str, Json] = {
        "entry": json.loads(leaf.body),
        "hash": base64.b64encode(leaf.hash).decode(),
        "index": leaf.index,
    }
    return canonical(line)


def read_log(lines: Iterator[bytes]) -> Iterator[Leaf]:
    """Read what `log_line` wrote; a line that it did not write carries a fault."""
    for number, line in enumerate(lines):
        yield _read(number, line.rstrip(b"\r\n"))


def ocsf_line(leaf: Leaf) -> bytes:
    """Write the entry alone: one OCSF event, and exactly the bytes that the leaf hashes."""
    return leaf.body


def cef_line(leaf: Leaf) -> bytes:
    """Write an entry in ArcSight's Common Event Format (version 0, without a syslog header)."""
    entry = json.loads(leaf.body)
    action, outcome = entry["api"]["operation"], entry["status_code"]
    target = next((item["uid"] for item in entry.get("resources", ())), None)
    head = ("Sourcebook", "Sourcebook", "1", action, action, str(_CEF_SEVERITY.get(outcome, 5)))
    extension = {
        "rt": entry["time"],
        "externalId": entry["metadata"]["uid"],
        "suid": entry["actor"]["user"]["uid"],
        "act": action,
        "outcome": outcome,
        "cn1Label": "leaf",
        "cn1": leaf.index,
        "cs1Label": "tenant",
        "cs1": entry["metadata"]["tenant_uid"],
    }
    if target or (target := entry.get("user", {}).get("uid")):
        extension |= {"cs2Label": "target", "cs2": target}
    values = (f"{name}={str(value).translate(_CEF_VALUE)}" for name, value in extension.items())
    return f"CEF:0|{'|'.join(h.translate(_CEF_HEADER) for h in head)}|{' '.join(values)}".encode()


WRITERS: Final[Mapping[Format, Callable[[Leaf], bytes]]] = {
    "log": log_line,
    "ocsf": ocsf_line,
    "cef": cef_line,
}


def _read(number: int, line: bytes) -> Leaf:
    try:
        parsed = json.loads(line)
        leaf = Leaf(
            index=int(parsed["index"]),
            body=canonical(parsed["entry"]),
            hash=base64.b64decode(parsed["hash"], validate=True),
        )
        if canonical(parsed) == line:
            return leaf
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return Leaf(number, line, b"", "the line is not as it was exported.")
