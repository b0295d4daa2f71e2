"""The caller's own conversations."""

from fastapi import APIRouter

from api import schemas
from api.caller import CallerOf
from api.routes.answers import view_answer
from qa.answer import Turn
from security.principal import Verb

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])


@router.get("")
def list_conversations(caller: CallerOf) -> schemas.ConversationList:
    """List the caller's conversations, newest first."""
    with caller.reading() as visit:
        visit.require_scope(Verb.ASK)
        found = caller.state.conversations.list(visit.session, visit.principal)
    items = [schemas.ConversationSummary.model_validate(item) for item in found]
    return schemas.ConversationList(items=items)


@router.get("/{conversation_id}")
def get_conversation(conversation_id: str, caller: CallerOf) -> schemas.Conversation:
    """Return a conversation as the caller may see it now."""
    with caller.reading() as visit:
        found = caller.state.conversations.get(
            visit.session, visit.principal, visit.scope(Verb.ASK), conversation_id
        )
    return schemas.Conversation(
        id=found.id,
        title=found.title,
        created_at=found.created_at,
        turns=[_turn(turn) for turn in found.turns],
    )


@router.delete("/{conversation_id}", status_code=204)
def delete_conversation(conversation_id: str, caller: CallerOf) -> None:
    """Delete a conversation and its key."""
    with caller.writing() as visit:
        visit.require_scope(Verb.ASK)
        caller.state.conversations.delete(visit.session, visit.principal, conversation_id)
    caller.state.forget(caller.state.tenant_id)


def _turn(turn: Turn) -> schemas.Turn:
    return schemas.Turn(
        **view_answer(turn.answer).model_dump(),
        question=turn.question,
        status=turn.status,
        created_at=turn.created_at,
        helpful=turn.helpful,
    )
