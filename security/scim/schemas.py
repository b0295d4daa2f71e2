"""What this server can do with SCIM, in SCIM's own words (RFC 7643, sections 5 to 7)."""

from collections.abc import Mapping
from typing import Any, Final

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
_CONFIG: Final = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_RESOURCE_TYPE: Final = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Schema"


def service_provider_config(page_items_max: int) -> dict[str, Any]:
    """Return what is supported (RFC 7643, section 5)."""
    no = {"supported": False}
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": page_items_max},
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Provisioning token",
                "description": "A token that an administrator of Sourcebook made for provisioning.",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig"},
    }


def _attribute(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
        **more,
    }


_EXTERNAL_ID = _attribute("externalId", caseExact=True, uniqueness="server")
_NAME = [_attribute(name) for name in ("formatted", "familyName", "givenName")]
_EMAIL = [_attribute("value"), _attribute("type"), _attribute("primary", "boolean")]
_MEMBER = [
    _attribute("value", caseExact=True, mutability="immutable"),
    _attribute("display", mutability="readOnly"),
]

SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    USER: {
        "id": USER,
        "schemas": [_SCHEMA],
        "name": "User",
        "description": "A person who may sign in.",
        "attributes": [
            _attribute("userName", required=True, uniqueness="server"),
            _EXTERNAL_ID,
            _attribute("active", "boolean"),
            _attribute("displayName"),
            _attribute("name", "complex", subAttributes=_NAME),
            _attribute("emails", "complex", multiValued=True, subAttributes=_EMAIL),
        ],
        "meta": {"resourceType": "Schema"},
    },
    GROUP: {
        "id": GROUP,
        "schemas": [_SCHEMA],
        "name": "Group",
        "description": "People who are given rights together.",
        "attributes": [
            _attribute("displayName", required=True, uniqueness="server"),
            _EXTERNAL_ID,
            _attribute("members", "complex", multiValued=True, subAttributes=_MEMBER),
        ],
        "meta": {"resourceType": "Schema"},
    },
}

RESOURCE_TYPES: Final[Mapping[str, dict[str, Any]]] = {
    name: {
        "schemas": [_RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "schema": schema,
        "meta": {"resourceType": "ResourceType"},
    }
    for name, schema in (("User", USER), ("Group", GROUP))
}
