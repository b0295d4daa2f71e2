"""Sign-in through OpenID Connect providers, with us as the back end: no token reaches a browser.

`sign_in` begins and ends a sign-in, `sessions` keeps what it started confirmed by the provider,
`logout` ends it on the provider's word. Under them: `provider` (what we know of one), `keys`,
`id_token`, `token_endpoint`, `claims` (what its claims grant), `accounts` (who that is here).
"""
