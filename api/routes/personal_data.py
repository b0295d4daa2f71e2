"""What is known of a person, handed out or erased, and the receipts of all erasures."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api import erasure_schemas
from api.caller import CallerOf
from security.errors import Forbidden
from security.principal import Verb

router = APIRouter(prefix="/v1", tags=["personal data"])


@router.get("/users/{user_id}/export", response_class=JSONResponse)
def export_person(user_id: str, caller: CallerOf) -> Response:
    """Return everything that is stored about a person as a file; the export is on record."""
    with caller.writing() as visit:
        exported = caller.state.personal_data.export(visit.session, visit.principal, user_id)
    headers = {
        "Content-Disposition": f'attachment; filename="person-{user_id}.json"',
        "Cache-Control": "no-store",
    }
    return JSONResponse(exported, headers=headers)


@router.post("/users/{user_id}/erasure")
def erase_person(user_id: str, caller: CallerOf) -> dict[str, Any]:
    """Erase a person for good and return the signed receipt; documents they uploaded stay."""
    with caller.writing() as visit:
        if not visit.principal.may(Verb.ADMINISTER):
            raise Forbidden
        tenant_id = visit.principal.tenant_id
        receipt = caller.state.eraser.person(
            visit.session, tenant_id, user_id, by=visit.principal.user_id
        )
    caller.state.forget(tenant_id)
    return receipt.fields


@router.get("/erasures")
def list_erasures(caller: CallerOf) -> erasure_schemas.ErasureList:
    """List the receipts of what was erased, with the key that verifies them."""
    with caller.writing() as visit:  # the signing key is made when it is first asked for
        ledger = caller.state.ledger
        receipts = ledger.receipts(visit.session, visit.principal)
        public_key = ledger.public_key(visit.session, visit.principal.tenant_id)
    return erasure_schemas.ErasureList(
        public_key=public_key, items=[receipt.fields for receipt in receipts]
    )
