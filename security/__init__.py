"""Who asks, what they may do, keys and encryption, tokens, the audit log."""
