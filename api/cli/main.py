"""The commands' list, and what every command does with an error."""

import sys
from collections.abc import Callable, Mapping

import typer
from rich.console import Console

from api.cli import account, ask, ingest, queue, search
from api.cli.client import ClientError

CLIENT_COMMANDS: Mapping[str, Callable[..., None]] = {
    "login": account.login,
    "logout": account.logout,
    "ingest": ingest.ingest,
    "search": search.search,
    "ask": ask.ask,
}
_QUEUE = "queue"


def main() -> None:
    """Run a command; an error is one clear line on standard error and exit status 1."""
    app = typer.Typer(
        name="sourcebook",
        help="Ask your organisation's documents; every claim points to its source.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for name, command in CLIENT_COMMANDS.items():
        app.command(name)(command)
    app.add_typer(queue.app, name=_QUEUE)
    if sys.argv[1:2] and sys.argv[1] in {*CLIENT_COMMANDS, _QUEUE}:
        _run(app)
        return
    # The server's libraries take seconds to load, which a client need not wait for.
    from api.cli.server_commands import add_to, in_words  # noqa: PLC0415
    from api.observability.logs import configure_logs  # noqa: PLC0415

    configure_logs("warning")  # on standard error: standard output is for what the command says
    add_to(app)
    _run(in_words(app))


def _run(command: Callable[[], None]) -> None:
    try:
        command()
    except (ClientError, LookupError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
