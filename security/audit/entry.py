"""An entry as OCSF 1.6 has it: Authentication (3002) or API Activity (6003).

Names of people, questions, addresses and all else that is personal stand in `unmapped.sealed`,
encrypted; the rest are ids, which mean nothing once the rows that they name are gone.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from security.audit.canonical import Json

Outcome = Literal["success", "denied", "failure"]
OCSF_VERSION: Final = "1.6.0"
_AUTHENTICATION: Final = 3002
_API_ACTIVITY: Final = 6003
_SUCCESS, _FAILURE = 1, 2
_INFORMATIONAL, _LOW = 1, 2
_OTHER: Final = 99
_LOGON, _LOGOFF = 1, 2
_CREATE, _READ, _UPDATE, _DELETE = 1, 2, 3, 4

_ACTIVITIES: Final = MappingProxyType(
    {
        **dict.fromkeys(("create", "upload", "ask", "answer", "rotate", "add"), _CREATE),
        **dict.fromkeys(("read", "open", "download", "search", "export"), _READ),
        **dict.fromkeys(("set", "set_password", "change_password", "update", "share"), _UPDATE),
        **dict.fromkeys(("start", "ready", "fail", "retry", "rewrap", "move"), _UPDATE),
        **dict.fromkeys(("delete", "remove", "revoke", "retire", "erase"), _DELETE),
    }
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Encrypted details; `owner` names the wrapped key, None the tenant's own audit key."""

    owner: str | None
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Fact:
    """Who did what to which thing, when, and how it ended."""

    id: str
    tenant_id: str
    at: datetime
    actor: str
    action: str
    target: str | None
    outcome: Outcome = "success"


@dataclass(frozen=True, slots=True)
class Access:
    """Who read what; as for `AuditLog.record`."""

    tenant_id: str
    actor: str
    action: str
    target: str | None
    details: Mapping[str, object] | None


def ocsf_entry(fact: Fact, sealed: Sealed | None) -> dict[str, Json]:
    """Return what the leaf of an entry is made of."""
    class_uid, activity_id = _classified(fact.action)
    succeeded = fact.outcome == "success"
    entry: dict[str, Json] = {
        "activity_id": activity_id,
        "actor": {"user": {"uid": fact.actor}},
        "api": {"operation": fact.action},
        "category_uid": class_uid // 1000,
        "class_uid": class_uid,
        "metadata": _metadata(fact),
        "severity_id": _INFORMATIONAL if succeeded else _LOW,
        "src_endpoint": {"svc_name": "sourcebook"},
        "status_code": fact.outcome,
        "status_id": _SUCCESS if succeeded else _FAILURE,
        "time": int(fact.at.timestamp() * 1000),
        "type_uid": class_uid * 100 + activity_id,
    }
    if class_uid == _AUTHENTICATION:
        entry["user"] = {"uid": fact.target or fact.actor}
        entry["service"] = {"name": "Sourcebook"}
    elif fact.target is not None:
        entry["resources"] = [{"type": fact.action.partition(".")[0], "uid": fact.target}]
    if sealed is not None:
        entry["unmapped"] = _unmapped(sealed)
    return entry


def sealed_of(entry: dict[str, Json]) -> Sealed | None:
    """Return an entry's encrypted details."""
    match entry.get("unmapped"):
        case {"sealed": str(text), **rest}:
            owner = rest.get("sealed_for")
            return Sealed(owner if isinstance(owner, str) else None, base64.b64decode(text))
    return None


def _metadata(fact: Fact) -> Json:
    return {
        "product": {"name": "Sourcebook", "vendor_name": "Sourcebook"},
        "tenant_uid": fact.tenant_id,
        "uid": fact.id,
        "version": OCSF_VERSION,
    }


def _unmapped(sealed: Sealed) -> Json:
    unmapped: dict[str, Json] = {"sealed": base64.b64encode(sealed.ciphertext).decode()}
    if sealed.owner is not None:
        unmapped["sealed_for"] = sealed.owner
    return unmapped


def _classified(action: str) -> tuple[int, int]:
    match action:
        case "session.start":
            return _AUTHENTICATION, _LOGON
        case "session.end":
            return _AUTHENTICATION, _LOGOFF
    return _API_ACTIVITY, _ACTIVITIES.get(action.rpartition(".")[2], _OTHER)
