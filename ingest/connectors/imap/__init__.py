"""Mailboxes as sources: any server that speaks IMAP4rev1 (RFC 3501) over TLS (RFC 8314)."""
