"""The command line: run the server, or use one from a terminal."""

from api.cli.main import main

__all__ = ["main"]
