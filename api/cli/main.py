"""The commands' list, and what every command does with an error."""

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from api.cli import account, ask, index, ingest, models, search, serve
from api.cli.client import ClientError
from api.problems import OUR_ERRORS

app = typer.Typer(
    name="sourcebook",
    help="Ask your organisation's documents; every claim points to its source.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("api")(serve.api)
app.command("worker")(serve.worker)
app.command("migrate")(serve.migrate)
app.command("login")(account.login)
app.command("logout")(account.logout)
app.command("ingest")(ingest.ingest)
app.command("search")(search.search)
app.command("ask")(ask.ask)
app.add_typer(models.app, name="models")
app.add_typer(index.app, name="index")


def main() -> None:
    """Run a command; an error is one clear line on standard error and exit status 1."""
    try:
        app()
    except ValidationError as error:
        _fail(_settings_error(error))
    except (ClientError, LookupError, *OUR_ERRORS) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _settings_error(error: ValidationError) -> str:
    lines = [
        f"  SOURCEBOOK_{'__'.join(map(str, item['loc'])).upper()}: {item['msg']}"
        for item in error.errors(include_input=False)
    ]
    return "\n".join(("These settings are not valid:", *lines))


def _fail(message: str) -> None:
    Console(stderr=True).print(message, style="red", markup=False, highlight=False)
    sys.exit(1)
