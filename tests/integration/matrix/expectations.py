"""What each route asks of its caller, as `docs/security.md` and `docs/api.md` say it.

Written by hand and apart from the product: the roles' verbs too are said once more here.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

ALL_VERBS = frozenset(["read", "ask", "upload", "edit", "share", "administer", "audit"])
ROLES = {
    "reader": frozenset({"read", "ask"}),
    "editor": frozenset({"read", "ask", "upload", "edit"}),
    "owner": ALL_VERBS,
    "auditor": frozenset({"audit"}),
}

Place = Literal[
    "public",  # needs no sign-in
    "signed in",  # everybody, and each sees their own
    "sign out",  # everybody, but for a token that is none of the API's
    "own",  # a thing that nobody but its owner has to do with
    "tenant",  # the verb in the whole tenant
    "somewhere",  # the verb in any place
    "collection",  # the verb in the collection of the path
    "document",  # reading the document, and the verb in its collection
    "directory",  # a provisioning token
]


@dataclass(frozen=True, slots=True)
class Expectation:
    """`verb` ("share", "read and ask", "administer or audit") is needed at `place`.

    `ok` is the status for whoever may.

    `scope` is asked of access tokens before anything is looked up; `in_person` routes take no
    access token at all. `lasts` are changes of more than one transaction: they are not undone.
    """

    place: Place
    verb: str = ""
    ok: int = 200
    body: Any = None
    form: dict[str, str] | None = None
    query: dict[str, str] | None = None
    scope: str | None = None
    in_person: bool = False
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the verbs in the whole tenant, and in the collection that the paths name.

    `scopes` is None for a person in a browser. Who is `elsewhere` has them in another tenant.
    """

    name: str
    headers: dict[str, str]
    tenant: frozenset[str] = frozenset()
    here: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    kind: Literal["account", "nobody", "directory"] = "account"
    elsewhere: bool = False


def expected_status(caller: Caller, route: Expectation, *, names_a_thing: bool) -> int:
    """Say how a route answers a caller who names things that exist in our tenant."""
    if route.place == "public":
        return route.ok
    if route.place == "directory":
        return route.ok if caller.kind == "directory" else 401
    if route.place == "sign out":
        return 401 if caller.kind == "directory" else route.ok
    if caller.kind != "account":
        return 401
    refused = _by_token(caller, route) or _at_place(caller, route)
    if refused:
        return refused
    return 404 if caller.elsewhere and names_a_thing else route.ok


def _by_token(caller: Caller, route: Expectation) -> int | None:
    if caller.scopes is None:
        return None
    return 403 if route.in_person or (route.scope and route.scope not in caller.scopes) else None


def _at_place(caller: Caller, route: Expectation) -> int | None:
    here = frozenset[str]() if caller.elsewhere else caller.here
    match route.place:
        case "tenant":
            return None if _holds(caller.tenant, route) else 403
        case "somewhere":
            return None if _holds(caller.tenant | caller.here, route) else 403
        case "collection":
            return 404 if not here else None if _holds(here, route) else 403
        case "document":
            return 404 if "read" not in here else None if _holds(here, route) else 403
        case "own":
            return None if caller.name == "reader" else 404
    return None


def _holds(verbs: frozenset[str], route: Expectation) -> bool:
    return any(set(one.split(" and ")) <= verbs for one in route.verb.split(" or "))


PASSWORD = "a long password for tests"
_LISTS: dict[str, list[str]] = {"allow": ["role:owner"], "deny": []}
_READER = {"role": "reader"}
_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # RFC 7515, A.3.1
RUN = {
    "name": "run",
    "dataset": "questions",
    "dataset_digest": "0",
    "at": "2026-11-22T00:00:00Z",
    "subject": {},
    "results": [{"id": "1", "language": "en", "answerable": True, "measures": {"ndcg@10": 1}}],
}
SOURCE = {"config": {"kind": "web", "url": "http://127.0.0.1:9/"}}
SCIM_USER = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "new"}
SCIM_GROUP = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "new"}
_PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "path": "externalId", "value": "another"}],
}

PUBLIC = Expectation("public")
SIGNED_IN = Expectation("signed in")
OWN = Expectation("own", ok=204)
ADMINISTER = Expectation("tenant", "administer")
GONE = replace(ADMINISTER, ok=204)
IN_PERSON = replace(GONE, in_person=True)
GIVES_READER = replace(GONE, verb="administer and read and ask", body=_READER)
"""Nobody gives away more than they may do themselves."""
SHARE = Expectation("collection", "share", ok=204)
READ = Expectation("document", "read", scope="read")
AUDIT = Expectation("tenant", "audit")
SCIM = Expectation("directory")
NO_PROVIDER = Expectation("public", ok=404)
"""Without a provider; signing in through one is tested in `tests/integration/identity`."""

EXPECTED: dict[str, Expectation] = {
    "GET /v1/session": SIGNED_IN,
    "POST /v1/session": replace(PUBLIC, body={"name": "admin", "password": PASSWORD}),
    "DELETE /v1/session": Expectation("sign out", ok=204),
    "PUT /v1/session/password": Expectation(
        "signed in", ok=204, body={"current": PASSWORD, "new": "another long one"}, in_person=True
    ),
    "GET /v1/sign-in": PUBLIC,
    "POST /v1/sign-in/{provider}": replace(NO_PROVIDER, body={}),
    "GET /v1/sign-in/{provider}/callback": NO_PROVIDER,
    "GET /v1/sign-in/{provider}/sign-out": NO_PROVIDER,
    "POST /v1/sign-in/{provider}/back-channel-logout": replace(
        NO_PROVIDER, form={"logout_token": "x"}
    ),
    "GET /v1/users": ADMINISTER,
    "POST /v1/users": replace(ADMINISTER, ok=201, body={"name": "new", "password": PASSWORD}),
    "DELETE /v1/users/{user_id}": GONE,
    "PUT /v1/users/{user_id}/password": replace(IN_PERSON, body={"password": PASSWORD}),
    "PUT /v1/users/{user_id}/role": GIVES_READER,
    "DELETE /v1/users/{user_id}/role": GONE,
    "GET /v1/users/{user_id}/export": replace(ADMINISTER, verb="administer and audit"),
    "POST /v1/users/{user_id}/erasure": ADMINISTER,
    "GET /v1/erasures": replace(ADMINISTER, verb="administer or audit"),
    "GET /v1/groups": ADMINISTER,
    "POST /v1/groups": replace(ADMINISTER, ok=201, body={"name": "new"}),
    "PUT /v1/groups/{group_id}": replace(GONE, body={"name": "new"}),
    "DELETE /v1/groups/{group_id}": GONE,
    "GET /v1/groups/{group_id}/members": ADMINISTER,
    "PUT /v1/groups/{group_id}/members/{user_id}": replace(GIVES_READER, body=None),
    "DELETE /v1/groups/{group_id}/members/{user_id}": GONE,
    "PUT /v1/groups/{group_id}/role": GIVES_READER,
    "DELETE /v1/groups/{group_id}/role": GONE,
    "GET /v1/tokens": SIGNED_IN,
    "POST /v1/tokens": Expectation(
        "signed in",
        ok=201,
        body={"name": "new", "scopes": ["read"], "expires_in_days": 1},
        in_person=True,
    ),
    "DELETE /v1/tokens/{token_id}": OWN,
    "GET /v1/service-accounts": ADMINISTER,
    "POST /v1/service-accounts": replace(
        IN_PERSON, ok=201, body={"name": "new", "expires_in_days": 1}
    ),
    "DELETE /v1/service-accounts/{account_id}": IN_PERSON,
    "POST /v1/service-accounts/{account_id}/secret": replace(IN_PERSON, ok=201),
    "PUT /v1/service-accounts/{account_id}/key": replace(IN_PERSON, body=_KEY),
    "PUT /v1/service-accounts/{account_id}/role": GIVES_READER,
    "DELETE /v1/service-accounts/{account_id}/role": GONE,
    "POST /oauth2/token": replace(PUBLIC, ok=401, form={"grant_type": "client_credentials"}),
    "GET /oauth2/jwks": PUBLIC,
    "GET /.well-known/oauth-authorization-server": PUBLIC,
    "GET /v1/scim-tokens": ADMINISTER,
    "POST /v1/scim-tokens": replace(IN_PERSON, ok=201, body={"name": "new", "expires_in_days": 1}),
    "DELETE /v1/scim-tokens/{token_id}": GONE,
    "GET /v1/collections": SIGNED_IN,
    "POST /v1/collections": Expectation("tenant", "edit", ok=201, body={"name": "new"}),
    "DELETE /v1/collections/{collection_id}": Expectation("collection", "administer", ok=204),
    "GET /v1/collections/{collection_id}/members": replace(SHARE, ok=200),
    "PUT /v1/collections/{collection_id}/members/{user_id}": replace(
        SHARE, verb="share and read and ask", body=_READER
    ),
    "DELETE /v1/collections/{collection_id}/members/{user_id}": SHARE,
    "PUT /v1/collections/{collection_id}/groups/{group_id}": replace(
        SHARE, verb="share and read and ask", body=_READER
    ),
    "DELETE /v1/collections/{collection_id}/groups/{group_id}": SHARE,
    "GET /v1/collections/{collection_id}/permissions": replace(SHARE, ok=200),
    "PUT /v1/collections/{collection_id}/permissions": replace(
        SHARE, ok=200, verb="share and read and ask", body=_LISTS
    ),
    "POST /v1/documents": Expectation(
        "collection", "upload", ok=202, form={"collection": "{collection_id}"}, scope="upload"
    ),
    "GET /v1/documents": replace(SIGNED_IN, scope="read"),
    "GET /v1/documents/{document_id}": READ,
    "GET /v1/documents/{document_id}/content": READ,
    "GET /v1/documents/{document_id}/view": READ,
    "GET /v1/documents/{document_id}/text": READ,
    "GET /v1/documents/{document_id}/permissions": Expectation("document", "share"),
    "PUT /v1/documents/{document_id}/permissions": Expectation(
        "document", "share and read and ask", body=_LISTS
    ),
    "PUT /v1/documents/{document_id}/tags": Expectation(
        "document", "edit", body={"tags": ["legal"]}
    ),
    "POST /v1/documents/{document_id}/retry": Expectation("document", "upload", ok=409),
    "POST /v1/documents/{document_id}/cancel": Expectation("document", "upload", ok=409),
    "GET /v1/queue": replace(SIGNED_IN, scope="read"),
    "POST /v1/queue/retry": replace(SIGNED_IN, scope="upload", ok=202, body={}),
    "DELETE /v1/documents/{document_id}": Expectation("document", "edit", ok=204),
    "POST /v1/search": replace(SIGNED_IN, scope="read", body={"query": "lantern"}),
    "POST /v1/search/facets": replace(SIGNED_IN, scope="read", body={}),
    "POST /v1/answers": replace(SIGNED_IN, scope="ask", body={"question": "Why?"}, lasts=True),
    "PUT /v1/answers/{answer_id}/feedback": replace(OWN, scope="ask", body={"helpful": True}),
    "GET /v1/conversations": replace(SIGNED_IN, scope="ask"),
    "GET /v1/conversations/{conversation_id}": replace(OWN, ok=200, scope="ask"),
    "DELETE /v1/conversations/{conversation_id}": replace(OWN, scope="ask"),
    "GET /v1/evaluations": ADMINISTER,
    "POST /v1/evaluations": replace(ADMINISTER, ok=201, body=RUN),
    "GET /v1/evaluations/comparison": replace(
        ADMINISTER, query={"before": "{evaluation_id}", "after": "{evaluation_id}"}
    ),
    "GET /v1/evaluations/live": ADMINISTER,
    "GET /v1/evaluations/{evaluation_id}": ADMINISTER,
    "DELETE /v1/evaluations/{evaluation_id}": GONE,
    "GET /v1/collections/{collection_id}/sources": Expectation("collection", "edit"),
    "POST /v1/collections/{collection_id}/sources": Expectation(
        "collection", "administer", ok=201, body=SOURCE
    ),
    "GET /v1/sources/{source_id}": Expectation("collection", "edit"),
    "PATCH /v1/sources/{source_id}": Expectation(
        "collection", "administer", body={"is_paused": True}
    ),
    "POST /v1/sources/{source_id}/sync": Expectation("collection", "edit", ok=202),
    "DELETE /v1/sources/{source_id}": Expectation("collection", "administer", ok=204),
    "GET /v1/directory": Expectation("somewhere", "share", query={"query": "e"}),
    "GET /v1/audit/entries": AUDIT,
    "GET /v1/audit/entries/{index}": AUDIT,
    "GET /v1/audit/entries/{index}/proof": AUDIT,
    "GET /v1/audit/consistency": replace(AUDIT, query={"first": "1"}),
    "GET /v1/audit/checkpoints": AUDIT,
    "GET /v1/audit/state": AUDIT,
    "POST /v1/audit/verification": AUDIT,
    "GET /v1/audit/export": AUDIT,
    "GET /v1/about": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /scim/v2/ServiceProviderConfig": SCIM,
    "GET /scim/v2/ResourceTypes": SCIM,
    "GET /scim/v2/ResourceTypes/{name}": SCIM,
    "GET /scim/v2/Schemas": SCIM,
    "GET /scim/v2/Schemas/{name}": replace(SCIM, ok=404),  # their names are URNs, not "User"
    "GET /scim/v2/Users": SCIM,
    "POST /scim/v2/Users": replace(SCIM, ok=201, body=SCIM_USER),
    "GET /scim/v2/Users/{user_id}": SCIM,
    "PUT /scim/v2/Users/{user_id}": replace(SCIM, body=SCIM_USER),
    "PATCH /scim/v2/Users/{user_id}": replace(SCIM, body=_PATCH),
    "DELETE /scim/v2/Users/{user_id}": replace(SCIM, ok=204),
    "GET /scim/v2/Groups": SCIM,
    "POST /scim/v2/Groups": replace(SCIM, ok=201, body=SCIM_GROUP),
    "GET /scim/v2/Groups/{group_id}": SCIM,
    "PUT /scim/v2/Groups/{group_id}": replace(SCIM, body=SCIM_GROUP),
    "PATCH /scim/v2/Groups/{group_id}": replace(SCIM, body=_PATCH),
    "DELETE /scim/v2/Groups/{group_id}": replace(SCIM, ok=204),
}
