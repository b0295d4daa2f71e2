"""Tags that people put on documents."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from ingest.errors import TagsRefused
from ingest.service import changeable
from ingest.settings import UploadLimits
from retrieval.document_keys import document_owner
from retrieval.labels import tag_digest, tidy
from retrieval.tags import replace_tags
from security.audit import AuditLog
from security.keyring import KeyRing
from security.principal import Principal, Verb


class Tagging:
    """Sets a document's tags, with an audit entry. Searches know them at once."""

    def __init__(self, keyring: KeyRing, audit: AuditLog, limits: UploadLimits) -> None:
        self._keyring = keyring
        self._audit = audit
        self._limits = limits

    def set(
        self, session: Session, principal: Principal, document_id: str, labels: Sequence[str]
    ) -> None:
        """Give a document these tags in place of those it has; equal ones count once.

        Raises:
            NotFound, Forbidden: the caller may not see it, or not edit there.
            TagsRefused: too many, or one is empty or too long.
        """
        row = changeable(session, principal, document_id, Verb.EDIT)
        keys = self._keyring.tenant(session, row.tenant_id)
        tags = {tag_digest(keys, label): label for label in map(self._checked, labels)}
        if len(tags) > self._limits.tags_max:
            raise TagsRefused
        cipher = self._keyring.cipher(session, row.tenant_id, document_owner(row.id))
        replace_tags(session, cipher, row, tags)
        details = {"tags": sorted(tags.values())}
        self._audit.record(
            session,
            principal.tenant_id,
            principal.user_id,
            "document.tags",
            row.id,
            details=details,
        )

    def _checked(self, label: str) -> str:
        tag = tidy(label)
        if not tag or len(tag) > self._limits.tag_characters_max:
            raise TagsRefused
        return tag
