"""The one way out: an HTTP client that a hostile address cannot turn against our own network.

Whatever fetches an address that somebody may have chosen (identity providers, introspection, key
sets, webhooks, connectors) uses it:

    with outbound_client(settings.security.outbound) as http:
        document = http.get("https://login.example.com/.well-known/openid-configuration").json()

It is a `httpx.Client`, so Authlib can be given its transport too. Redirects are off; a
GET may ask for them (`follow_redirects=True`), and each hop is checked like the first. For a larger
or slower download, hand in `settings.model_copy(update={"response_bytes_max": ...})`. Every
failure, of policy or of the network, is an `OutboundFailed`.

What does not speak HTTP asks `outbound_stream` for a TLS connection, under the same guard.

Addresses that an operator alone can choose (the model's server, the embedding server, S3) are not
fetched through it: they are meant to be internal.
"""

from security.outbound.addresses import is_public
from security.outbound.network import Resolve, system_resolve
from security.outbound.streams import outbound_stream
from security.outbound.transport import (
    GuardedTransport,
    OutboundClient,
    outbound_client,
    translated,
)

__all__ = [
    "GuardedTransport",
    "OutboundClient",
    "Resolve",
    "is_public",
    "outbound_client",
    "outbound_stream",
    "system_resolve",
    "translated",
]
