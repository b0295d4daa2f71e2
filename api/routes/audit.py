"""The audit log for whoever holds the verb `audit`; reading it is itself on record."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api import audit_views as views
from api.accesses import record_access
from api.audit import checkpoint_files, kept_notes
from api.audit_filter import Wanted
from api.audit_schemas import (
    AuditCheckpointList,
    AuditEntryList,
    AuditEvent,
    AuditState,
    AuditVerification,
    ConsistencyProof,
    InclusionProof,
)
from api.caller import Caller, CallerOf
from api.problems import ApiError
from security.audit.export import MEDIA_TYPES, WRITERS, Format
from security.audit.reading import EntryFilter
from security.audit.signing import signer_of
from security.audit.verification import verify
from security.principal import Principal

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[int | None, Query(ge=0, description="The `next` of the page before.")]


@router.get("/entries")
def list_entries(
    caller: CallerOf, wanted: Wanted, before: Before = None, limit: Limit = 50
) -> AuditEntryList:
    """List the entries that fit, the newest first."""
    reader = caller.state.audit_trail.reader
    with caller.reading() as visit:
        records = reader.page(
            visit.session, visit.principal, wanted, before=before, limit=limit + 1
        )
        page = views.page(records, limit, reader.names(visit.session, visit.principal, records))
        principal = visit.principal
    described = views.described(wanted)
    record_access(caller, principal, "audit.read", None, described, same=str(described))
    return page


@router.get("/entries/{index}")
def get_entry(index: int, caller: CallerOf) -> AuditEvent:
    """Show one entry with the OCSF event that is signed."""
    reader = caller.state.audit_trail.reader
    with caller.reading() as visit:
        record = reader.entry(visit.session, visit.principal, index)
        names = reader.names(visit.session, visit.principal, [record])
        principal = visit.principal
    record_access(caller, principal, "audit.read", str(index), same="entry")
    return views.event(record, names)


@router.get("/entries/{index}/proof")
def prove_inclusion(
    index: int, caller: CallerOf, size: Annotated[int | None, Query(ge=1)] = None
) -> InclusionProof:
    """Prove that an entry is in the log, or in what the log was at `size` entries."""
    with caller.reading() as visit:
        proof = caller.state.audit_trail.reader.inclusion(
            visit.session, visit.principal, index, size
        )
    return views.inclusion(index, proof)


@router.get("/consistency")
def prove_consistency(
    caller: CallerOf,
    first: Annotated[int, Query(ge=1)],
    second: Annotated[int | None, Query(ge=1)] = None,
) -> ConsistencyProof:
    """Prove that the log of `second` entries, or of now, continues that of `first`."""
    with caller.reading() as visit:
        proof = caller.state.audit_trail.reader.consistency(
            visit.session, visit.principal, first, second
        )
    return views.consistency(first, proof)


@router.get("/checkpoints")
def list_checkpoints(
    caller: CallerOf, before: Before = None, limit: Limit = 50
) -> AuditCheckpointList:
    """List the signed checkpoints, the newest first."""
    with caller.reading() as visit:
        found = caller.state.audit_trail.reader.checkpoints(
            visit.session, visit.principal, before=before, limit=limit + 1
        )
    return views.checkpoints(found, limit)


@router.get("/state")
def get_state(caller: CallerOf) -> AuditState:
    """Show how far the log is, its verifier key and its last checkpoint."""
    with caller.writing() as visit:  # the first look makes the signing key
        state = caller.state.audit_trail.reader.state(visit.session, visit.principal)
        signer = signer_of(visit.session, caller.state.keyring, visit.principal.tenant_id)
    return views.state(state, str(signer.verifier))


@router.post("/verification")
def verify_log(caller: CallerOf) -> AuditVerification:
    """Verify the whole log as it is stored, against all of its checkpoints."""
    trail = caller.state.audit_trail
    with caller.writing() as visit:
        size = trail.reader.state(visit.session, visit.principal).size
        key = signer_of(visit.session, caller.state.keyring, visit.principal.tenant_id).verifier
        principal = visit.principal
    if size > caller.state.settings.security.audit.verified_in_request_entries_max:
        detail = "The log is too long to verify here: use `sourcebook audit verify`."
        raise ApiError(422, "audit_too_long", detail)
    record_access(caller, principal, "audit.verify", None)
    with caller.reading() as visit:
        notes = [
            *trail.reader.notes(visit.session, visit.principal),
            *kept_notes(checkpoint_files(caller.state.settings), key.name),
        ]
        leaves = trail.reader.leaves(visit.session, visit.principal, EntryFilter())
        return views.verification(verify(leaves, notes, key))


@router.get("/export", response_class=StreamingResponse)
def export_log(
    caller: CallerOf,
    wanted: Wanted,
    written_as: Annotated[
        Format, Query(alias="format", description="`log` to be verified, `ocsf`, or `cef`.")
    ] = "ocsf",
) -> StreamingResponse:
    """Stream the entries that fit, the oldest first, a line each; details stay encrypted.

    The format `log` takes no filter: only a whole log can be verified.
    """
    if written_as == "log" and wanted != EntryFilter():
        detail = "The format `log` is of the whole log: leave the filters out, or choose `ocsf`."
        raise ApiError(422, "filtered_log", detail)
    with caller.reading() as visit:
        principal = visit.principal
        caller.state.audit_trail.reader.state(visit.session, principal)
    details = {"format": written_as, **views.described(wanted)}
    record_access(caller, principal, "audit.export", None, details)
    name = f"audit.{'cef' if written_as == 'cef' else 'jsonl'}"
    return StreamingResponse(
        _lines(caller, principal, wanted, written_as),
        media_type=MEDIA_TYPES[written_as],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _lines(
    caller: Caller, principal: Principal, wanted: EntryFilter, written_as: Format
) -> Iterator[bytes]:
    write = WRITERS[written_as]
    with caller.state.database.reading(principal.tenant_id) as session:
        for leaf in caller.state.audit_trail.reader.leaves(session, principal, wanted):
            yield write(leaf) + b"\n"
