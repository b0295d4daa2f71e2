"""The command line: run the server, or use one from a terminal."""

import os

# Before torch is imported: its threads must sleep, not spin, while they wait for each other. On a
# busy machine spinning made the model four to ten times slower (see benchmarks/engine.py).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from api.cli.main import main

__all__ = ["main"]
