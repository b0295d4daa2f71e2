"""Data sets, metrics and reports that say how well retrieval and answers work."""
