"""Erasing for good, and proving it: receipts of destroyed keys."""
