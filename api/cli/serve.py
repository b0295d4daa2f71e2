"""Run the server: everything at once (`serve`), or one process each for a larger installation."""

import gc
import signal
import socket
import sys
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.panel import Panel

from api.app import create_app
from api.cli.bars import bar_of_each_pass
from api.cli.models import fetch_default
from api.data_lock import locked
from api.first_start import FirstStart, prepare
from api.generator import open_generator
from api.observability.logs import configure_logs, log
from api.observability.metrics import Metrics
from api.settings import Settings, unknown_variables
from api.state import State
from api.stop_event import stop_event
from api.wiring import build_state
from api.worker import run
from api.worker_processes import WorkerProcesses

STOP_SECONDS_MAX = 10


def serve() -> None:
    """Start the server with its workers; the first start sets everything up."""
    settings, console = _settings(), Console()
    # uvicorn raises the signal that stopped it once more; the default action would end this process
    # before its workers have stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with locked(settings.data):
        _refuse_taken_port(settings)
        fetch_default(settings, console)
        _welcome(console, prepare(settings, _ask_password))
        workers = WorkerProcesses(settings.workers)
        workers.start()
        try:
            _run_api(settings, console)
        finally:
            workers.stop()


def api() -> None:
    """Start only the HTTP server; workers and migrations run elsewhere."""
    settings = _settings()
    _run_api(settings, Console())


def worker(
    name: Annotated[str, typer.Option(help="Name of its own among all workers.")] = "worker",
    attached: Annotated[  # noqa: FBT002 - typer makes a flag of it
        bool, typer.Option("--attached", hidden=True, help="End with standard input.")
    ] = False,
) -> None:
    """Start only an ingestion worker."""
    settings = _settings()
    run(settings, name, stop_event(attached=attached))


def migrate() -> None:
    """Create or upgrade the database, its keys and the first administrator, then end."""
    settings = _settings()
    _welcome(Console(), prepare(settings, _ask_password))


def _settings() -> Settings:
    settings = Settings()
    configure_logs(settings.log_level)
    for name in unknown_variables():
        log.warning("unknown_setting", variable=name)
    return settings


def _run_api(settings: Settings, console: Console) -> None:
    def build(metrics: Metrics) -> State:
        with bar_of_each_pass("Preparing the model", console) as progress:
            generator = open_generator(settings, progress)
        state = build_state(settings, generator, metrics)
        # What stays loaded would else be looked through again and again: 4 % of a search's time.
        gc.collect()
        gc.freeze()
        address = settings.public_url or f"http://{settings.host}:{settings.port}"
        console.print(f"Sourcebook is ready at {address}", style="green", highlight=False)
        return state

    config = uvicorn.Config(
        create_app(settings, build),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=settings.connections_max,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise typer.Exit(1)


def _refuse_taken_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            message = (
                f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}. "
                "Choose another with SOURCEBOOK_PORT or SOURCEBOOK_HOST."
            )
            raise LookupError(message) from error


def _ask_password() -> str | None:
    if not sys.stdin.isatty():
        return None
    prompt = "Password for the first administrator (leave empty to have one made)"
    answer = typer.prompt(prompt, default="", hide_input=True, show_default=False)
    return str(answer) or None


def _welcome(console: Console, start: FirstStart | None) -> None:
    if start is None:
        return
    lines = [f"Sign in as [bold]{start.admin_name}[/bold]"]
    if start.password:
        lines += [f"with the password [bold]{start.password}[/bold]", "It is shown only now."]
    console.print(Panel("\n".join(lines), title="First start", expand=False), highlight=False)
