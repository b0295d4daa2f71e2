"""Adapters of the generator port."""
