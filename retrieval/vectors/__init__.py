"""Indexes over vectors, derived from the chunk rows."""
