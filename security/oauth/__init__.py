"""OAuth 2: service accounts, our own token endpoint, and access tokens from other issuers."""
