"""Weights rounded to 8, 5 or 4 bits in groups of 32."""
