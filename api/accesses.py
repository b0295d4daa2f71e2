"""Put on record what a person reads: passages found, documents opened, the audit log itself."""

from collections.abc import Mapping

from api.caller import Caller
from security.audit.entry import Access
from security.principal import Principal


def record_access(
    caller: Caller,
    principal: Principal,
    action: str,
    target: str | None,
    details: Mapping[str, object] | None = None,
    *,
    same: str | None = None,
) -> None:
    """Record an access before what is read goes out; not within a transaction that writes.

    With `same`, repeating it within `opened_window_seconds` leaves no entry of its own: a page
    that reads a file in ranges would leave hundreds.

    Raises:
        AuditUnavailable: it could not be written; then nothing may be read.
    """
    if same is None:
        _record(caller, principal, action, target, details)
        return
    with caller.state.audit_trail.repeats.once(
        principal.tenant_id, principal.user_id, action, target or "", same
    ) as is_new:
        if is_new:
            _record(caller, principal, action, target, details)


def _record(
    caller: Caller,
    principal: Principal,
    action: str,
    target: str | None,
    details: Mapping[str, object] | None,
) -> None:
    access = Access(principal.tenant_id, principal.user_id, action, target, details)
    caller.state.audit_trail.accesses.record(access)
